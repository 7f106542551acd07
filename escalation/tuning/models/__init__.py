from escalation.tuning.models.alarm import Alarm
from escalation.tuning.models.label import Label
from escalation.tuning.models.proposal import Proposal, Settlement
from escalation.tuning.models.rails import GateCosts, GateRails
from escalation.tuning.models.target import GateTarget
from escalation.tuning.models.watch import Watch

__all__ = [
    "Alarm",
    "GateCosts",
    "GateRails",
    "GateTarget",
    "Label",
    "Proposal",
    "Settlement",
    "Watch",
]
