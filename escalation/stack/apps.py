"""The stack as an installed app: commands, system checks, pool processes that die with their worker."""

from celery import signals
from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from escalation.stack.parentage import bind_pool_process


class StackConfig(AppConfig):
    name = "escalation.stack"
    label = "stack"

    def ready(self) -> None:
        """Register the checks, the groups and the signal."""
        from escalation import checks  # noqa: F401  (registers by being imported)
        from escalation.groups import ensure_groups
        from escalation.stack.demo import opening  # noqa: F401  (receives by being imported)

        # Once a migration, whichever app it was of: one sender stands for all.
        post_migrate.connect(ensure_groups, sender=apps.get_app_config("queue"))
        signals.worker_process_init.connect(bind_pool_process)
