"""The house: what no single test of a deed would notice."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from apps.providers.models import Provider, ProviderGroupObjectPermission
from cstraject import roles
from tests import factories as make
from tests.conftest import ROOT, manage

OURS = [app for app in apps.get_app_configs() if app.name.startswith("apps.")]


def floors() -> dict[str, int]:
    """The floor of each app, read from the import contract itself."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [layers] = [c["layers"] for c in contracts["contracts"] if c["name"].startswith("floors")]
    return {
        app.strip(): -nth
        for nth, floor in enumerate(layers)
        for app in floor.replace(":", "|").split("|")
    }


def test_models_point_down_as_imports_do():
    floor = floors()
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model
        if model._meta.app_label in floor and field.related_model._meta.app_label in floor
        if floor[field.related_model._meta.app_label] > floor[model._meta.app_label]
    ]

    assert len(floor) >= 15
    assert upward == []


def test_every_app_has_its_floor():
    assert {app.label for app in OURS} <= set(floors())


def test_migrations_are_complete(servers, template):
    """Run as the owner, as one would by hand; the doorkeeper may not read what was migrated."""
    told = manage(
        *("makemigrations", "--check", "--dry-run"),
        database=servers.database_url("cst_owner", template),
    )
    assert told.strip() == "No changes detected"


GIVEN = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "x" * 25 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "DATABASE_KEY": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2,
    "ALLOWED_HOSTS": "cstraject.example",
    "DATABASE_URL": "postgresql://cst_web@127.0.0.1:1/cstraject",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PAYER_IBAN": "BE56999000060088",
    "EMAIL_URL": "smtp+tls://user:password@127.0.0.1:587",
    "EMAIL_FROM": "cstraject <noreply@cstraject.example>",
    "AGENCY_MAIL_DOMAINS": "agency.example",
    "PATH": "/usr/bin:/bin",
}


def test_one_key_given_to_two_doors_signs_no_session_of_the_other():
    told = [
        subprocess.run(
            [
                sys.executable,
                "-c",
                "from config.settings.prod import SECRET_KEY; print(SECRET_KEY)",
            ],
            cwd=ROOT,
            env={**GIVEN, "DOORS": doors},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for doors in ("portal,api", "api,portal", "backoffice")
    ]
    assert told[0] == told[1] != told[2]


def test_settings_pass_the_deployment_checks():
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(command, cwd=ROOT, env=GIVEN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    needed = ("SECRET_KEY", "DATABASE_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL")
    for missing in (*needed, "PAYER_IBAN", "EMAIL_URL", "EMAIL_FROM"):
        less = {name: value for name, value in GIVEN.items() if name != missing}
        done = subprocess.run(
            command, cwd=ROOT, env=less, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert missing in done.stderr
    for weaker, why in (
        ({"SECRET_KEY": "x"}, "50 random characters"),
        ({"SECRET_KEY": "x" * 60}, "50 random characters"),
        ({"DATABASE_KEY": "short"}, "50 random characters"),
        ({"SECOND_FACTOR": "off"}, "cannot be switched off"),
    ):
        env = {**GIVEN, **weaker}
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert why in done.stderr


def test_models_have_no_hidden_ways():
    """No ordering behind one's back, no managers that filter, no overridden save, no signals."""
    for model in apps.get_models():
        if model._meta.app_config in OURS:
            assert not model._meta.ordering
            assert "save" not in vars(model)
            assert "delete" not in vars(model)
    signals = [
        path
        for path in (ROOT / "apps").rglob("*.py")
        if "django.dispatch" in path.read_text() or "db.models.signals" in path.read_text()
    ]
    assert signals == []


def test_every_foreign_key_to_a_person_keeps_them():
    for model in apps.get_models():
        if model._meta.app_config not in OURS:
            continue
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model._meta.label == "accounts.User":
                assert field.remote_field.on_delete.__name__ in ("RESTRICT", "PROTECT")


def test_rights_come_from_the_one_declaration():
    assert {code for code, _ in Provider._meta.permissions} == roles.PROVIDER_ACTS
    assert {code for code, _ in apps.get_model("accounts", "User")._meta.permissions} == (
        roles.AGENCY_ACTS
    )


@pytest.mark.usefixtures("agency")
def test_a_group_of_a_provider_has_rights_there_and_nowhere_else():
    one, other = make.make_provider(), make.make_provider()

    for provider in (one, other):
        for role, acts in roles.PROVIDER_ROLES.items():
            group = Group.objects.get(name=f"provider:{provider.slug}:{role}")
            granted = ProviderGroupObjectPermission.objects.filter(group=group)
            assert {g.permission.codename for g in granted} == acts
            assert {g.content_object_id for g in granted} == {provider.pk}
            # A right on the model would be a right on every provider.
            assert not group.permissions.exists()


def test_constraint_names_are_unique_and_all_are_in_the_database(db):
    names = [
        constraint.name
        for model in apps.get_models()
        if model._meta.app_config in OURS
        for constraint in model._meta.constraints
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class "
            "WHERE relkind = 'i'"
        )
        there = {name for (name,) in cursor.fetchall()}

    assert len(names) == len(set(names)) > 60
    assert set(names) <= there


def test_no_top_level_folder_appeared():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    top = {Path(name).parts[0] for name in tracked}

    assert top <= {
        *("cstraject", "apps", "config", "tests", "docs", "demo", ".ci"),
        *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "manage.py"),
        *("Dockerfile", "docker-compose.yml", ".dockerignore", ".gitignore"),
        *("pyproject.toml", "requirements.txt", "requirements-dev.txt", ".env.example"),
    }
