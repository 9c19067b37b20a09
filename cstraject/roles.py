"""Who may do what. One declaration: rights, the tests' table of doors and a page follow it."""

SEES_DOSSIERS = frozenset({"see_dossiers"})
FILES = SEES_DOSSIERS | {"file_dossiers"}

# What a person may do at one provider, by role there.
PROVIDER_ROLES: dict[str, frozenset[str]] = {
    "reader": SEES_DOSSIERS,
    "coach": FILES,
    "manager": FILES | {"claim_tranches", "manage_members"},
}

SEES_ALL = frozenset({"open_dossiers", "see_portfolio", "see_answers"})

# What a person may do at the agency, across providers. The administrator sees no dossier; the
# auditor sees everything and changes nothing.
AGENCY_ROLES: dict[str, frozenset[str]] = {
    "reviewer": SEES_ALL | {"decide_dossiers", "verify_claims"},
    "controller": SEES_ALL | {"stop_dossiers"},
    "payments_officer": SEES_ALL | {"check_runs", "settle_runs"},
    "payments_approver": SEES_ALL | {"approve_runs"},
    "reporting_officer": frozenset({"see_answers"}),
    "administrator": frozenset({"see_people", "manage_people"}),
    "auditor": SEES_ALL | {"see_people"},
    # Sees no more than the single dossiers that are opened to them, until a day.
    "guest": frozenset({"open_dossiers"}),
}

PROVIDER_ACTS = frozenset().union(*PROVIDER_ROLES.values())
AGENCY_ACTS = frozenset().union(*AGENCY_ROLES.values())

# What a provider's machine may be given; members are people's business.
MACHINE_ACTS = PROVIDER_ACTS - {"manage_members"}

# Who does one of these first shows again that it is they: it pays, or gives others rights.
SIGN_IN_AGAIN_FOR = frozenset({"approve_runs", "manage_members", "manage_people"})
