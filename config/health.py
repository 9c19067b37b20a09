"""Whether this process reaches its database and its broker: asked by the container and the demo.

The container asks by `python -m config.health`, under a host name that the web accepts.
"""

import os
import sys
import urllib.request
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry


# A transaction would be opened before the view, and fail there.
@transaction.non_atomic_requests
def health(request: HttpRequest) -> JsonResponse:
    found = {"database": _try(_ask_database), "redis": _try(_ask_redis)}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def _try(ask: Callable[[], object]) -> str:
    """Says no more than that it failed: whoever asks need not be known to us."""
    try:
        ask()
    except (DatabaseError, redis.RedisError):
        return "unreachable"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1, retry=once
    ) as client:
        client.ping()


def main() -> int:
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
    request = urllib.request.Request("http://127.0.0.1:8000/health/", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
