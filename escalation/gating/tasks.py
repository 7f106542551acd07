from escalation.gating.models import Agent
from escalation.ticks import tick


@tick("gating.look_after_agents")
def look_after_agents() -> int:
    """Warn of live agents that may not go live any more, and let those fall back whose grace is over."""
    return Agent.objects.look_after()
