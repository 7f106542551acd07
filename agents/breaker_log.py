"""Every change of a breaker's state as a row: why was a tool not called?"""

from agents.models import BreakerEvent
from agents.stores.breaker import Transition


def note(transition: Transition) -> None:
    """Write one change down."""
    BreakerEvent.objects.create(
        breaker=transition.name,
        before=transition.before,
        after=transition.after,
        reason=transition.cause if transition.shared else f"{transition.cause}, seen by one process alone",
    )
