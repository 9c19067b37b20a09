"""What a trajectory improves: a catalogue of measures, and how an end report tells of them.

Each measure bears the category of the CyberFundamentals framework (CyFun, which follows the NIST
Cybersecurity Framework 2.0) under which it falls. Two kinds, as the programme reports on them:
technical, and organisational [evaluation answer, 2].
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cstraject.refusal import Refusal

TECHNICAL, ORGANISATIONAL = KINDS = ("technical", "organisational")
REALISED, PLANNED = STANDINGS = ("realised", "planned")
PRIORITIES = ("high", "medium", "low")
NOTE_MAX = 300


@dataclass(frozen=True)
class Measure:
    """A measure of the catalogue: its code, kind, and category in CyFun."""

    code: str
    kind: str
    cyfun: str


CATALOGUE = {
    measure.code: measure
    for measure in (
        Measure("policy", ORGANISATIONAL, "GV.PO"),
        Measure("suppliers", ORGANISATIONAL, "GV.SC"),
        Measure("inventory", ORGANISATIONAL, "ID.AM"),
        Measure("risk_analysis", ORGANISATIONAL, "ID.RA"),
        Measure("user_management", ORGANISATIONAL, "PR.AA"),
        Measure("awareness", ORGANISATIONAL, "PR.AT"),
        Measure("data_handling", ORGANISATIONAL, "PR.DS"),
        Measure("incident_response", ORGANISATIONAL, "RS.MA"),
        Measure("reporting_incidents", ORGANISATIONAL, "RS.CO"),
        Measure("continuity", ORGANISATIONAL, "RC.RP"),
        Measure("multi_factor", TECHNICAL, "PR.AA"),
        Measure("privileged_accounts", TECHNICAL, "PR.AA"),
        Measure("remote_access", TECHNICAL, "PR.AA"),
        Measure("encryption", TECHNICAL, "PR.DS"),
        Measure("backup", TECHNICAL, "PR.DS"),
        Measure("updates", TECHNICAL, "PR.PS"),
        Measure("hardening", TECHNICAL, "PR.PS"),
        Measure("mail_protection", TECHNICAL, "PR.PS"),
        Measure("cloud_settings", TECHNICAL, "PR.PS"),
        Measure("network", TECHNICAL, "PR.IR"),
        Measure("industrial_systems", TECHNICAL, "PR.IR"),
        Measure("endpoint", TECHNICAL, "DE.CM"),
        Measure("monitoring", TECHNICAL, "DE.CM"),
        Measure("vulnerability_scan", TECHNICAL, "ID.RA"),
    )
}


@dataclass(frozen=True)
class Reported:
    """What an end report tells of one measure: realised, or planned with a priority."""

    code: str
    standing: str
    priority: str = ""
    note: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "standing": self.standing,
            "priority": self.priority,
            "note": self.note,
        }


def read_measures(told: Iterable[Mapping[str, str]]) -> tuple[Reported, ...]:
    """The measures of an end report, in the order of the catalogue.

    Refuses one that is unknown or told twice, a planned one without a priority (what remains in
    the action plan is put in order), and a report in which nothing was realised.
    """
    found: dict[str, Reported] = {}
    for item in told:
        one = Reported(
            item.get("code", ""),
            item.get("standing", ""),
            item.get("priority", ""),
            item.get("note", "").strip()[:NOTE_MAX],
        )
        if one.code not in CATALOGUE or one.standing not in STANDINGS or one.code in found:
            raise Refusal("unknown-measure", given=one.code[:40])
        if (one.standing == PLANNED) != (one.priority in PRIORITIES):
            raise Refusal("measure-priority", measure=one.code)
        found[one.code] = one
    if not any(one.standing == REALISED for one in found.values()):
        raise Refusal("nothing-realised")
    return tuple(found[code] for code in CATALOGUE if code in found)
