"""Worked cases of the law: `pytest tests/vectors [--vectors DIR]`.

Every `kmo*.json` and `deminimis*.json` of a folder, case by case, each key of `expected`. What is
not known in a case fails; so does a folder without cases.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from cstraject import cases
from cstraject.reading import Unreadable

HERE = Path(__file__).parent


def cases_in(folder: Path) -> list[Any]:
    files = sorted([*folder.glob("kmo*.json"), *folder.glob("deminimis*.json")])
    if not files:
        raise pytest.UsageError(f"{folder}: no kmo*.json and no deminimis*.json")
    found = []
    for file in files:
        try:
            content = json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise pytest.UsageError(f"{file}: {error}") from None
        listed = isinstance(content, list) and all(isinstance(case, dict) for case in content)
        if not listed or not content:
            raise pytest.UsageError(f"{file}: not a list of cases")
        kind = "kmo" if file.name.startswith("kmo") else "deminimis"
        found += [(kind, f"{file.stem}:{case.get('id')}", case) for case in content]
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        found = cases_in(Path(metafunc.config.getoption("vectors") or HERE))
        metafunc.parametrize(
            ("kind", "case"),
            [(kind, case) for kind, _, case in found],
            ids=[name for _, name, _ in found],
        )


def test_a_case_comes_out_as_the_law_says(kind: str, case: dict[str, Any]) -> None:
    assert cases.kind_of(case) == kind
    assert cases.differences(case) == {}


def first(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{kind}.json").read_text("utf-8"))[0]
    return found


@pytest.mark.parametrize(
    ("kind", "where", "change"),
    [
        ("kmo", (), {"shoe_size": 43}),
        ("kmo", ("enterprise",), {"shoe_size": 43}),
        ("kmo", ("enterprise",), {"headcount": "many"}),
        ("kmo", ("enterprise",), {"awu_components": {"full_time_full_year": 41}}),
        ("kmo", ("enterprise",), {"awu_components": {"robots": 41}}),
        ("kmo", ("entities", "B"), {"kind": "bank"}),
        ("kmo", ("entities", "B"), {"shoe_size": 43}),
        ("kmo", ("entities", "B"), {"included_in_accounts_of": "Z"}),
        ("kmo", ("entities",), {"A": {}}),
        ("kmo", ("relations", 0), {"type": "friendship"}),
        ("kmo", ("relations", 0), {"control": "charm"}),
        ("kmo", ("relations", 0), {"from": "Z"}),
        ("kmo", ("relations", 0), {"voting_pct": "100.01"}),
        ("kmo", (), {"acting_jointly": [["A", "Z"]]}),
        ("kmo", ("expected",), {"mood": "good"}),
        ("kmo", (), {"expected": {}}),
        ("deminimis", (), {"shoe_size": 43}),
        ("deminimis", ("undertaking",), {"member_state": "FR"}),
        ("deminimis", ("undertaking",), {"fiscal_year_first_day": "13-01"}),
        ("deminimis", ("history", 0), {"regulation": "1/1"}),
        ("deminimis", ("history", 0), {"shoe_size": 43}),
        ("deminimis", ("new_grant",), {"sector": "banking"}),
        ("deminimis", ("new_grant",), {"date": "2022-02-30"}),
        ("deminimis", ("new_grant",), {"instalments": [["2022-02-03", "1.00"]]}),
        ("deminimis", (), {"entity_kinds": {"P": "robot"}}),
        ("deminimis", ("expected",), {"mood": "good"}),
    ],
)
def test_what_is_not_known_in_a_case_fails_loudly(
    kind: str, where: tuple[Any, ...], change: dict[str, Any]
) -> None:
    case = first(kind)
    assert cases.differences(case) == {}
    place: Any = case
    for step in where:
        place = place[step]
    place.update(change)

    with pytest.raises(Unreadable):
        cases.differences(case)


@pytest.mark.parametrize(
    ("kind", "key", "wrong"),
    [
        ("kmo", "category", "small"),
        ("kmo", "is_sme", False),
        ("kmo", "headcount", "245.01"),
        ("kmo", "headcount", None),
        ("kmo", "manual_review", True),
        ("deminimis", "ceiling", "300000.00"),
        ("deminimis", "window_start", "2020-01-02"),
        ("deminimis", "register_required", True),
        ("deminimis", "register_deadline", "2022-01-31"),
    ],
)
def test_a_wrong_expectation_is_seen(kind: str, key: str, wrong: Any) -> None:
    case = first(kind)
    case["expected"][key] = wrong

    assert set(cases.differences(case)) == {key}


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError):
        cases_in(tmp_path)
    (tmp_path / "kmo.json").write_text("[]")
    with pytest.raises(pytest.UsageError):
        cases_in(tmp_path)


def test_neither_kind_is_no_case() -> None:
    with pytest.raises(Unreadable):
        cases.judge({"id": "X"})
