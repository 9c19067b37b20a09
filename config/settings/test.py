"""Under the tests, which have servers of their own: they break them."""

import os
import re

from config import embedded

if "CSTRAJECT_INSTANCE" not in os.environ:
    # The first process names the servers; what it starts inherits the names.
    os.environ["CSTRAJECT_INSTANCE"] = f"test_{os.getpid()}"
    for given in ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "DOCUMENTS_DIR"):
        os.environ.pop(given, None)
embedded.fill_environment(os.environ)

from config.settings.base import *  # noqa: E402, F403  -- the environment must be filled first.

SECRET_KEY = "only for tests, never a secret"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECOND_FACTOR = os.environ.get("SECOND_FACTOR") == "1"
DATABASE_KEY = SECRET_KEY
PAYER_IBAN = "BE56999000060088"
# All databases of the tests share one Redis, and accounts have the same numbers in each.
KEY_RATE = "1000000/min"
REFUSALS_PER_MINUTE = 1_000_000
# Each process of tests remembers by itself, and forgets without taking from another.
_NTH = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 2
CACHES["default"]["LOCATION"] = re.sub(r"((\?db=|/)\d+)?$", f"?db={_NTH}", REDIS_URL, count=1)  # noqa: F405
# Documents of tests leave nothing behind; those that two processes read have a folder of the test.
STORAGES["default"] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}  # noqa: F405
if folder := os.environ.get("TEST_DOCUMENTS_DIR"):
    STORAGES["default"] = {  # noqa: F405
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
