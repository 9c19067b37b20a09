"""An officer at the bank's list: settles every payment of the sent run that is still planned.

Run as a process of its own, so that it can be killed: `python -m tests.faults.settle`.
"""

import django

django.setup()

from django.utils import timezone  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.payouts.models import Payment  # noqa: E402
from apps.payouts.services import settle_payment  # noqa: E402
from apps.providers.scope import across_providers  # noqa: E402
from cstraject.quarter import day_of  # noqa: E402


def settle_what_is_planned() -> None:
    from django.db import transaction

    with across_providers():
        with transaction.atomic():
            officer = User.objects.filter(email__startswith="settler-").get()
            planned = list(Payment.objects.filter(state="planned").order_by("provider_id"))
        for payment in planned:
            now = timezone.now()
            settle_payment(payment=payment, outcome="pay", on=day_of(now), actor=officer, at=now)


if __name__ == "__main__":
    settle_what_is_planned()
