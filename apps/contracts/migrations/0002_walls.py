"""The ledger is append-only; a trigger on it is the only writer of a contract's balances."""

from django.db import migrations

SQL = """
CALL cst_wall('contracts_contract', 'SELECT', 'SELECT, INSERT');
CALL cst_wall('contracts_ledgerentry', 'SELECT, INSERT', 'SELECT, INSERT');
CALL cst_kin('contracts_ledgerentry', 'contract_id', 'contracts_contract');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contracts_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();

-- The keeper alone writes balances, and only as the sum of what is entered.
CREATE POLICY keeps ON contracts_contract TO cst_keeper USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (budget, committed, paid) ON contracts_contract TO cst_keeper;

CREATE FUNCTION contracts_keep_balances() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE contracts_contract AS contract
    SET budget = contract.budget + entered.awarded,
        committed = contract.committed + entered.committed,
        paid = contract.paid + entered.paid
    FROM (
        SELECT
            contract_id,
            coalesce(sum(amount) FILTER (WHERE kind = 'award'), 0) AS awarded,
            coalesce(sum(amount) FILTER (WHERE kind = 'commit'), 0)
                - coalesce(sum(amount) FILTER (WHERE kind = 'release'), 0) AS committed,
            coalesce(sum(amount) FILTER (WHERE kind = 'pay'), 0)
                - coalesce(sum(amount) FILTER (WHERE kind = 'return'), 0) AS paid
        FROM entries
        GROUP BY contract_id
        ORDER BY contract_id
    ) AS entered
    WHERE contract.id = entered.contract_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION contracts_refuse_other_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.budget, NEW.committed, NEW.paid) = (0, 0, 0) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' OR current_user <> 'cst_keeper' THEN
        RAISE EXCEPTION 'balances follow from the ledger' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Deeds that move money lock the contract first. The keeper locks it for them, since a
-- provider's role may change nothing of a contract; another's contract it does not touch.
CREATE FUNCTION contracts_lock(wanted bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    scope bigint := nullif(current_setting('app.provider', true), '')::bigint;
BEGIN
    PERFORM FROM contracts_contract
    WHERE id = wanted AND provider_id = coalesce(scope, provider_id)
    FOR NO KEY UPDATE;
END
$$;
REVOKE ALL ON FUNCTION contracts_lock, contracts_keep_balances FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contracts_lock TO cst_provider, cst_backoffice;

CREATE TRIGGER keep_balances AFTER INSERT ON contracts_ledgerentry
    REFERENCING NEW TABLE AS entries
    FOR EACH STATEMENT EXECUTE FUNCTION contracts_keep_balances();
CREATE TRIGGER refuse_other_writers
    BEFORE INSERT OR UPDATE OF budget, committed, paid ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contracts_refuse_other_writers();

-- Handing a function over asks that its new owner may create in the schema; only for this moment.
GRANT CREATE ON SCHEMA public TO cst_keeper;
ALTER FUNCTION contracts_keep_balances OWNER TO cst_keeper;
ALTER FUNCTION contracts_lock OWNER TO cst_keeper;
REVOKE CREATE ON SCHEMA public FROM cst_keeper;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
