"""What drawing up a run costs per 10,000 claims, against the bare insert of the same lines."""

import pytest
from django.db import transaction

from apps.accounts.selectors import timetable
from apps.payouts.models import PaymentLine
from apps.payouts.services import draw_up_run
from apps.providers.scope import across_providers
from tests.bench.conftest import Q1, database_of_many, side_by_side, without_walls
from tests.factories import RUN_DAY

RUN = """
INSERT INTO payouts_run (id, quarter, state, total, lines_count, content_sha256, drawn_up_at,
    drawn_up_by_id, abandoned_reason)
SELECT gen_random_uuid(), '2022-Q1', 'drawn_up', sum(amount), count(*), '', now(),
    (SELECT min(id) FROM accounts_user), ''
FROM claims_claim WHERE state = 'verified' AND quarter <= '2022-Q1'
"""
PAYMENTS = """
INSERT INTO payouts_payment (id, run_id, quarter, provider_id, amount, payee_name, iban,
    communication, end_to_end_id, state)
SELECT gen_random_uuid(), run.id, '2022-Q1', claim.provider_id, sum(claim.amount), '', '', '',
    claim.provider_id::text, 'planned'
FROM claims_claim AS claim, payouts_run AS run
WHERE claim.state = 'verified' AND claim.quarter <= '2022-Q1'
GROUP BY run.id, claim.provider_id
"""
LINES = """
INSERT INTO payouts_paymentline (id, provider_id, payment_id, claim_id, contract_id, case_id,
    amount)
SELECT gen_random_uuid(), claim.provider_id, payment.id, claim.id, dossier.contract_id,
    dossier.id, claim.amount
FROM claims_claim AS claim
JOIN dossiers_dossier AS dossier ON dossier.id = claim.dossier_id
JOIN payouts_payment AS payment ON payment.provider_id = claim.provider_id
WHERE claim.state = 'verified' AND claim.quarter <= '2022-Q1'
"""
TAKEN = """
UPDATE claims_claim SET state = 'in_run'
WHERE state = 'verified' AND quarter <= '2022-Q1'
"""


@pytest.mark.parametrize("claims", [10_000, 40_000])
def test_draw_up(servers, template, django_db_setup, django_db_blocker, claims):
    with (
        database_of_many(
            servers, template, django_db_blocker, dossiers=claims // 2, claimed=claims // 2
        ) as many,
        without_walls(many) as bare,
    ):

        def service():
            with across_providers(), transaction.atomic():
                run = draw_up_run(quarter=Q1, actor=timetable(), at=RUN_DAY)
                assert run.lines_count == claims == PaymentLine.objects.count()
                transaction.set_rollback(True)

        def by_hand(*more):
            bare.execute(RUN)
            bare.execute(PAYMENTS)
            assert bare.execute(LINES).rowcount == claims
            for statement in more:
                assert bare.execute(statement).rowcount == claims
            bare.rollback()

        def vacuum():
            """What was rolled back lies about; it is not what is measured."""
            bare.autocommit = True
            bare.execute("VACUUM payouts_paymentline, claims_claim")
            bare.autocommit = False

        side_by_side(
            f"a run of {claims:,} claims: per 10,000",
            {
                "draw_up_run: locked, planned, digested, on record": service,
                "INSERT ... SELECT of run, payments, lines; claims taken": lambda: by_hand(TAKEN),
                "INSERT ... SELECT of run, payments, lines": by_hand,
            },
            times=7,
            per=claims // 10_000,
            tidy=vacuum,
        )
