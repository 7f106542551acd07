from django.conf import settings

from escalation.stack.demo import work
from escalation.ticks import tick


@tick("stack.feed_the_demo")
def feed_the_demo() -> int:
    """Give the demo's agents work, so that there is something to see."""
    return work.feed() if settings.DEMO else 0
