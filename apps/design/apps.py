from django.apps import AppConfig


class DesignConfig(AppConfig):
    name = "apps.design"
    label = "design"

    def ready(self) -> None:
        from apps.design.fields import say_what_to_do

        say_what_to_do()
