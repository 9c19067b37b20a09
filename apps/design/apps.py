from django.apps import AppConfig


class DesignConfig(AppConfig):
    name = "apps.design"
    label = "design"
