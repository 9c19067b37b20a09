"""Settings that hold everywhere. What differs per place comes from the environment."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Queue

ROOT = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "config.urls"
# Which doors this process opens. On a server the portal has a process, a database login and a key
# for its sessions of its own: none of them opens the back office.
DOORS = env.list("DOORS", default=["portal", "api", "backoffice"])
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    # Before the library whose pages they dress, and whose words give way to ours.
    "apps.entrance",
    "apps.design",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "apps.audit",
    "apps.accounts",
    "apps.providers",
    "apps.notices",
    "apps.members",
    "apps.documents",
    "apps.receipts",
    "apps.programme",
    "apps.enterprises",
    "apps.contracts",
    "apps.eligibility",
    "apps.dossiers",
    "apps.handling",
    "apps.claims",
    "apps.payouts",
    "apps.reporting",
    "apps.portal",
    "apps.backoffice",
    "apps.api",
    "apps.imports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.design.middleware.headers",
    "apps.design.middleware.busy",
    "apps.entrance.refusals.in_words",
    "apps.accounts.sessions.sealed_cookie",
    "apps.accounts.sessions.Sessions",
    "apps.entrance.knocking.remember_browser",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last, so that user and session are read before the tenant's role is taken.
    "apps.providers.middleware.scope",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.providers.middleware.acting_as",
            ],
        },
    }
]

# The database. Between transactions a connection is the doorkeeper, who may read who someone is
# and nothing else; a scope takes another role for the length of a transaction.
DATABASES = {
    "default": {
        **env.db_url_config(env("DATABASE_URL", default="postgresql:///cstraject")),
        "ENGINE": "apps.providers.postgresql",
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
# `migrate` works as the owner of the tables (manage.py), for as long as it takes. Everybody else
# gives up on a lock or a statement in time, so that one slow deed does not hold all others.
AS_OWNER = env.bool("DATABASE_AS_OWNER", default=False)
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "assume_role": None if AS_OWNER else "cst_doorkeeper",
    **({} if AS_OWNER else {"options": "-c lock_timeout=20s -c statement_timeout=300s"}),
}
# With what the database is told whose rows a transaction may see, and keeps what it may not read.
DATABASE_KEY = env("DATABASE_KEY", default="")
# After a change of key: the one before it, for as long as something is kept with that.
DATABASE_KEY_BEFORE = env("DATABASE_KEY_BEFORE", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
# What all processes must remember together for a while: who asked how often.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cst",
        "OPTIONS": {"serializer": "config.cache.PlainSerializer"},
    }
}
# How often a machine may ask.
KEY_RATE = env("KEY_RATE", default="300/min")
# How many refusals from one place are put on record; more tell nothing new.
REFUSALS_PER_MINUTE = 30

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
# Signing in: by address and password, and a second factor; or by a passkey.
ACCOUNT_ADAPTER = "apps.entrance.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# An address without account gets no mail, and the page says the same.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105  -- a class.
ACCOUNT_SESSION_REMEMBER = False
# The library counts nothing at signing in: by its counts a stranger locks others out. We do
# (`apps.entrance.knocking`): wrong ones of an address from one place or known browser; of all
# addresses from one place; codes of an account from all unknown browsers; mails to an account.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": None,
    "reset_password": "20/m/ip",
    "password": "5/5m/key",
    "code": "5/5m/key",
    "place": "20/m/key",
    "code_elsewhere": "50/h/key",
    "reset_mail": "3/15m/key",
    "told_of_codes": "1/d/key",
}
# The cookie by which a browser is known where somebody got in before, and for how long.
KNOWN_BROWSER_COOKIE = "known"
KNOWN_BROWSER_SECONDS = 90 * 24 * 60 * 60
ACCOUNT_FORMS = {
    "change_password": "apps.entrance.forms.ChangeForm",
    "reset_password": "apps.entrance.forms.ForgottenForm",
}
MFA_ADAPTER = "apps.entrance.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "apps.entrance.forms.CodeForm",
    "reauthenticate": "apps.entrance.forms.CodeAgainForm",
    "add_webauthn": "apps.entrance.forms.AddKeyForm",
    "authenticate_webauthn": "apps.entrance.forms.SecondFactorKeyForm",
    "login_webauthn": "apps.entrance.forms.PasskeyForm",
    "reauthenticate_webauthn": "apps.entrance.forms.KeyAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "cstraject"
MFA_TOTP_TOLERANCE = 1
# Whether a password alone is not enough.
SECOND_FACTOR = True
# Signing in by ACM/IDM, the identity of the Flemish government. Without an issuer it is not
# offered. Who somebody is and as what they may act is told by its OP, at every sign-in anew.
ACMIDM_ISSUER = env("ACMIDM_ISSUER", default="")
ACMIDM_CLIENT_ID = env("ACMIDM_CLIENT_ID", default="")
ACMIDM_CLIENT_SECRET = env("ACMIDM_CLIENT_SECRET", default="")
ACMIDM_SCOPES = (env("ACMIDM_SCOPES", default="") or "openid profile vo cstraject").split()
# Where the roles stand, the agency's own code there, and by what means one must have signed in
# (space-separated; none: any that ACM/IDM lets pass).
ACMIDM_ROLE_CLAIM = env("ACMIDM_ROLE_CLAIM", default="") or "cstraject_rol_3d"
ACMIDM_AGENCY_CODE = env("ACMIDM_AGENCY_CODE", default="")
ACMIDM_ACR = env("ACMIDM_ACR", default="").split()
if "rrn" in ACMIDM_SCOPES:
    raise ImproperlyConfigured("the national number is not asked: take rrn out of ACMIDM_SCOPES")
SOCIALACCOUNT_ADAPTER = "apps.entrance.adapters.FederatedAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
# How many proxies of ours stand before this process, so that attempts are counted by who made them.
ALLAUTH_TRUSTED_PROXY_COUNT = 0
# Rights on a provider are group rights alone, in their own table.
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False

SESSION_ENGINE = "apps.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Half an hour without a word ends a session; each answer prolongs it (and see accounts.sessions).
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "apps.entrance.refusals.token_wrong"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        # Signing in and out goes on to the OP, which browsers count as where a form goes.
        "form-action": [
            SELF,
            *({"{0.scheme}://{0.netloc}".format(urlsplit(ACMIDM_ISSUER))} - {"://"}),
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
USE_I18N = True
TIME_ZONE = "Europe/Brussels"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "apps.design.formats"

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "static"
STORAGES = {
    # Evidence: served by a view that asks who is there, never from a public address.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env("DOCUMENTS_DIR", default=str(ROOT / ".var" / "documents"))},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "apps.documents.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Only on one's own machine: what the demo loads, and where it tells who can sign in.
DEMO_PORTFOLIO = ROOT / "demo"
DEMO_SIGN_INS: Path | None = None

# By whom messages are sent, and in whose name.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="cstraject <noreply@localhost>")
EMAIL_TIMEOUT = 30
# Whom the agency may invite, by the domain of their address, so that nobody there is two people
# with two mailboxes; none: anybody.
AGENCY_MAIL_DOMAINS = env.list("AGENCY_MAIL_DOMAINS", default=[])
# How long the address to choose a new password is good, in seconds.
PASSWORD_RESET_TIMEOUT = 60 * 60

# Who pays: the account from which a run's payment file draws.
PAYER_NAME = env("PAYER_NAME", default="Agentschap Innoveren en Ondernemen")
PAYER_IBAN = env("PAYER_IBAN", default="")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.api.authentication.TokenOfMiddleware"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.permissions.MayAtProvider"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.throttling.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.api.errors.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "cstraject",
    "DESCRIPTION": "A provider's machine reads its contract, dossiers and tranches, and files.",
    "VERSION": "1",
    "OAS_VERSION": "3.0.3",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "DossierState": "cstraject.lifecycle.DOSSIER.states",
        "ClaimState": "cstraject.lifecycle.CLAIM.states",
        "DocumentKind": "apps.documents.models.FILED_WITH",
        "EntityKind": "cstraject.kmo.KINDS",
        "StaffKind": "cstraject.kmo.STAFF_KINDS",
    },
}

CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://", 1)
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
# The state of the rows is the queue; a message is only a bell, so none is worth keeping. A worker
# that holds none has none to give back when Redis is lost: it would end over that.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = (Queue("celery", no_ack=True),)  # type: ignore[no-untyped-call]
CELERY_TASK_SOFT_TIME_LIMIT = 10 * 60
CELERY_TASK_TIME_LIMIT = 12 * 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "assess what was filed": {
        "task": "dossiers.assess_submitted",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
    "make long lists": {
        "task": "reporting.make_exports",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
    "remove old lists": {
        "task": "reporting.clear_exports",
        "schedule": env.float("NIGHT_SECONDS", default=24 * 60 * 60.0),
        "options": {"expires": 60 * 60},
    },
    "write decision letters": {
        "task": "dossiers.write_letters",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
    "release what completed work will not use": {
        "task": "claims.release_rests",
        "schedule": env.float("NIGHT_SECONDS", default=24 * 60 * 60.0),
        "options": {"expires": 60 * 60},
    },
    "clear sessions that are over": {
        "task": "accounts.clear_sessions",
        "schedule": env.float("NIGHT_SECONDS", default=24 * 60 * 60.0),
        "options": {"expires": 60 * 60},
    },
    "send messages": {
        "task": "notices.send_waiting",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
    "draw up the run that is due": {
        "task": "payouts.draw_up_due_run",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
    "write payment files": {
        "task": "payouts.write_payment_files",
        "schedule": env.float("BELL_SECONDS", default=30.0),
        "options": {"expires": 60},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # It tells at each start that it can tell.
    "loggers": {"pikepdf": {"level": "WARNING"}},
}
