from django.apps import AppConfig


class QueueConfig(AppConfig):
    name = "escalation.queue"
    label = "queue"
    verbose_name = "Review queue"

    def ready(self) -> None:
        from escalation.queue import receivers  # noqa: F401
