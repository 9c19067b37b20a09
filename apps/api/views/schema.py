"""The description of the API (OpenAPI 3.0), for whoever writes a machine."""

from drf_spectacular.views import SpectacularAPIView

schema = SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[])
