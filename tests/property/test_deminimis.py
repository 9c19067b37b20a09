"""De minimis aid, whatever was granted before: ceilings, windows, days."""

from datetime import date, timedelta
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from cstraject import deminimis
from cstraject.deminimis import Aid, Reading, Undertaking, headroom_on, releases_after
from cstraject.workdays import working_days_after, working_days_until

US = frozenset({"A"})
days = st.dates(date(2018, 1, 1), date(2030, 12, 31))
around_leap_day = st.sampled_from(
    [date(y, m, d) for y in (2020, 2021, 2023, 2024, 2027, 2028) for m, d in ((2, 28), (3, 1))]
    + [date(2020, 2, 29), date(2024, 2, 29), date(2028, 2, 29)]
)
fiscal_years = st.sampled_from([(1, 1), (7, 1), (2, 28), (2, 29), (3, 1), (12, 31)])
regulations = st.sampled_from(sorted(deminimis.FAMILY_OF))
aids = st.lists(
    st.builds(Aid, days, st.decimals(0, 250_000, places=2), regulations, st.sampled_from("AB")),
    max_size=6,
)
sectors = st.none() | st.just("road_freight")


@given(days, aids, fiscal_years, sectors)
def test_counted_and_headroom_make_the_ceiling_or_there_is_none(on, history, fiscal_year, sector):
    room = headroom_on(on, undertaking=Undertaking(US, fiscal_year), history=history, sector=sector)
    for limit in room.limits:
        assert limit.headroom == 0 or limit.counted + limit.headroom == limit.ceiling
        assert limit.headroom >= 0
    assert room.left == min(limit.headroom for limit in room.limits)
    assert room.allows(room.left)
    assert not room.allows(room.left + D("0.01"))


@given(days, aids, fiscal_years)
def test_aid_of_others_and_of_later_days_changes_nothing(on, history, fiscal_year):
    us = Undertaking(US, fiscal_year)
    ours = [aid for aid in history if aid.recipient == "A" and aid.on <= on]

    assert headroom_on(on, undertaking=us, history=history).left == (
        headroom_on(on, undertaking=us, history=ours).left
    )


def by_hand(day):
    """Three years before a day, on the calendar."""
    try:
        return date(day.year - 3, day.month, day.day)
    except ValueError:
        return date(day.year - 3, 2, 28)


@given(days | around_leap_day)
def test_the_rolling_window_is_never_off_by_a_day(on):
    assert deminimis.window_start(on) == by_hand(on)
    assert deminimis.window_start(on, boundary_counts=False) == by_hand(on) + timedelta(days=1)
    # Later days never look further back.
    assert deminimis.window_start(on + timedelta(days=1)) >= deminimis.window_start(on)


@given(days | around_leap_day, fiscal_years)
def test_a_fiscal_year_holds_its_day(on, first_day):
    start = deminimis.fiscal_year_start(on, first_day)
    following = deminimis.fiscal_year_start(start + timedelta(days=370), first_day)

    assert start <= on < following
    assert (start.month, start.day) == (
        first_day[0],
        min(first_day[1], 28) if first_day[0] == 2 else first_day[1],
    )
    assert deminimis.fiscal_window_start(on, first_day).year == start.year - 2


@given(
    st.dates(date(2021, 1, 1), date(2025, 6, 30)) | around_leap_day.filter(lambda d: d.year < 2026),
    st.lists(
        st.builds(
            Aid,
            st.dates(date(2019, 1, 1), date(2025, 6, 30)) | around_leap_day,
            st.decimals(1, 150_000, places=2),
            st.sampled_from(["1407/2013", "2023/2831", "360/2012"]),
            st.just("A"),
        ),
        max_size=4,
    ),
    fiscal_years,
    st.booleans(),
    st.booleans(),
)
def test_when_how_much_frees_up_is_what_each_day_says(on, history, fiscal_year, counts, old):
    us, reading = (
        Undertaking(US, fiscal_year),
        Reading(boundary_counts=counts, old_in_transition=old),
    )
    known = [aid for aid in history if aid.on <= on]

    def left(day):
        return headroom_on(day, undertaking=us, history=known, reading=reading).left

    seen, before = [], left(on)
    last = max(on + timedelta(days=366 * 4), date(2024, 7, 2))
    for ahead in range(1, (last - on).days + 1):
        day = on + timedelta(days=ahead)
        if (now := left(day)) != before:
            seen.append((day, now - before, now))
            before = now

    released = releases_after(on, undertaking=us, history=history, reading=reading)
    assert [(r.on, r.freed, r.left) for r in released] == seen


@given(st.dates(date(2021, 1, 1), date(2028, 12, 31)), days, fiscal_years)
def test_the_day_on_which_aid_frees_up_is_the_first(on, granted, fiscal_year):
    us = Undertaking(US, fiscal_year)
    aid = Aid(granted, D(1_000), "1407/2013", "A")
    room = headroom_on(on, undertaking=us, history=[aid])
    for line in room.lines:
        if line.frees_on:
            assert line.frees_on > on

            def counts(day):
                return headroom_on(day, undertaking=us, history=[aid]).counted

            if line.frees_on <= deminimis.LAST_DAY:
                assert counts(line.frees_on) == 0
                assert counts(line.frees_on - timedelta(days=1)) == 1_000


HOLIDAYS_2026 = {
    *(date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 25)),
    *(date(2026, 7, 21), date(2026, 8, 15), date(2026, 11, 1), date(2026, 11, 11)),
    date(2026, 12, 25),
}


@given(st.dates(date(2026, 1, 1), date(2026, 10, 31)), st.integers(1, 30))
def test_a_term_counts_working_days_alone(start, count):
    end = working_days_after(start, count)
    worked = [
        day
        for ahead in range(1, (end - start).days + 1)
        if (day := start + timedelta(days=ahead)).weekday() < 5 and day not in HOLIDAYS_2026
    ]
    assert len(worked) == count
    assert worked[-1] == end
    assert working_days_until(end, on=start) == count
    assert working_days_until(start, on=end) == -count
