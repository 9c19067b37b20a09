"""What `manage.py assess --explain` says where it cannot tell."""

from django.utils.translation import override

from apps.eligibility.management.commands.assess import explain_size
from cstraject import kmo
from tests.unit.test_kmo import graph, holds, over_years


def explained(*parts, holdings=()):
    with override("nl"):
        return list(explain_size(kmo.size_of(graph(*parts, holdings=list(holdings)))))


def test_whose_figures_are_missing_is_named_and_a_contradiction_is_told_as_one():
    *_, last = explained(kmo.Entity("A"))
    assert last == "De categorie is niet te bepalen: cijfers van de onderneming ontbreken."
    *_, last = explained(
        kmo.Entity("A", periods=(kmo.Period(2023, kmo.Figures(None, None, None)),))
    )
    assert last == "De categorie is niet te bepalen: cijfers van A ontbreken."
    both = [holds("X", "A", 60), holds("Y", "A", 60)]
    *before, last = explained(
        over_years("A", 9, 9), over_years("X", 9, 9), over_years("Y", 9, 9), holdings=both
    )
    assert any("Te beoordelen" in line for line in before)
    assert last == (
        "De categorie is niet te bepalen: een persoon moet beoordelen wat hierboven staat."
    )
