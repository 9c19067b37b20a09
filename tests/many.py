"""Very many dossiers, made by a few statements instead of one by one, in a minute or less.

What a service would have refused is not made: amounts follow from the terms, the ledger's own
trigger keeps the balances, and every constraint has looked at every row.
"""

import json
from collections.abc import Sequence
from datetime import date

import psycopg
from django.db import transaction

from apps.contracts.models import Contract
from cstraject.quarter import Quarter
from tests import factories

# How the dossiers are spread over nine providers: percent.
SHARES = (40, 20, 12, 8, 6, 5, 4, 3, 2)


def nine_contracts() -> list[Contract]:
    """Nine providers with a contract large enough for any number here; in the agency's scope."""
    with transaction.atomic():
        return [factories.make_contract(budget="9999999999.00") for _ in SHARES]


ROWS = """
CREATE TEMP TABLE many ON COMMIT DROP AS
SELECT
    n,
    gen_random_uuid() AS id,
    gen_random_uuid() AS offer_id,
    gen_random_uuid() AS declaration_id,
    gen_random_uuid() AS facts_id,
    gen_random_uuid() AS assessment_id,
    gen_random_uuid() AS statement_id,
    contract.id AS contract_id,
    contract.provider_id,
    (10000000 + n)::text || lpad((97 - (10000000 + n) %% 97)::text, 2, '0') AS number,
    -- Two decisions on one day are common, so are two filings.
    date '2021-01-04' + n * 7919 %% 1400 AS submitted_on,
    date '2021-01-04' + n * 7919 %% 1400 + 14 AS decided_on,
    CASE
        WHEN n <= %(claimed)s THEN 'completed'
        ELSE (
            '{submitted,refused,approved,in_delivery,in_delivery,in_delivery,'
            'completed,completed,completed,completed}'::text[]
        )[n %% 10 + 1]
    END AS state,
    price,
    round(price * 0.45, 2) AS share,
    round(round(price * 0.45, 2) * 0.21, 2) AS vat,
    round((round(price * 0.45, 2) + round(round(price * 0.45, 2) * 0.21, 2)) * 0.60, 2) AS first
FROM (
    SELECT n, (1500000 + n * 104729::bigint %% 3500001) / 100.0 AS price
    FROM generate_series(1, %(dossiers)s) AS n
) AS numbered
JOIN contracts_contract AS contract
    ON contract.id = (%(pick)s::bigint[])[n * 7 %% 100 + 1]
"""

DOSSIERS = """
INSERT INTO documents_document
    (id, provider_id, kind, name, media_type, size, sha256, file, held_at, received_at,
     received_by_id)
SELECT document.id, provider_id, document.kind, document.kind, '', 0, '', '', 'elsewhere',
    submitted_on, %(coach)s
FROM many, LATERAL (VALUES (offer_id, 'offer'), (declaration_id, 'declaration'))
    AS document (id, kind);

INSERT INTO eligibility_factsheet
    (id, provider_id, enterprise_number, name, nace_version, nace_code, nace_label, province,
     stated, source, stated_on, replaced_because)
SELECT facts_id, provider_id, number, 'Voorbeeld ' || number, '2008',
    lpad((10000 + n %% 600)::text, 5, '0'), 'Voorbeeld',
    ('{Antwerpen,Limburg,Oost-Vlaanderen,Vlaams-Brabant,West-Vlaanderen}'::text[])[n %% 5 + 1],
    %(facts)s::jsonb || jsonb_build_object('number', number, 'name', 'Voorbeeld ' || number),
    'test', submitted_on, ''
FROM many;

INSERT INTO eligibility_assessment
    (id, provider_id, facts_id, edition_id, rule_version, size_class, "on", at)
SELECT assessment_id, provider_id, facts_id, %(edition)s, '2021.1',
    ('{micro,small,medium}'::text[])[n %% 3 + 1], submitted_on, submitted_on
FROM many WHERE state <> 'submitted';

INSERT INTO dossiers_dossier
    (id, provider_id, contract_id, reference, imported_as, state, enterprise_number,
     enterprise_name, facts_id, offer_id, declaration_id, package, with_extension,
     price_excl_vat, person_days, submitted_on, submitted_at, submitted_by_id, assessment_id,
     decided_on, decided_at, decided_by_id, decision_reason, share, vat, granted_incl_vat,
     helped_until, started_on, completed_on, ended_reason)
SELECT id, provider_id, contract_id, 'MANY-' || n, '', state, number,
    'Voorbeeld ' || number, facts_id, offer_id, declaration_id,
    CASE WHEN price <= 20000 THEN 'light' ELSE 'basis' END, false,
    price, 30, submitted_on, submitted_on, %(coach)s,
    CASE WHEN state <> 'submitted' THEN assessment_id END,
    CASE WHEN state <> 'submitted' THEN decided_on END,
    CASE WHEN state <> 'submitted' THEN decided_on END,
    CASE WHEN state <> 'submitted' THEN %(officer)s END,
    CASE WHEN state = 'refused' THEN 'not an SME' ELSE '' END,
    CASE WHEN granted THEN share END,
    CASE WHEN granted THEN vat END,
    CASE WHEN granted THEN share + vat END,
    CASE WHEN granted THEN decided_on + 1461 END,
    CASE WHEN state IN ('in_delivery', 'completed') THEN decided_on + 7 END,
    CASE WHEN state = 'completed' THEN decided_on + 90 END,
    ''
FROM many, LATERAL (SELECT state NOT IN ('submitted', 'refused') AS granted) AS decision;

INSERT INTO contracts_ledgerentry
    (id, provider_id, contract_id, kind, amount, "on", case_id, cause_id, reason, made_by_id)
SELECT gen_random_uuid(), provider_id, contract_id, 'commit', share + vat, decided_on, id, id, '',
    %(officer)s
FROM many WHERE state NOT IN ('submitted', 'refused');

INSERT INTO claims_statement
    (id, provider_id, dossier_id, quarter, version, person_days, amount, filed_on, filed_at,
     filed_by_id)
SELECT statement_id, provider_id, id, %(quarter)s, 1, 30, price, %(filed_on)s, %(filed_on)s,
    %(coach)s
FROM many WHERE state = 'completed';

INSERT INTO claims_claim
    (id, provider_id, dossier_id, statement_id, tranche, quarter, amount, state, filed_on,
     filed_at, filed_by_id, verified_at, verified_by_id, sent_back_reason)
SELECT gen_random_uuid(), provider_id, id, statement_id, tranche, %(quarter)s, amount,
    'verified', %(filed_on)s, %(filed_on)s, %(coach)s, %(filed_on)s, %(officer)s, ''
FROM many, LATERAL (VALUES (1, first), (2, share + vat - first)) AS claimed (tranche, amount)
WHERE n <= %(claimed)s;
"""

TABLES = (
    *("documents_document", "eligibility_factsheet", "eligibility_assessment", "dossiers_dossier"),
    *("contracts_ledgerentry", "claims_statement", "claims_claim", "contracts_contract"),
)


def make_many(
    url: str,
    contracts: Sequence[Contract],
    *,
    dossiers: int,
    claimed: int,
    quarter: Quarter,
    filed_on: date,
) -> None:
    """So many dossiers over these contracts, as the superuser of the database at `url`.

    Of the first `claimed` both tranches are verified and wait to be paid; the others are in
    every state.
    """
    with transaction.atomic():
        coach, officer = factories.make_user("coach").pk, factories.make_user("officer").pk
    given = {
        "dossiers": dossiers,
        "claimed": claimed,
        "pick": [
            contract.pk
            for contract, share in zip(contracts, SHARES, strict=True)
            for _ in range(share)
        ],
        "edition": contracts[0].edition_id,
        "facts": json.dumps(factories.facts()),
        "coach": coach,
        "officer": officer,
        "quarter": str(quarter),
        "filed_on": filed_on,
    }
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as link:
        with link.transaction():
            link.execute(ROWS, given)
            link.execute("ANALYZE many")
            link.execute(DOSSIERS, given)
        # Statistics and visibility as a database has them that has stood for a night.
        link.execute(f"VACUUM ANALYZE {', '.join(TABLES)}".encode())
