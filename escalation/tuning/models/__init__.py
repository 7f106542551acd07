from escalation.tuning.models.label import Label
from escalation.tuning.models.proposal import Proposal, Settlement
from escalation.tuning.models.target import GateTarget

__all__ = ["GateTarget", "Label", "Proposal", "Settlement"]
