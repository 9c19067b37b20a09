"""Every address that this process serves (`DOORS`). A door's namespace decides the scope."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import TemplateView
from django.views.i18n import set_language

from apps.api.views.schema import schema
from apps.portal.views.precheck import precheck
from config.health import health

DOORS: dict[str, list[URLPattern | URLResolver]] = {
    "portal": [
        path("pre-check/", precheck, name="precheck"),
        path("p/<slug:provider>/", include("apps.portal.urls")),
    ],
    "api": [
        path("api/v1/schema/", schema, name="schema"),
        path("api/v1/providers/<slug:provider>/", include("apps.api.urls")),
    ],
    "backoffice": [path("agency/", include("apps.backoffice.urls"))],
}
if unknown := set(settings.DOORS) - set(DOORS):
    raise ImproperlyConfigured(f"there is no door {sorted(unknown)}: DOORS are {sorted(DOORS)}")

handler404 = "apps.api.errors.nothing_here"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.entrance.urls")),
    path("language/", set_language, name="language"),
    path(
        "accessibility/",
        TemplateView.as_view(template_name="design/accessibility.html"),
        name="accessibility",
    ),
    path("health/", health, name="health"),
    *(pattern for door in settings.DOORS for pattern in DOORS[door]),
]
