from django.conf import settings

from escalation.stack.demo import opening, work
from escalation.ticks import tick


@tick("stack.feed_the_demo")
def feed_the_demo() -> int:
    """Give the demo's agents work, so that there is something to see."""
    if not settings.DEMO:
        return 0
    return opening.rehearse_again() if opening.unopened().exists() else work.feed()
