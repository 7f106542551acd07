from escalation.gating.models.agent import Agent, AgentEvent
from escalation.gating.models.gate import Gate
from escalation.gating.models.outcome import Outcome, Result
from escalation.gating.models.policy import Policy

__all__ = ["Agent", "AgentEvent", "Gate", "Outcome", "Policy", "Result"]
