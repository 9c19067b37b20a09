"""What the caller may do at the provider that the URL names."""

from typing import Any, cast

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.providers.middleware import DoorRequest, must_have_acts


class MayAtProvider(BasePermission):
    """A view names in `acts` the act that each method needs. What it does not name is shut."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method == "HEAD" else str(request.method)
        act = getattr(view, "acts", {}).get(method, "")
        allowed = must_have_acts(cast(DoorRequest, request._request), act)
        if not act:
            raise MethodNotAllowed(method)
        return allowed
