"""HumanLayer's own webhooks, for the endpoints that ask for them. In the transaction of what happened."""

from typing import Any

from django.dispatch import receiver

from escalation.api.compat.humanlayer import completed
from escalation.delivery.models import Delivery
from escalation.queue.models import Decision, Escalation
from escalation.queue.signals import decided, expired, withdrawn


@receiver(decided)
def tell_humanlayers_client_of_the_decision(decision: Decision, **_: Any) -> None:
    _tell(decision.escalation, decision)


@receiver([withdrawn, expired])
def tell_humanlayers_client_that_nobody_decided(escalation: Escalation, **_: Any) -> None:
    _tell(escalation, None)


def _tell(escalation: Escalation, decision: Decision | None) -> None:
    if told := completed(escalation):
        event, payload = told
        Delivery.objects.tell(event, payload, agent=escalation.agent, decision=decision)
