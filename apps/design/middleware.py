"""What holds for every page that we make; static files are answered before this is reached."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import is_valid_path
from psycopg.errors import LockNotAvailable
from redis import RedisError

# What a browser could do on behalf of a page, and no page of ours needs.
SWITCHED_OFF = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in SWITCHED_OFF)


def headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Add them after a view has answered; what a view set itself stands.

    Who only looks at an address that takes what is sent is shown the page that sends it.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method in ("GET", "HEAD"):
            response = HttpResponseRedirect(page_above(request.path))
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages tell who was helped: none may stay behind on a shared computer.
        response.setdefault("Cache-Control", "no-store")
        return response

    return answer


def page_above(path: str) -> str:
    """The nearest address above this one that exists."""
    above = path.rstrip("/")
    while above:
        above = above.rpartition("/")[0]
        if is_valid_path(f"{above}/"):
            return f"{above}/"
    return "/"


def busy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Who waited in vain is asked to come back, not shown a failure.

    Another deed held what was needed; or what counts attempts to sign in (Redis) does not answer.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        held = isinstance(exception, OperationalError) and isinstance(
            exception.__cause__, LockNotAvailable
        )
        if held or isinstance(exception, RedisError):
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "30"
            return response
        return None

    answer.process_exception = process_exception  # type: ignore[attr-defined]
    return answer
