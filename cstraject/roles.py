"""Who may do what. One declaration: rights, the tests' table of doors and the pages follow it."""

# What a person may do at one provider, by role there.
PROVIDER_ROLES: dict[str, frozenset[str]] = {
    "reader": frozenset({"see_dossiers"}),
    "coach": frozenset({"see_dossiers", "file_dossiers"}),
    "manager": frozenset({"see_dossiers", "file_dossiers", "claim_tranches"}),
}

# What a person may do at the agency, across providers.
AGENCY_ROLES: dict[str, frozenset[str]] = {
    "officer": frozenset(
        {"see_portfolio", "decide_dossiers", "verify_claims", "check_runs", "settle_runs"}
    ),
    "approver": frozenset({"see_portfolio", "approve_runs"}),
}

PROVIDER_ACTS = frozenset().union(*PROVIDER_ROLES.values())
AGENCY_ACTS = frozenset().union(*AGENCY_ROLES.values())
