from django.utils.timezone import now

from escalation.review.insights.models import DailyCount
from escalation.ticks import tick


@tick("review.count_days")
def count_days() -> int:
    """Count what the charts show, by day."""
    return DailyCount.objects.count_on(now().date())
