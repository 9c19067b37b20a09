"""Each wall taken down once, and the check that stands guard over it seen to notice.

The checks are those of `test_walls.py` and `test_doors.py` themselves: on a sound world they pass,
on a broken one they raise.
"""

from contextlib import contextmanager

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.urls import get_resolver
from guardian.shortcuts import assign_perm

from apps.accounts.keys import sealed
from apps.portal.views import dossiers
from apps.providers import middleware
from apps.providers.scope import across_providers
from tests.conftest import own_database
from tests.integration import test_doors, test_walls


@pytest.fixture(scope="module")
def worlds(servers, template, django_db_setup, django_db_blocker):
    """The worlds of the two files, made once, to be copied and broken."""
    with own_database(servers, template, django_db_blocker) as walls:
        providers = test_walls.make_two_providers()
        connection.close()
        with own_database(servers, template, django_db_blocker) as doors:
            world = test_doors.make_world()
            connection.close()
            yield {"walls": (walls, providers), "doors": (doors, world)}


@pytest.fixture
def broken(servers, worlds, django_db_blocker):
    """Opens a copy of a world after a statement broke something in it."""

    @contextmanager
    def opened(which: str, statement: str = ""):
        template, world = worlds[which]
        with own_database(servers, template, django_db_blocker) as name:
            if statement:
                with psycopg.connect(servers.database_url("postgres", name)) as link:
                    link.execute(statement)
            yield world

    return opened


def must_notice(check, *given):
    with pytest.raises(AssertionError):
        check(*given)


# ---- Row level security, grants and composite keys -----------------------------------------------


def test_the_checks_pass_where_nothing_is_broken(broken):
    with broken("walls") as (alfa, beta):
        test_walls.must_wall_every_table()
        test_walls.must_see_its_own_rows_alone(alfa, beta)
        test_walls.must_not_point_at_another(alfa, beta)
        test_walls.must_not_read(alfa, "eligibility_workings")


FILLED = set(test_walls.TENANT_TABLES) - test_walls.AGENCY_ALONE - test_walls.EMPTY


@pytest.mark.parametrize("table", sorted(FILLED))
def test_a_policy_that_is_opened_is_noticed(broken, table):
    with broken("walls", f"ALTER POLICY own ON {table} USING (true)") as (alfa, beta):
        must_notice(test_walls.must_see_its_own_rows_alone, alfa, beta)


def test_a_tenant_that_needs_no_seal_is_noticed(broken):
    statement = """
        CREATE OR REPLACE FUNCTION cst_tenant() RETURNS bigint LANGUAGE sql STABLE AS
        $$ SELECT nullif(split_part(current_setting('app.provider', true), '.', 1), '')::bigint $$
    """
    with broken("walls", statement) as (alfa, beta), pytest.raises(pytest.fail.Exception):
        test_walls.must_not_name_another(alfa, beta)


def test_a_policy_that_is_gone_is_noticed(broken):
    with broken("walls", "DROP POLICY own ON dossiers_dossier") as (alfa, beta):
        must_notice(test_walls.must_see_its_own_rows_alone, alfa, beta)


@pytest.mark.parametrize("change", ["DISABLE", "NO FORCE"])
def test_a_wall_that_is_switched_off_is_noticed(broken, change):
    with broken("walls", f"ALTER TABLE claims_claim {change} ROW LEVEL SECURITY"):
        must_notice(test_walls.must_wall_every_table)


@pytest.mark.parametrize("table", sorted(test_walls.AGENCY_ALONE))
def test_a_grant_that_is_too_wide_is_noticed(broken, table):
    with broken("walls", f"GRANT SELECT ON {table} TO cst_provider") as (alfa, _):
        must_notice(test_walls.must_not_read, alfa, table)


def test_a_composite_key_that_is_gone_is_noticed(broken):
    dropped = "ALTER TABLE dossiers_dossier DROP CONSTRAINT dossiers_dossier_contract_id_kin"
    with broken("walls", dropped) as (alfa, beta):
        must_notice(test_walls.must_not_point_at_another, alfa, beta)


@pytest.mark.parametrize("table", ["accounts_user", "mfa_authenticator"])
def test_a_guard_of_secrets_that_is_gone_is_noticed(broken, servers, table):
    for statement, stands in (("", True), (f"DROP TRIGGER guard_secrets ON {table}", False)):
        with broken("walls", statement):
            mine, theirs = test_walls.two_members()
            url = servers.database_url("cst_portal", connection.settings_dict["NAME"])
            given = (mine, theirs, sealed(f"person:{mine.email}"))
            with psycopg.connect(url, autocommit=True) as link:
                if stands:
                    test_walls.must_change_their_own_alone(link, *given)
                else:
                    must_notice(test_walls.must_change_their_own_alone, link, *given)


# ---- Scope, rights and doors ---------------------------------------------------------------------


@pytest.fixture
def _moment(monkeypatch):
    test_doors.at_a_fixed_moment(monkeypatch)


@pytest.mark.usefixtures("_moment")
def test_a_door_that_opens_all_in_place_of_one_is_noticed(broken, monkeypatch):
    with broken("doors") as world:
        test_doors.must_answer_alike(world)
        monkeypatch.setattr(middleware, "inside", lambda provider_id: across_providers())
        must_notice(test_doors.must_answer_alike, world)


@pytest.mark.usefixtures("_moment")
def test_a_door_without_a_scope_is_refused_by_the_database(broken, monkeypatch):
    @contextmanager
    def nowhere(provider_id):
        yield

    with broken("doors") as world:
        monkeypatch.setattr(middleware, "inside", nowhere)
        with pytest.raises(Exception, match="permission denied"):
            test_doors.must_open_to_whom_it_should(world, "get", "portal:overview")


@pytest.mark.usefixtures("_moment")
def test_a_role_that_may_too_much_is_noticed(broken):
    door = ("post", "portal:dossier-withdraw")
    with broken("doors") as world:
        test_doors.must_open_to_whom_it_should(world, *door)
        with transaction.atomic(), across_providers():
            reader = Group.objects.get(name="provider:alfa:reader")
            assign_perm("providers.file_dossiers", reader, world.alfa)
        must_notice(test_doors.must_open_to_whom_it_should, world, *door)


@pytest.mark.usefixtures("_moment")
def test_a_view_that_asks_no_right_is_noticed(broken, monkeypatch):
    """By the table of what each view asks for, and by who is let in."""
    portal = next(
        found
        for found in get_resolver().url_patterns
        if getattr(found, "namespace", None) == "portal"
    )
    [address] = [found for found in portal.url_patterns if found.name == "dossier-withdraw"]
    test_doors.must_need_the_acts_of_the_table()
    monkeypatch.setattr(address, "callback", dossiers.withdraw.__wrapped__)

    must_notice(test_doors.must_need_the_acts_of_the_table)
    with broken("doors") as world:
        door = ("post", "portal:dossier-withdraw")
        must_notice(test_doors.must_open_to_whom_it_should, world, *door)
