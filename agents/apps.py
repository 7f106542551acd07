from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Runs"

    def ready(self) -> None:
        from agents import receivers  # noqa: F401
        from agents.registry import discover

        discover()
