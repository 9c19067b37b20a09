"""On a server. Refuses to start without its secrets."""

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ACMIDM_CLIENT_ID,
    ACMIDM_CLIENT_SECRET,
    ACMIDM_ISSUER,
    AGENCY_MAIL_DOMAINS,
    AS_OWNER,
    DOORS,
    env,
)

SECRET_KEY = env("SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10:
    raise ImproperlyConfigured("SECRET_KEY must be 50 random characters or more")
DATABASE_KEY = env("DATABASE_KEY")
if len(DATABASE_KEY) < 50 or len(set(DATABASE_KEY)) < 10:
    raise ImproperlyConfigured("DATABASE_KEY must be 50 random characters or more")
if DATABASE_KEY == SECRET_KEY:
    raise ImproperlyConfigured("DATABASE_KEY and SECRET_KEY must be two keys")
# A session of some doors opens no others, also where they were given one key by mistake.
SECRET_KEY = f"{SECRET_KEY}:{','.join(sorted(DOORS))}"
if not env.bool("SECOND_FACTOR", default=True):
    raise ImproperlyConfigured("SECOND_FACTOR cannot be switched off here")
if ACMIDM_ISSUER and not ACMIDM_ISSUER.startswith("https://"):
    raise ImproperlyConfigured("ACMIDM_ISSUER must be an https address")
if ACMIDM_ISSUER and not (ACMIDM_CLIENT_ID and ACMIDM_CLIENT_SECRET):
    raise ImproperlyConfigured("ACMIDM_CLIENT_ID and ACMIDM_CLIENT_SECRET belong to ACMIDM_ISSUER")
if "backoffice" in DOORS and not AGENCY_MAIL_DOMAINS:
    raise ImproperlyConfigured("AGENCY_MAIL_DOMAINS must bound whom the agency invites")
ALLAUTH_TRUSTED_PROXY_COUNT = 1
if AS_OWNER and Path(sys.argv[0]).name != "manage.py":
    raise ImproperlyConfigured("only manage.py works as the owner of the tables")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
DATABASE_URL = env("DATABASE_URL")
REDIS_URL = env("REDIS_URL")
PAYER_IBAN = env("PAYER_IBAN")
if "backoffice" in DOORS:  # The worker sends; the portal only posts.
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env("EMAIL_FROM")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
# The health check of the container comes over plain HTTP, from inside.
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# A browser takes cookies of these names from this very host alone.
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
KNOWN_BROWSER_COOKIE = "__Host-known"
STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
