from escalation.queue.models import Escalation
from escalation.queue.models.load import note_loads as note
from escalation.ticks import tick


@tick("queue.expire_overdue")
def expire_overdue() -> int:
    """Expire what nobody decided in time."""
    return Escalation.objects.expire_overdue()


@tick("queue.widen_what_waits")
def widen_what_waits() -> int:
    """Remind of what waits, and widen the circle of those who know, before the deadline."""
    return Escalation.objects.widen_what_waits()


@tick("queue.note_loads")
def note_loads() -> int:
    """See which review queues have more than they can do."""
    return note()
