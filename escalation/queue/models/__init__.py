from escalation.queue.models.check import Check
from escalation.queue.models.decision import Decision, Verdict
from escalation.queue.models.escalation import Escalation
from escalation.queue.models.event import Event
from escalation.queue.models.load import QueueEvent
from escalation.queue.models.note import Note, Watch
from escalation.queue.models.reason import Reason
from escalation.queue.models.reason_code import ReasonCode
from escalation.queue.models.review_queue import Membership, ReviewQueue

__all__ = [
    "Check",
    "Decision",
    "Escalation",
    "Event",
    "Membership",
    "Note",
    "QueueEvent",
    "Reason",
    "ReasonCode",
    "ReviewQueue",
    "Verdict",
    "Watch",
]
