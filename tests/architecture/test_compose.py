"""docker-compose.yml against the code: no engine runs where the tests do, so it is read instead."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import resolve

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "cstraject"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()

# Not read by our settings, but by what is started; each with the reader.
READ_BY_OTHERS = {
    "DJANGO_SETTINGS_MODULE": "Django",
    "OWNER_DATABASE_URL": "manage.py, for migrate",
    "POSTGRES_DB": "the image of PostgreSQL",
    "POSTGRES_PASSWORD": "the image of PostgreSQL",
    "POSTGRES_INITDB_ARGS": "the image of PostgreSQL",
    "OWNER_DB_PASSWORD": "config/postgres-init.sh",
    "WEB_DB_PASSWORD": "config/postgres-init.sh",
    "PORTAL_DB_PASSWORD": "config/postgres-init.sh",
    "REDISCLI_AUTH": "redis-cli, for the health check",
}


def settings_source() -> str:
    return "".join(path.read_text() for path in (ROOT / "config" / "settings").glob("*.py"))


def commands() -> list[tuple[str, list[str]]]:
    """Every command of ours: of the services, and the one that the image starts by default."""
    default = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert default
    return [(name, s.get("command") or yaml.safe_load(default[1])) for name, s in OURS.items()]


def test_the_services_are_those_that_the_system_needs() -> None:
    assert set(OURS) == {"portal", "office", "worker", "beat", "migrate"}
    assert set(SERVICES) == set(OURS) | {"proxy", "postgres", "redis"}


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: str(value)[:20])
def test_a_command_starts_something_that_exists(name: str, command: list[str]) -> None:
    match command:
        case ["gunicorn", module, *_]:
            assert callable(importlib.import_module(module).application)
        case ["celery", "-A", module, ("worker" | "beat"), *_]:
            assert importlib.import_module(module).app.main
        case ["python", "manage.py", command, "--noinput"]:
            assert command == "migrate"
        case _:
            pytest.fail(f"{name} starts {command}, which this test does not know")


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_read_by_somebody(name: str) -> None:
    source = settings_source()
    for variable in SERVICES[name].get("environment", {}):
        read = re.search(rf'env(\.\w+)?\("{variable}"', source)
        assert read or variable in READ_BY_OTHERS, f"nobody reads {variable} of {name}"


@pytest.mark.parametrize("name", OURS)
def test_production_gets_every_variable_that_it_cannot_do_without(name: str) -> None:
    source = (ROOT / "config" / "settings" / "prod.py").read_text()
    needed = set(re.findall(r'env(?:\.\w+)?\("(\w+)"\)', source))
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= needed
    given = OURS[name]["environment"]
    if "backoffice" not in given["DOORS"]:
        needed -= {"EMAIL_URL"}  # The worker sends; the portal only posts.
    assert needed <= set(given)
    assert given["DJANGO_SETTINGS_MODULE"] == "config.settings.prod"


def test_the_owner_signs_in_for_migrations_alone() -> None:
    with_owner = {name for name in OURS if "OWNER_DATABASE_URL" in OURS[name]["environment"]}
    assert with_owner == {"migrate"}
    script = (ROOT / "config" / "postgres-init.sh").read_text()
    for login in ("cst_owner", "cst_web", "cst_portal"):
        assert f"CREATE ROLE {login} LOGIN" in script


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for variable in re.findall(r"\$\{([^}]*)\}", text):
        insists = re.fullmatch(r"[A-Z_]+:\?.+", variable)
        # Without these there is no signing in by ACM/IDM.
        assert insists or re.fullmatch(r"(ACMIDM_[A-Z_]+|DATABASE_KEY_BEFORE):-", variable), (
            variable
        )
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("KEY$|PASSWORD|AUTH|URL", variable):
                assert ":?" in value, f"{variable} of {name} is written out"


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_nor_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).partition(":")[0] not in ("", "0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_the_image_runs_as_the_user_that_the_services_name() -> None:
    uid = re.search(r"--uid (\d+)", DOCKERFILE)
    assert uid
    assert {service["user"] for service in OURS.values()} == {f"{uid[1]}:{uid[1]}"}
    assert re.search(r"^USER cstraject$", DOCKERFILE, re.MULTILINE)


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert {name for name in SERVICES if "outside" in SERVICES[name]["networks"]} == {"proxy"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    reach_out = {name for name in SERVICES if "outward" in SERVICES[name]["networks"]}
    assert reach_out == {"portal", "office", "worker"}


def test_the_health_checks_ask_what_exists() -> None:
    for name in ("portal", "office"):
        assert OURS[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "config.health"]
    source = (ROOT / "config" / "health.py").read_text()
    address = re.search(r'"http://127\.0\.0\.1:(\d+)(/[^"]*)"', source)
    assert address
    assert resolve(address[2]).func.__name__ == "health"
    assert f"--bind=0.0.0.0:{address[1]}" in DOCKERFILE
    assert (
        f"proxy_pass http://$service:{address[1]};" in (ROOT / "config" / "nginx.conf").read_text()
    )
    for name in ("worker", "postgres", "redis"):
        assert SERVICES[name]["healthcheck"]["test"]


def test_volumes_and_mounted_files_exist() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).is_file(), f"{volume} of {name}"
            elif not volume.startswith("$"):
                assert volume.split(":")[0] in COMPOSE["volumes"], f"{volume} of {name}"
    assert OURS["office"]["environment"]["DOCUMENTS_DIR"] in DOCKERFILE


def test_what_the_portal_holds_does_not_open_the_back_office() -> None:
    portal, office = (OURS[name]["environment"] for name in ("portal", "office"))
    assert (portal["DOORS"], office["DOORS"]) == ("portal,api", "backoffice")
    assert "cst_portal:" in portal["DATABASE_URL"]
    for secret in ("SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS"):
        assert portal[secret] != office[secret]
    assert OURS["portal"]["volumes"] == ["documents:/documents"]
    assert "agency:/documents/agency" in OURS["worker"]["volumes"]
    assert "OFFICE" not in str(portal)
    assert "WEB_DB" not in str(portal)
