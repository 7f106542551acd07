from django.apps import AppConfig


class TuningConfig(AppConfig):
    name = "escalation.tuning"
    label = "tuning"
    verbose_name = "Labels and thresholds"

    def ready(self) -> None:
        from escalation.tuning import receivers  # noqa: F401
