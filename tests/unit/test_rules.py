"""Quarters, identifiers, places, delivery, lifecycles: the small rules."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest

from cstraject import identifiers
from cstraject.delivery import Delivered, measures_disagree, must_follow, tranche_amount
from cstraject.lifecycle import CLAIM, DOSSIER, PAYMENT, RUN
from cstraject.money import read_euros
from cstraject.places import province_of
from cstraject.quarter import ClaimWindow, Quarter, day_of, run_day_for, years_later
from cstraject.refusal import Refusal, must
from cstraject.subsidy import granted_for
from tests.terms import TERMS


def refusal_of(do, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        do(*args, **kwargs)
    return refused.value.code


@pytest.mark.parametrize(
    "text", ["0566.988.259", "0566988259", "BE0566988259", "BE 0566 988 259", "1999.000.150"]
)
def test_an_enterprise_number_is_read_from_any_usual_spelling(text):
    assert identifiers.enterprise_number(text) in ("0566988259", "1999000150")


@pytest.mark.parametrize("text", ["", "0566988258", "2566988259", "05669882", "abc", "0" * 500])
def test_a_wrong_enterprise_number_is_refused(text):
    assert refusal_of(identifiers.enterprise_number, text) == "wrong-enterprise-number"


@pytest.mark.parametrize("text", ["BE79999000050186", "BE78 9990", "", "NL00", "BE" * 40])
def test_a_wrong_iban_is_refused(text):
    assert refusal_of(identifiers.iban, text) == "wrong-iban"


def test_a_structured_communication_has_its_check_digits():
    digits = identifiers.structured_communication(909_337_554)

    assert identifiers.communication_as_written("0" + digits[1:]) == "+++090/9337/55493+++"
    # A remainder of nothing is written 97.
    assert identifiers.structured_communication(97) == "000000009797"


@pytest.mark.parametrize(
    ("text", "amount"), [("15000.50", "15000.50"), ("0", "0.00"), (" 7.1 ", "7.10")]
)
def test_an_amount_is_read(text, amount):
    assert str(read_euros(text)) == amount


@pytest.mark.parametrize("text", ["", "1,5", "-1", "1e12", "NaN", "inf", "1.005", "1e5", "١"])
def test_an_amount_that_is_none_is_refused(text):
    assert refusal_of(read_euros, text) == "unreadable-amount"


def test_an_amount_of_a_billion_is_too_large():
    assert read_euros("999999999.99")
    assert refusal_of(read_euros, "1000000000") == "amount-too-large"


def test_a_province_follows_from_the_postal_code_and_the_day():
    assert province_of("2070", on=date(2024, 12, 31)) == "Antwerpen"
    assert province_of("2070", on=date(2025, 1, 1)) == "Oost-Vlaanderen"
    assert province_of("1000", on=date(2022, 1, 1)) is None
    assert province_of("1999", on=date(2022, 1, 1)) == "Vlaams-Brabant"
    assert province_of("٢٠٠٠", on=date(2022, 1, 1)) is None


def test_a_day_is_a_day_in_flanders():
    assert day_of(datetime(2022, 3, 31, 22, 30, tzinfo=UTC)) == date(2022, 4, 1)
    assert day_of(datetime(2021, 12, 31, 22, 30, tzinfo=UTC)) == date(2021, 12, 31)


def test_years_later_of_a_leap_day_is_the_day_before_march():
    assert years_later(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert years_later(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.parametrize("text", ["2022-Q5", "2022Q1", "", "1999-Q1", "2022-Q1 or so"])
def test_a_quarter_that_is_none_is_refused(text):
    assert refusal_of(Quarter.parse, text) == "unknown-quarter"


def test_a_claim_window_is_open_on_the_first_fifteen_days_after_the_quarter():
    window = ClaimWindow(Quarter(2022, 1), 15)

    assert refusal_of(window.must_be_open, date(2022, 3, 31)) == "quarter-not-over"
    window.must_be_open(date(2022, 4, 1))
    window.must_be_open(date(2022, 4, 15))
    assert refusal_of(window.must_be_open, date(2022, 4, 16)) == "window-closed"


OFFERED = Delivered(D(30), D(30_000))


def follow(days, amount, before=None, after=None):
    must_follow(Delivered(D(days), D(amount)), before=before, after=after, offered=OFFERED)


def test_a_statement_neither_shrinks_nor_exceeds_the_offer():
    before, after = Delivered(D(10), D(10_000)), Delivered(D(20), D(20_000))

    follow(10, 10_000, before, after)
    follow(30, 30_000, before)
    assert refusal_of(follow, 10, "9999.99", before) == "statement-shrinks"
    assert refusal_of(follow, "9.9", 10_000, before) == "statement-shrinks"
    assert refusal_of(follow, -1, 0) == "statement-shrinks"
    assert refusal_of(follow, 30, "30000.01") == "statement-over-offer"
    assert refusal_of(follow, "30.1", 30_000) == "statement-over-offer"
    assert refusal_of(follow, 20, "20000.01", before, after) == "statement-over-later"


def tranche(number, amount, *, claimed="0", over=False, days=15):
    return tranche_amount(
        number,
        stated=Delivered(D(days), D(amount)),
        offered=OFFERED,
        granted=D("16335.00"),
        claimed=D(claimed),
        over=over,
        terms=TERMS,
    )


def test_the_first_tranche_is_due_once_sixty_percent_is_delivered():
    assert tranche(1, 18_000) == D("9801.00")
    assert refusal_of(tranche, 1, "17999.99") == "not-delivered"


def test_the_second_tranche_is_due_on_completion_and_pays_the_rest():
    assert tranche(2, 30_000, claimed="9801.00", over=True) == D("6534.00")
    assert refusal_of(tranche, 2, 30_000, claimed="9801.00") == "not-completed"


def test_the_second_tranche_pays_only_what_was_delivered_in_the_end():
    # 25,000 delivered of 30,000: 11,250.00 + 2,362.50 = 13,612.50, of which 9,801.00 is claimed.
    assert tranche(2, 25_000, claimed="9801.00", over=True) == D("3811.50")
    assert refusal_of(tranche, 2, 18_000, claimed="9801.00", over=True) == "nothing-left"
    assert refusal_of(tranche, 3, 30_000, over=True) == "unknown-tranche"


def test_completed_below_the_threshold_is_paid_at_once():
    assert refusal_of(tranche, 1, 15_000, over=True) == "not-delivered"
    assert tranche(2, 15_000, over=True) == D("8167.50")


def test_of_completed_work_the_first_tranche_never_exceeds_the_final_subsidy():
    # Sixty percent of the grant rounds a cent above the subsidy on sixty percent of the price.
    given = {"offered": Delivered(D(15), D(15_008)), "claimed": D(0), "terms": TERMS}
    stated = Delivered(D(9), D("9004.80"))
    granted = granted_for(D(15_008), terms=TERMS).granted

    amounts = [
        tranche_amount(1, stated=stated, granted=granted, over=over, **given)
        for over in (False, True)
    ]

    assert amounts == [D("4903.12"), D("4903.11")]


def test_days_and_amount_that_disagree_are_noticed():
    assert measures_disagree(Delivered(D(10), D(20_000)), offered=OFFERED, terms=TERMS)
    assert not measures_disagree(Delivered(D(18), D(18_000)), offered=OFFERED, terms=TERMS)


@pytest.mark.parametrize("lifecycle", [DOSSIER, CLAIM, RUN, PAYMENT])
def test_every_state_can_be_reached_and_what_is_not_told_cannot_happen(lifecycle):
    reached = {lifecycle.first}
    for _ in lifecycle.states:
        reached |= {after for (state, _), after in lifecycle.ways.items() if state in reached}

    assert reached == set(lifecycle.states)
    assert refusal_of(lifecycle.after, lifecycle.first, "vanish") == "not-now"


def test_must_holds_where_assert_would_be_switched_off():
    must(1, "one is true")
    with pytest.raises(AssertionError, match="nothing is nothing"):
        must(0, "nothing is nothing")


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2022, 4, 1), date(2022, 4, 20)),
        (date(2022, 4, 20), date(2022, 4, 20)),
        (date(2022, 4, 21), date(2022, 7, 20)),
        (date(2022, 12, 31), date(2023, 1, 20)),
    ],
)
def test_a_claim_rides_with_the_next_run_that_can_take_it(on, expected):
    assert run_day_for(Quarter(2022, 1), run_day=20, on=on) == expected
