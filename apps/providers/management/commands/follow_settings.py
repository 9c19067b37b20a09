"""Let the database follow what is declared in code and settings: rights of roles, the seal."""

from typing import Any

from apps.accounts.services import follow_agency_roles
from apps.providers.commands import AcrossProviders
from apps.providers.services import follow_provider_roles, renew_seal


class Command(AcrossProviders):
    help = (
        "Make the rights of all roles what cstraject/roles.py declares, and the key of tenants"
        " what DATABASE_KEY says. `migrate` ends with it."
    )

    def work(self, **options: Any) -> str:
        renew_seal()
        follow_agency_roles()
        follow_provider_roles()
        return "roles and tenants are as declared" if options["verbosity"] else ""
