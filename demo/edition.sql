-- An edition of 2026-2028 with the terms of the one before it: an example, for none is published.
WITH edition AS (
    INSERT INTO programme_edition (
        name, valid_from, valid_until, rate, vat_rate, extended_price_max, first_tranche_share,
        first_tranche_threshold, once_only_years, claim_window_days, run_day,
        de_minimis_includes_vat, maatwerk_exempt_from, period_rule, once_only_per,
        de_minimis_boundary_counts, de_minimis_old_in_transition, overrides_by_two
    )
    SELECT
        '2026-2028', '2026-01-01', '2028-12-31', rate, vat_rate, extended_price_max,
        first_tranche_share, first_tranche_threshold, once_only_years, claim_window_days, run_day,
        de_minimis_includes_vat, maatwerk_exempt_from, period_rule, once_only_per,
        de_minimis_boundary_counts, de_minimis_old_in_transition, overrides_by_two
    FROM programme_edition
    WHERE name = '2021-2024'
        AND NOT EXISTS (SELECT 1 FROM programme_edition WHERE name = '2026-2028')
    RETURNING id
), packages AS (
    INSERT INTO programme_package
        (edition_id, code, price_min, price_max, valid_from, valid_until)
    SELECT edition.id, code, price_min, price_max, '2026-01-01', '2028-12-31'
    FROM edition, programme_package
)
INSERT INTO programme_legalform (edition_id, code, accepted_from)
SELECT edition.id, code, accepted_from FROM edition, programme_legalform
