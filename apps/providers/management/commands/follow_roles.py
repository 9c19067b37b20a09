"""Give every group the rights that the one declaration of roles says."""

from typing import Any

from apps.accounts.services import follow_agency_roles
from apps.providers.commands import AcrossProviders
from apps.providers.services import follow_provider_roles


class Command(AcrossProviders):
    help = "Make the rights of all roles what cstraject/roles.py declares; run after migrating."

    def work(self, **options: Any) -> str:
        follow_agency_roles()
        follow_provider_roles()
        return "all roles have the rights that are declared"
