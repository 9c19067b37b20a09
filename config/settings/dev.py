"""On one's own machine: the demo, with embedded servers where none are given."""

import os

from config import embedded

embedded.fill_environment(os.environ)

from config.settings.base import *  # noqa: E402, F403  -- the environment must be filled first.
from config.settings.base import env  # noqa: E402

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = embedded.secret_key()
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
PAYER_IBAN = env("PAYER_IBAN", default="BE56999000060088")
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
DEMO_SIGN_INS = embedded.sign_ins()
# Mails become files beside the demo's data.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = embedded.mails()
# `make demo` says no, so that one can look around; production refuses to start with that.
SECOND_FACTOR = env.bool("SECOND_FACTOR", default=True)
DATABASE_KEY = SECRET_KEY
