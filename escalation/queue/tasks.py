from escalation.queue.models import Escalation
from escalation.ticks import tick


@tick("queue.expire_overdue")
def expire_overdue() -> int:
    """Expire what nobody decided in time."""
    return Escalation.objects.expire_overdue()
