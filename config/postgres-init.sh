#!/bin/sh
# The image of PostgreSQL runs this once, on an empty volume: the logins and whose the
# database is. All other roles and rights are made by the migrations.
set -eu

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=owner_password="$OWNER_DB_PASSWORD" --set=web_password="$WEB_DB_PASSWORD" \
    --set=portal_password="$PORTAL_DB_PASSWORD" <<'SQL'
CREATE ROLE cst_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE cst_web LOGIN NOINHERIT PASSWORD :'web_password';
CREATE ROLE cst_portal LOGIN NOINHERIT PASSWORD :'portal_password';
-- Only a superuser may say so: what one process of the portal asks, no other sees (ADR 10).
ALTER ROLE cst_portal SET track_activities = off;
ALTER DATABASE cstraject OWNER TO cst_owner;
SQL
