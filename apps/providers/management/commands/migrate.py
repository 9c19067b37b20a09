"""Django's own command, after which the database knows the rights and the seal of this version."""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate

from apps.providers.services import renew_seal


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        only_asked = options["plan"] or options["check_unapplied"] or options["app_label"]
        if not only_asked:
            renew_seal()
            call_command("follow_settings", stdout=self.stdout, verbosity=options["verbosity"])
