from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Runs"

    def ready(self) -> None:
        from agents import checks, receivers  # noqa: F401
        from agents.breakers import log as breaker_log
        from agents.registry import discover
        from agents.stores.breaker import shared_breakers

        breakers = shared_breakers()
        breakers.on_transition, breakers.orders = breaker_log.note, breaker_log.order_for
        discover()
