"""Every address. A door's namespace decides which scope its requests work in."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import TemplateView
from django.views.i18n import set_language

from apps.api.views.schema import schema
from apps.entrance.views.home import choose, home
from apps.entrance.views.rights import rights
from apps.portal.views.precheck import precheck
from config.health import health

urlpatterns = [
    path("", home, name="home"),
    path("act-as/", choose, name="act-as"),
    path("who-may-do-what/", rights, name="rights"),
    path("sign-in/", LoginView.as_view(redirect_authenticated_user=True), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("language/", set_language, name="language"),
    path(
        "accessibility/",
        TemplateView.as_view(template_name="design/accessibility.html"),
        name="accessibility",
    ),
    path("pre-check/", precheck, name="precheck"),
    path("health/", health, name="health"),
    path("p/<slug:provider>/", include("apps.portal.urls")),
    path("agency/", include("apps.backoffice.urls")),
    path("api/v1/schema/", schema, name="schema"),
    path("api/v1/providers/<slug:provider>/", include("apps.api.urls")),
]
