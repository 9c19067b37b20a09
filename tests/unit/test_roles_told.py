"""The roles that ACM/IDM tells: a name, and the organisations where it holds."""

import pytest

from cstraject.roles import (
    AGENCY_ROLES,
    AGENCY_ROLES_TOLD,
    PROVIDER_ROLES,
    PROVIDER_ROLES_TOLD,
    roles_told,
)


@pytest.mark.parametrize(
    ("told", "roles"),
    [
        (["Coach:1"], {"coach"}),
        (["Coach:2,1"], {"coach"}),
        (["Coach:1", "Beheerder:1", "Lezer:2"], {"coach", "manager"}),
        (["Coach:11", "Coach:", "Coach", ":1", "coach:1", "Coach: 1", "Coach:1;2"], set()),
        (["Auditor:1"], set()),
        ([None, 1, {}, ["Coach:1"], ""], set()),
        ([], set()),
    ],
)
def test_a_role_counts_by_its_name_at_its_own_organisation(told, roles):
    assert roles_told(told, names=PROVIDER_ROLES_TOLD, at="1") == roles


def test_every_role_has_one_name():
    assert sorted(PROVIDER_ROLES_TOLD.values()) == sorted(PROVIDER_ROLES)
    assert sorted(AGENCY_ROLES_TOLD.values()) == sorted(AGENCY_ROLES)
