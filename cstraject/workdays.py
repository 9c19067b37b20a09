"""Terms in working days: not on Saturdays, Sundays and Belgian public holidays."""

from datetime import date, timedelta

import holidays


def working_days_after(day: date, count: int, /) -> date:
    """The last day of a term of so many working days; it starts on the day after [R-DM-22]."""
    closed = holidays.country_holidays("BE")
    while count:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in closed:
            count -= 1
    return day


def working_days_until(day: date, *, on: date) -> int:
    """How many working days are left until and with a day; below zero when it has passed."""
    first, last, sign = (on, day, 1) if on <= day else (day, on, -1)
    closed = holidays.country_holidays("BE")
    left = 0
    while first < last:
        first += timedelta(days=1)
        left += first.weekday() < 5 and first not in closed
    return sign * left
