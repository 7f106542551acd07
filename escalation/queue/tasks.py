from escalation.queue.models import Escalation
from escalation.ticks import tick


@tick("queue.expire_overdue")
def expire_overdue() -> int:
    """Expire what nobody decided in time."""
    return Escalation.objects.expire_overdue()


@tick("queue.widen_what_waits")
def widen_what_waits() -> int:
    """Remind of what waits, and widen the circle of those who know, before the deadline."""
    return Escalation.objects.widen_what_waits()
