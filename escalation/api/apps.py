from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "escalation.api"
    label = "api"
    verbose_name = "API tokens"

    def ready(self) -> None:
        from escalation.api.compat import receivers  # noqa: F401
