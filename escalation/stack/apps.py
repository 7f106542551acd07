"""The stack as an installed app: commands, system checks, pool processes that die with their worker."""

from celery import signals
from django.apps import AppConfig

from escalation.stack.parentage import bind_pool_process


class StackConfig(AppConfig):
    name = "escalation.stack"
    label = "stack"

    def ready(self) -> None:
        """Register the checks and the signal."""
        from escalation import checks  # noqa: F401  (registers by being imported)

        signals.worker_process_init.connect(bind_pool_process)
