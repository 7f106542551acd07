from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "escalation.delivery"
    label = "delivery"
    verbose_name = "Deliveries"

    def ready(self) -> None:
        from escalation.delivery import alerts, receivers  # noqa: F401
