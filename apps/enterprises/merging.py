"""How a batch of rows becomes part of the register: the statements, by what the file tells of.

Each may be done twice. `%(extract)s` and `%(snapshot)s` tell which extract the rows are of; the
names after `incoming` are those of the columns of the batch.
"""

INSERT = {
    "code": [
        """
        INSERT INTO enterprises_code (category, code, language, description, extract)
        SELECT category, code, language, description, %(extract)s
        FROM enterprises_incoming AS incoming (category, code, language, description)
        ON CONFLICT (category, code, language)
        DO UPDATE SET description = excluded.description, extract = excluded.extract
        """
    ],
    "enterprise": [
        """
        INSERT INTO enterprises_enterprise
            (number, name, name_rank, named_by, status, kind, legal_form_code, started_on,
             postal_code, municipality, country, placed_by, gone_since, extract, snapshot_on)
        SELECT number, '', 99, 0, status, kind, form, nullif(started, '')::date,
            '', '', '', 0, NULL, %(extract)s, %(snapshot)s
        FROM enterprises_incoming AS incoming (number, status, kind, form, started)
        ON CONFLICT (number) DO UPDATE SET
            status = excluded.status, kind = excluded.kind,
            legal_form_code = excluded.legal_form_code, started_on = excluded.started_on,
            gone_since = NULL, extract = excluded.extract, snapshot_on = excluded.snapshot_on
        """
    ],
    "establishment": [
        """
        INSERT INTO enterprises_establishment
            (number, enterprise_number, started_on, postal_code, municipality, placed_by,
             gone_since, extract, snapshot_on)
        SELECT number, owner, nullif(started, '')::date, '', '', 0, NULL, %(extract)s, %(snapshot)s
        FROM enterprises_incoming AS incoming (number, owner, started)
        ON CONFLICT (number) DO UPDATE SET
            enterprise_number = excluded.enterprise_number, started_on = excluded.started_on,
            gone_since = NULL, extract = excluded.extract, snapshot_on = excluded.snapshot_on
        """
    ],
    # A name of this extract replaces one of an earlier, and one that ranks after it.
    "denomination": [
        """
        UPDATE enterprises_enterprise AS enterprise
        SET name = incoming.name, name_rank = rank::smallint, named_by = %(extract)s
        FROM enterprises_incoming AS incoming (number, rank, name)
        WHERE enterprise.number = incoming.number AND (
            named_by < %(extract)s
            OR (rank::smallint, incoming.name) < (name_rank, enterprise.name)
        )
        """
    ],
    "address": [
        """
        UPDATE enterprises_enterprise AS enterprise
        SET postal_code = incoming.postal_code, municipality = incoming.municipality,
            country = incoming.country, placed_by = %(extract)s
        FROM enterprises_incoming AS incoming (number, postal_code, municipality, country)
        WHERE enterprise.number = incoming.number
        """,
        """
        UPDATE enterprises_establishment AS establishment
        SET postal_code = incoming.postal_code, municipality = incoming.municipality,
            placed_by = %(extract)s
        FROM enterprises_incoming AS incoming (number, postal_code, municipality, country)
        WHERE establishment.number = incoming.number
        """,
    ],
    "activity": [
        """
        INSERT INTO enterprises_activity
            (entity_number, "group", nace_version, code, classification, extract)
        SELECT number, section, version, code, classification, %(extract)s
        FROM enterprises_incoming AS incoming (number, section, version, code, classification)
        ON CONFLICT (entity_number, "group", nace_version, code, classification)
        DO UPDATE SET extract = excluded.extract
        """
    ],
}

# What an update takes away; most of it comes back, changed, with the rows that follow.
DELETE = {
    "enterprise": [
        """
        UPDATE enterprises_enterprise AS enterprise SET gone_since = %(snapshot)s
        FROM enterprises_incoming AS incoming (number)
        WHERE enterprise.number = incoming.number AND gone_since IS NULL
        """
    ],
    "establishment": [
        """
        UPDATE enterprises_establishment AS establishment SET gone_since = %(snapshot)s
        FROM enterprises_incoming AS incoming (number)
        WHERE establishment.number = incoming.number AND gone_since IS NULL
        """
    ],
    # Of what is gone the last that was known stays.
    "denomination": [
        """
        UPDATE enterprises_enterprise AS enterprise SET name = '', name_rank = 99, named_by = 0
        FROM enterprises_incoming AS incoming (number)
        WHERE enterprise.number = incoming.number AND gone_since IS NULL
        """
    ],
    "address": [
        """
        UPDATE enterprises_enterprise AS enterprise
        SET postal_code = '', municipality = '', country = '', placed_by = 0
        FROM enterprises_incoming AS incoming (number)
        WHERE enterprise.number = incoming.number AND gone_since IS NULL
        """,
        """
        UPDATE enterprises_establishment AS establishment
        SET postal_code = '', municipality = '', placed_by = 0
        FROM enterprises_incoming AS incoming (number)
        WHERE establishment.number = incoming.number AND gone_since IS NULL
        """,
    ],
    "activity": [
        """
        DELETE FROM enterprises_activity AS activity
        USING enterprises_incoming AS incoming (number)
        WHERE activity.entity_number = incoming.number
            AND NOT EXISTS (
                SELECT FROM enterprises_enterprise AS gone
                WHERE gone.number = incoming.number AND gone.gone_since IS NOT NULL
            )
            AND NOT EXISTS (
                SELECT FROM enterprises_establishment AS gone
                WHERE gone.number = incoming.number AND gone.gone_since IS NOT NULL
            )
        """
    ],
}

# Once all of a full extract is in.
AFTER_FULL = [
    """
    UPDATE enterprises_enterprise SET gone_since = %(snapshot)s
    WHERE extract < %(extract)s AND gone_since IS NULL AND (%(all)s OR number = ANY(%(wanted)s))
    """,
    """
    UPDATE enterprises_establishment SET gone_since = %(snapshot)s
    WHERE extract < %(extract)s AND gone_since IS NULL
        AND (%(all)s OR enterprise_number = ANY(%(wanted)s))
    """,
    # What is still there, without a name, an address or an activity that it had before.
    """
    UPDATE enterprises_enterprise SET name = '', name_rank = 99, named_by = 0
    WHERE extract = %(extract)s AND named_by < %(extract)s AND name <> ''
    """,
    """
    UPDATE enterprises_enterprise
    SET postal_code = '', municipality = '', country = '', placed_by = 0
    WHERE extract = %(extract)s AND placed_by < %(extract)s AND placed_by > 0
    """,
    """
    UPDATE enterprises_establishment SET postal_code = '', municipality = '', placed_by = 0
    WHERE extract = %(extract)s AND placed_by < %(extract)s AND placed_by > 0
    """,
    """
    DELETE FROM enterprises_activity AS activity USING enterprises_enterprise AS enterprise
    WHERE activity.extract < %(extract)s AND enterprise.extract = %(extract)s
        AND enterprise.number = activity.entity_number
    """,
    """
    DELETE FROM enterprises_activity AS activity USING enterprises_establishment AS establishment
    WHERE activity.extract < %(extract)s AND establishment.extract = %(extract)s
        AND establishment.number = activity.entity_number
    """,
]
