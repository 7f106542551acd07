"""What happened in the queue becomes outgoing deliveries, in the same transaction.

Blind checks are no agent's business.
"""

from typing import Any

from django.dispatch import receiver

from escalation.delivery import payloads
from escalation.delivery.models import Delivery
from escalation.queue.models import Decision, Escalation
from escalation.queue.signals import decided, expired, undone, withdrawn


@receiver(decided)
def tell_of_the_decision(decision: Decision, **_: Any) -> None:
    escalation = decision.escalation
    if escalation.is_blind:
        return
    payload = payloads.of_escalation(escalation) | {"decision": payloads.of_decision(decision)}
    Delivery.objects.enqueue(escalation, "escalation.decided", payload, decision)


@receiver(undone)
def take_the_news_back(decision: Decision, **_: Any) -> None:
    Delivery.objects.take_back(decision)


@receiver(withdrawn)
def tell_of_the_withdrawal(escalation: Escalation, **_: Any) -> None:
    if not escalation.is_blind:
        Delivery.objects.enqueue(escalation, "escalation.withdrawn", payloads.of_escalation(escalation))


@receiver(expired)
def tell_of_the_expiry(escalation: Escalation, **_: Any) -> None:
    if not escalation.is_blind:
        Delivery.objects.enqueue(escalation, "escalation.expired", payloads.of_escalation(escalation))
