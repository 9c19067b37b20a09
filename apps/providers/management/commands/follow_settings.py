"""Let the database follow what is declared in code: the rights of roles."""

from typing import Any

from apps.accounts.services import follow_agency_roles
from apps.providers.commands import AcrossProviders
from apps.providers.services import follow_provider_roles


class Command(AcrossProviders):
    help = (
        "Make the rights of all roles what cstraject/roles.py declares. `migrate` ends with it, and"
        " with the key of seals that DATABASE_KEY says."
    )

    def work(self, **options: Any) -> str:
        follow_agency_roles()
        follow_provider_roles()
        return "roles are as declared" if options["verbosity"] else ""
