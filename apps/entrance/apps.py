from django.apps import AppConfig


class EntranceConfig(AppConfig):
    name = "apps.entrance"
    label = "entrance"
