from escalation.gating.models.agent import Agent, AgentEvent
from escalation.gating.models.drill import Drill
from escalation.gating.models.failure_mode import FailureMode
from escalation.gating.models.gate import Gate
from escalation.gating.models.outcome import Outcome, Result
from escalation.gating.models.policy import Policy

__all__ = ["Agent", "AgentEvent", "Drill", "FailureMode", "Gate", "Outcome", "Policy", "Result"]
