from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "escalation.api"
    label = "api"
    verbose_name = "API tokens"
