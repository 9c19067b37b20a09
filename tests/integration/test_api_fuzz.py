"""The API is knocked at with all that its own description allows, and with what it does not.

Schemathesis makes the requests from the published description, always the same ones; a real key
opens the door. Nothing fails, every answer is one that is described, what is not as described is
turned away, and nothing of another tenant is told.
"""

from collections.abc import Callable
from uuid import uuid4

import hypothesis
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from apps.documents.services import note_document_held_elsewhere
from apps.providers.scope import across_providers
from tests import tenants
from tests.conftest import own_database
from tests.integration.test_api_schema import operations

AS_DESCRIBED = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
EXAMPLES = 12
OPERATIONS = [(path, method) for path, method, _ in operations()]
settings = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def world(servers, template, django_db_setup, django_db_blocker):
    """Two tenants with their histories; some documents of north that no dossier names yet."""
    with own_database(servers, template, django_db_blocker) as name:
        world = tenants.make_world(servers.database_url("postgres", name))
        with transaction.atomic(), across_providers():
            world.papers = [_paper(world.north, kind) for kind in ("offer", "declaration")]
        yield world
        connection.close()


def _paper(tenant: tenants.Tenant, kind: str) -> str:
    paper = note_document_held_elsewhere(
        provider_id=tenant.provider.pk,
        kind=kind,
        name=kind,
        held_at="elders",
        actor=tenant.people["coach"],
        at=tenants.NOW,
    )
    return str(paper.pk)


@pytest.fixture(autouse=True)
def _at_a_fixed_moment(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: tenants.NOW)


@pytest.fixture(scope="module")
def described(world):
    """The description as it is served, by the application as it is served."""
    return schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())


def cases(described, path: str, method: str, mode: GenerationMode) -> st.SearchStrategy:
    return described[path][method.upper()].as_strategy(generation_mode=mode)


def aimed(case, world: tenants.World, draw: Callable) -> None:
    """At north, at a dossier that is there, somebody else's or nobody's; else all would be 404."""
    typed, strange = world.north.typed, world.south.typed
    case.path_parameters["provider"] = world.north.slug
    if "dossier" in case.path_parameters:
        places = [typed["submitted"], typed["approved"], typed["started"], strange["started"]]
        case.path_parameters["dossier"] = draw(st.sampled_from([*places, str(uuid4())]))
    if "number" in case.path_parameters:
        numbers = [tenants.REGISTERED, tenants.SHARED]
        case.path_parameters["number"] = draw(
            st.sampled_from([*numbers, case.path_parameters["number"]])
        )
    if isinstance(case.body, dict) and "offer" in case.body:
        offers = [world.papers[0], strange["offer"], case.body["offer"]]
        case.body["offer"] = draw(st.sampled_from(offers))
        case.body["declaration"] = draw(st.sampled_from([world.papers[1], case.body["offer"]]))


def is_wrong_in_what_it_sends(case) -> bool:
    """Whether the body, or the query where there is one to send, is not as described."""
    sends = {ParameterLocation.BODY}
    if case.operation.query:
        sends.add(ParameterLocation.QUERY)
    parts = case.meta.components.items()
    return any(part.mode is GenerationMode.NEGATIVE for place, part in parts if place in sends)


def ask(case, world: tenants.World, key: str | None):
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    answer = case.call(headers=headers)
    typed = f"{case.path_parameters} {case.body!r} {case.query} {case.headers}"
    told = f"{answer.text} {answer.headers}"
    assert [m for m in world.south.marks if m in told and m not in typed] == []
    return answer


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_described(described, world, path, method, mode):
    met = set()

    @settings
    @given(cases(described, path, method, mode), st.data())
    def knock(case, data):
        # Where what is sent is wrong, the address is not; else what is sent would never be read.
        wrong = is_wrong_in_what_it_sends(case)
        if wrong or mode is GenerationMode.POSITIVE:
            aimed(case, world, data.draw)
        answer = ask(case, world, world.north.key)
        met.add(answer.status_code)
        case.validate_response(answer, checks=AS_DESCRIBED)
        assert not wrong or answer.status_code >= 400

    knock()
    # What is made wrong may be the key as well.
    assert mode is GenerationMode.NEGATIVE or 401 not in met


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_without_a_key_of_ones_own_nothing_opens(described, world, path, method):
    """No key, nonsense, and a key of another tenant: refused whatever is asked."""

    @settings
    @given(cases(described, path, method, GenerationMode.POSITIVE), st.data())
    def knock(case, data):
        aimed(case, world, data.draw)
        for key, status in ((None, 401), ("cst_nonsense", 401), ("\x7f", 401)):
            answer = ask(case, world, key)
            assert answer.status_code == status
            case.validate_response(answer, checks=AS_DESCRIBED)
        case.path_parameters["provider"] = world.south.slug
        answer = case.call(headers={"Authorization": f"Bearer {world.north.key}"})
        assert answer.status_code == 404
        assert answer.json()["code"] == "not-found"

    knock()
