"""System checks of the agents: what no run of theirs could do, said before anything starts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from agents.registry import known_agents


@register("agents")
def check_models(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every agent's model has a price: without one no call is made."""
    from agents.llm.pricing import price_of

    return [
        Error(
            f"Agent {agent.name!r} uses the model {model!r}, for which no price is known.",
            hint="Write the id as the Messages API has it, as claude-haiku-5-5, or update genai-prices.",
            id="agents.E001",
        )
        for agent in known_agents()
        for model in sorted(agent.models)
        if price_of(model) is None
    ]
