"""Who may do what. One declaration: rights, the tests' table of doors and a page follow it."""

from collections.abc import Iterable, Mapping

SEES_DOSSIERS = frozenset({"see_dossiers"})
FILES = SEES_DOSSIERS | {"file_dossiers"}

# What a person may do at one provider, by role there.
PROVIDER_ROLES: dict[str, frozenset[str]] = {
    "reader": SEES_DOSSIERS,
    "coach": FILES,
    "manager": FILES | {"claim_tranches", "manage_members"},
}

SEES_ALL = frozenset({"open_dossiers", "see_portfolio", "see_answers", "see_editions"})

# What a person may do at the agency, across providers. The administrator sees no dossier; the
# auditor sees everything and changes nothing.
AGENCY_ROLES: dict[str, frozenset[str]] = {
    "reviewer": SEES_ALL | {"handle_dossiers", "decide_dossiers", "verify_claims"},
    "controller": SEES_ALL | {"handle_dossiers", "stop_dossiers"},
    "payments_officer": SEES_ALL | {"check_runs", "settle_runs", "amend_contracts"},
    "payments_approver": SEES_ALL | {"approve_runs", "amend_contracts"},
    "reporting_officer": frozenset({"see_answers"}),
    "administrator": frozenset({"see_people", "manage_people", "see_editions", "manage_editions"}),
    "auditor": SEES_ALL | {"see_people"},
    # Sees no more than the single dossiers that are opened to them, until a day.
    "guest": frozenset({"open_dossiers"}),
}

PROVIDER_ACTS = frozenset().union(*PROVIDER_ROLES.values())
AGENCY_ACTS = frozenset().union(*AGENCY_ROLES.values())

# What a provider's machine may be given; members are people's business.
MACHINE_ACTS = PROVIDER_ACTS - {"manage_members"}

# By what names ACM/IDM tells these roles: at a provider, and at the agency.
PROVIDER_ROLES_TOLD = {"Lezer": "reader", "Coach": "coach", "Beheerder": "manager"}
AGENCY_ROLES_TOLD = {
    "Dossierbehandelaar": "reviewer",
    "Controleur": "controller",
    "Betaalverantwoordelijke": "payments_officer",
    "Betaalgoedkeurder": "payments_approver",
    "Rapporteur": "reporting_officer",
    "Toepassingsbeheerder": "administrator",
    "Auditor": "auditor",
    "Gast": "guest",
}

# Who does one of these first shows again that it is they: it pays, or gives others rights.
SIGN_IN_AGAIN_FOR = frozenset({"approve_runs", "manage_members", "manage_people"})


def roles_told(values: Iterable[object], *, names: Mapping[str, str], at: str) -> set[str]:
    """The roles of these names that somebody has at one organisation.

    ACM/IDM tells each as `Name:code,code`: the role, and the organisations where it holds. What is
    written otherwise, or holds elsewhere, is no role.
    """
    found = set()
    for value in values:
        name, _, codes = value.partition(":") if isinstance(value, str) else ("", "", "")
        if name in names and at in codes.split(","):
            found.add(names[name])
    return found
