from django.db import migrations

# A key opens nothing any more once whoever issued it has left: their account was shut.
SQL = """
CREATE OR REPLACE FUNCTION cst_show_key(shown text, moment timestamptz)
RETURNS TABLE (user_id bigint, provider_id bigint, acts varchar[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_id uuid;
BEGIN
    SELECT t.id INTO found_id FROM providers_token t JOIN accounts_user u ON u.id = t.user_id
        JOIN accounts_user issuer ON issuer.id = t.issued_by_id
    WHERE t.digest = encode(sha256(convert_to(shown, 'UTF8')), 'hex') AND t.revoked_at IS NULL
        AND t.expires_at > moment AND u.is_active AND u.kind = 'machine' AND issuer.is_active;
    UPDATE providers_token t SET last_used_at = moment WHERE t.id = found_id
        AND (t.last_used_at IS NULL OR t.last_used_at < moment - interval '5 minutes');
    RETURN QUERY SELECT t.user_id, t.provider_id, t.acts FROM providers_token t
        WHERE t.id = found_id;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0006_sealed_tenant")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
