from escalation.tuning.models.alarm import Alarm
from escalation.tuning.models.calibration import Calibration
from escalation.tuning.models.draft import Draft
from escalation.tuning.models.label import Label
from escalation.tuning.models.proposal import Proposal
from escalation.tuning.models.rails import GateCosts, GateRails
from escalation.tuning.models.settlement import Settlement
from escalation.tuning.models.tally import Tally, TallyMark
from escalation.tuning.models.target import GateTarget
from escalation.tuning.models.watch import Watch

__all__ = [
    "Alarm",
    "Calibration",
    "Draft",
    "GateCosts",
    "GateRails",
    "GateTarget",
    "Label",
    "Proposal",
    "Settlement",
    "Tally",
    "TallyMark",
    "Watch",
]
