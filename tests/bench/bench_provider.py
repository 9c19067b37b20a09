"""What a provider's screens cost at 200,000 dossiers: through the walls, and without any."""

import psycopg
import pytest
from django.core.paginator import Paginator
from django.db import transaction

from apps.dossiers.models import Dossier
from apps.dossiers.selectors import dossiers_newest_first
from apps.providers.scope import inside
from apps.providers.selectors import acts_at, provider_by_slug
from tests.bench.conftest import as_provider, side_by_side, without_walls

PER_PAGE = 50
COLUMNS = ", ".join(f'"{field.column}"' for field in Dossier._meta.concrete_fields)
COUNT = "SELECT count(*) FROM dossiers_dossier"
PAGE = f"SELECT {COLUMNS} FROM dossiers_dossier"
NEWEST = " ORDER BY submitted_on DESC, id DESC LIMIT 50 OFFSET %s"
OWN = " WHERE provider_id = %s"


@pytest.mark.parametrize(
    ("which", "number"), [(0, 1), (8, 1), (0, 800)], ids=["largest", "smallest", "far back"]
)
def test_list_page(many, which, number):
    provider_id = many.contracts[which].provider_id
    offset = (number - 1) * PER_PAGE

    def selector():
        with inside(provider_id), transaction.atomic():
            shown = Paginator(dossiers_newest_first(), PER_PAGE).get_page(number)
            return shown.paginator.count, [dossier.pk for dossier in shown]

    with psycopg.connect(many.web) as web, without_walls(many) as bare:

        def through_the_walls():
            with as_provider(web, provider_id):
                count = web.execute(COUNT).fetchone()[0]
                return count, [row[0] for row in web.execute(PAGE + NEWEST, [offset])]

        def by_hand():
            with bare.transaction():
                count = bare.execute(COUNT + OWN, [provider_id]).fetchone()[0]
                rows = bare.execute(PAGE + OWN + NEWEST, [provider_id, offset])
                return count, [row[0] for row in rows]

        assert selector() == through_the_walls() == by_hand()
        side_by_side(
            f"50 dossiers of {selector()[0]:,}, page {number}, and how many there are",
            {
                "selector in the provider's scope": selector,
                "SQL by hand in the provider's role": through_the_walls,
                "SQL by hand with a tenant filter, no walls": by_hand,
            },
            times=100,
        )


ALLOWED = """
SELECT permission.codename
FROM providers_providergroupobjectpermission AS held
JOIN accounts_user_groups AS member USING (group_id)
JOIN auth_permission AS permission ON permission.id = held.permission_id
WHERE member.user_id = %s AND held.content_object_id = %s
"""
CHECK = f"""
SELECT {", ".join(f'dossier."{field.column}"' for field in Dossier._meta.concrete_fields)}
FROM dossiers_dossier AS dossier
JOIN providers_provider AS provider ON provider.id = dossier.provider_id
WHERE dossier.id = %s AND provider.slug = %s AND EXISTS (
    SELECT FROM providers_providergroupobjectpermission AS held
    JOIN accounts_user_groups AS member USING (group_id)
    JOIN auth_permission AS permission ON permission.id = held.permission_id
    WHERE member.user_id = %s AND held.content_object_id = provider.id
        AND permission.codename = 'see_dossiers'
)
"""


def test_one_dossier(many, member):
    provider = many.contracts[0].provider
    with without_walls(many) as bare:
        keys = [
            key
            for (key,) in bare.execute(
                "SELECT id FROM dossiers_dossier WHERE provider_id = %s LIMIT 1000", [provider.pk]
            )
        ]
    turns = {name: iter(keys) for name in ("selectors", "walls", "hand")}

    def selectors(key=None):
        found = provider_by_slug(provider.slug)
        assert "see_dossiers" in acts_at(found, role="coach")
        with inside(found.pk), transaction.atomic():
            return Dossier.objects.get(pk=key or next(turns["selectors"])).pk

    with psycopg.connect(many.web) as web, without_walls(many) as bare:
        web.autocommit = True

        def through_the_walls(key=None):
            with web.transaction():
                web.execute("SELECT set_config('role', 'cst_doorkeeper', true)")
                slug = "SELECT id FROM providers_provider WHERE slug = %s"
                (found,) = web.execute(slug, [provider.slug]).fetchone()
                assert ("see_dossiers",) in web.execute(ALLOWED, [member.pk, found]).fetchall()
            with as_provider(web, found):
                one = PAGE + " WHERE id = %s"
                return web.execute(one, [key or next(turns["walls"])]).fetchone()[0]

        def by_hand(key=None):
            with bare.transaction():
                given = [key or next(turns["hand"]), provider.slug, member.pk]
                return bare.execute(CHECK, given).fetchone()[0]

        assert selectors(keys[-1]) == through_the_walls(keys[-1]) == by_hand(keys[-1])
        side_by_side(
            "one dossier, with the right to see it",
            {
                "selectors: provider, right (guardian), dossier": selectors,
                "the same by hand, in the same roles": through_the_walls,
                "one statement by hand, no walls": by_hand,
            },
            times=500,
        )
