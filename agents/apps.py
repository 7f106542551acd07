from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Runs"

    def ready(self) -> None:
        from agents import breaker_log, receivers  # noqa: F401
        from agents.registry import discover
        from agents.stores.breaker import shared_breakers

        shared_breakers().on_transition = breaker_log.note
        discover()
