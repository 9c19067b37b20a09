#!/usr/bin/env python
"""Commands. Where no DATABASE_URL or REDIS_URL is given, they use the embedded servers."""

import os
import sys

# These see every table and so work as the owner, not through a role.
AS_OWNER = {"migrate", "makemigrations", "showmigrations", "sqlmigrate", "dbshell"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    if sys.argv[1:2] and sys.argv[1] in AS_OWNER:
        os.environ["DATABASE_AS_OWNER"] = "1"
        if owner := os.environ.get("OWNER_DATABASE_URL"):
            os.environ["DATABASE_URL"] = owner

    from config import embedded

    with embedded.running(os.environ):
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
