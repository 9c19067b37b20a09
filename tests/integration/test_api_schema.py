"""The description of the API is complete and valid, and real answers are as it says."""

import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.validation import validate_schema

from apps.api import fields
from apps.documents.models import FILED_WITH
from tests.factories import facts

ERRORS_OF_A_POST = {"400", "401", "403", "404", "409", "415"}


@cache
def schema() -> dict[str, Any]:
    generated = SchemaGenerator().get_schema(public=True)
    return json.loads(OpenApiJsonRenderer().render(generated))


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    ]


def as_json_schema(part: Any) -> Any:
    """OpenAPI 3.0 in the words of JSON Schema; an object has the fields that it names, no more."""
    if isinstance(part, list):
        return [as_json_schema(item) for item in part]
    if not isinstance(part, dict):
        return part
    told = {
        name: as_json_schema(value)
        for name, value in part.items()
        if name not in ("nullable", "example")
    }
    if isinstance(part.get("properties"), dict):
        told.setdefault("additionalProperties", False)
    return {"anyOf": [told, {"type": "null"}]} if part.get("nullable") is True else told


@cache
def components() -> Any:
    return as_json_schema(schema()["components"])


def must_fit(instance: Any, component: dict[str, Any]) -> None:
    jsonschema.validate(
        instance,
        {**as_json_schema(component), "components": components()},
        cls=jsonschema.Draft202012Validator,
        format_checker=jsonschema.FormatChecker(),
    )


def must_be_as_described(response: Any, method: str) -> None:
    """An answer of the API has a status that is described, and the body described for it."""
    path = response.request["PATH_INFO"]
    described = [
        operation
        for template, verb, operation in operations()
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    assert described, f"{method} {path} is not described"
    answers = described[0]["responses"]
    assert str(response.status_code) in answers, response.content
    content = answers[str(response.status_code)]["content"]["application/json"]
    must_fit(response.json(), content["schema"])


def test_schema_is_made_without_a_warning_or_error(capsys):
    call_command("spectacular", "--fail-on-warn", "--validate", "--format=openapi-json")

    assert json.loads(capsys.readouterr().out)["openapi"] == "3.0.3"


def test_schema_is_served_as_it_is_made(client, db):
    answer = client.get(reverse("schema"), {"format": "json"})

    assert answer.status_code == 200
    assert answer.json() == schema()
    validate_schema(answer.json())


def test_every_address_of_the_door_is_described():
    door = next(
        found for found in get_resolver().url_patterns if getattr(found, "namespace", "") == "api"
    )
    named = {
        "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", f"{door.pattern}{found.pattern}")
        for found in door.url_patterns
        if found.name != "nothing"
    }

    assert named == set(schema()["paths"])


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_an_operation_is_described_in_full(path, method, operation):
    answers = operation["responses"]
    parameters = {(p["in"], p["name"]): p for p in operation["parameters"]}

    assert operation["operationId"]
    assert len(operation["description"]) > 30
    assert operation["security"] == [{"token": []}]
    assert {name for place, name in parameters if place == "path"} == set(
        re.findall(r"\{(\w+)\}", path)
    )
    assert {"401", "403", "404"} <= set(answers)
    assert all(
        answer["content"]["application/json"]["schema"]["$ref"] for answer in answers.values()
    )
    for status, answer in answers.items():
        assert answer["description"]
        is_error = answer["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
        assert is_error == (status >= "400")
    if method == "post":
        assert set(answers) >= ERRORS_OF_A_POST
        assert parameters["header", "Idempotency-Key"]["required"] is True
        assert operation["requestBody"]["required"] is True
    else:
        assert ("header", "Idempotency-Key") not in parameters


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names)) == 12


def test_token_is_the_only_way_in():
    assert schema()["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer"}
    }


def test_facts_are_described_as_they_are_read():
    whole = facts(
        others=[{"number": "1999000150", "name": "Moeder", "periods": []}],
        holdings=[
            {"owner": "1999000150", "owned": "1999000249", "capital_pct": 60, "voting_pct": "60"}
        ],
        equity=None,
        maatwerk_recognition="",
    )

    must_fit(whole, {"$ref": "#/components/schemas/FactsRequest"})
    with pytest.raises(jsonschema.ValidationError):
        must_fit({**whole, "turnover": 1}, {"$ref": "#/components/schemas/FactsRequest"})


def test_kinds_and_forms_of_text_are_those_of_the_programme():
    described = schema()["components"]["schemas"]

    assert described["DocumentKind"]["enum"] == list(FILED_WITH)
    amount = described["FileDossierRequest"]["properties"]["price_excl_vat"]
    assert amount["pattern"] == fields.EUROS
    assert described["FileDossierRequest"]["additionalProperties"] is False


@pytest.mark.parametrize("path", ["/api/", "/api/v2/", "/api/v1/providers/a%20b/contract/"])
def test_an_address_that_no_view_serves_is_told_as_every_error(client, db, path):
    answer = client.get(path)

    assert answer.status_code == 404
    must_fit(answer.json(), {"$ref": "#/components/schemas/Error"})
    assert client.get("/elsewhere/")["Content-Type"].startswith("text/html")
