from django.apps import AppConfig


class GatingConfig(AppConfig):
    name = "escalation.gating"
    label = "gating"
    verbose_name = "Gates and policies"

    def ready(self) -> None:
        from escalation.gating import receivers  # noqa: F401
