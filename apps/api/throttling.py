"""How often a key may ask. Who asks too often is told when to come back."""

import logging
from typing import Any

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

logger = logging.getLogger(__name__)


class KeyThrottle(UserRateThrottle):
    """Per key, since every key has an account of its own.

    It protects the others, not a secret: without its memory (Redis) requests are let through.
    """

    scope = "key"
    THROTTLE_RATES = {"key": settings.KEY_RATE}

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except redis.RedisError:
            logger.warning("requests are not counted: Redis does not answer")
            return True
