"""What the caller may do at the provider that the URL names."""

from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.providers.middleware import DoorRequest, must_have_acts


class MayAtProvider(BasePermission):
    """A view names in `acts` the act that each method needs. What it does not name is shut."""

    def has_permission(self, request: Request, view: Any) -> bool:
        act = getattr(view, "acts", {}).get(request.method, "")
        return must_have_acts(cast(DoorRequest, request._request), act)
