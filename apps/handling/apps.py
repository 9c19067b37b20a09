from django.apps import AppConfig


class HandlingConfig(AppConfig):
    name = "apps.handling"
    label = "handling"
