"""De minimis aid: what one undertaking may receive, by the day of the grant."""

from datetime import date
from decimal import Decimal

# Regulation 1407/2013 art. 3(2) until the end of 2023, then Regulation 2023/2831 art. 3(2).
CEILINGS = ((date(2024, 1, 1), Decimal(300_000)), (date(2014, 1, 1), Decimal(200_000)))


def ceiling_on(day: date) -> Decimal:
    """The general ceiling in euro for aid granted on a day, over the period that it speaks of."""
    return next((ceiling for since, ceiling in CEILINGS if day >= since), CEILINGS[-1][1])
