"""What is on record about breakers: every change of mode, whose doing it was, and what was forced."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from agents.guards.breaker import FORCED, Mode
from agents.models import BreakerEvent
from agents.stores.breaker import Transition
from escalation.delivery.models import Delivery
from escalation.queue.signals import alerted

# A failed probe opens the circuit again: that is no news.
OPENED = (Mode.OPEN, Mode.HALF_OPEN, Mode.FORCED_OPEN)


@transaction.atomic
def note(transition: Transition) -> None:
    """Write one change down (why was a tool not called?), and tell the endpoints of a circuit that opened."""
    own = transition.cause if transition.shared else f"{transition.cause}, seen by one process alone"
    hand = transition.hand
    reason = hand.reason if hand else own
    event = BreakerEvent.objects.create(
        breaker=transition.name,
        before=transition.before,
        after=transition.after,
        reason=reason,
        actor_id=hand.actor_id if hand else None,
    )
    if transition.after in OPENED and transition.before not in OPENED:
        Delivery.objects.tell("breaker.opened", {"breaker": transition.name, "reason": reason}, agent=None)
        facts = {"about": transition.name, "because": reason}
        alerted.send(BreakerEvent, topic="breaker_opened", key=f"breaker:{event.pk}", facts=facts)


def order_for(name: str) -> Mode | None:
    """The mode that a person forced a breaker into and that still holds; None if there is none."""
    forced = BreakerEvent.objects.filter(Q(before__in=FORCED) | Q(after__in=FORCED), breaker=name)
    after = forced.order_by("-id").values_list("after", flat=True).first()
    return Mode(after) if after in FORCED else None


def latest(name: str, number: int) -> list[BreakerEvent]:
    """The newest changes of one breaker, newest first."""
    return list(BreakerEvent.objects.filter(breaker=name).select_related("actor").order_by("-id")[:number])


def names_on_record() -> Iterable[str]:
    """Every breaker that ever changed its mode."""
    return BreakerEvent.objects.order_by("breaker").values_list("breaker", flat=True).distinct()
