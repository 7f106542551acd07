from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AccessConfig(AppConfig):
    name = "escalation.access"
    label = "access"
    verbose_name = "Sign-ins"

    def ready(self) -> None:
        from escalation.access import receivers  # noqa: F401


class OpsAdminConfig(admin.AdminConfig):
    """Django's admin behind our own door."""

    default = False
    default_site = "escalation.access.admin_site.OpsSite"
