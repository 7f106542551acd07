"""What happened becomes outgoing deliveries, in the same transaction.

Blind checks are no agent's business; that a result of theirs was wrong is. What is raised and claimed is
written down by the database itself (migrations/0002): those statements have no time to lose.
"""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from escalation.delivery import payloads
from escalation.delivery.models import Delivery
from escalation.gating.models import Agent, Gate, Outcome
from escalation.gating.models.agent import AgentEvent
from escalation.gating.signals import applied, drifted
from escalation.queue.models import Check, Decision, Escalation
from escalation.queue.signals import decided, expired, settled, undone, withdrawn


@receiver(decided)
def tell_of_the_decision(decision: Decision, **_: Any) -> None:
    payload = payloads.state_of(decision.escalation) | {"decision": payloads.of_decision(decision)}
    _tell(decision.escalation, "escalation.decided", payload, decision)


@receiver(decided)
def tell_of_the_correction(decision: Decision, **_: Any) -> None:
    """The gate corrected its outcome just before: its receivers stand first."""
    if decision.overturns:
        _tell_of_the_correction(decision)


@receiver(settled)
def tell_of_what_a_lead_found(check: Check, **_: Any) -> None:
    """Told once: where the first decision had found the result wrong too, that was told then."""
    second = check.escalation.decision
    if check.stands == Check.Stands.SECOND and second and second.overturns and not check.first.overturns:
        _tell_of_the_correction(second)


def _tell_of_the_correction(decision: Decision) -> None:
    outcomes = Outcome.objects.filter(correction=decision).select_related("agent", "gate")
    for outcome in outcomes.defer("task", "output", "metadata"):
        payload = payloads.of_correction(outcome, decision)
        Delivery.objects.tell("outcome.overturned", payload, agent=outcome.agent.slug, decision=decision)


@receiver(undone)
def take_the_news_back(decision: Decision, **_: Any) -> None:
    """Who wants to know of what was undone is told that, and not what it said."""
    Delivery.objects.take_back(decision)
    # What a lead let stand in its place was said of it, and takes effect later than it would have.
    overruled = decision.checks.filter(stands=Check.Stands.SECOND)
    for second in Decision.objects.filter(standing_for__check_of__in=overruled):
        Delivery.objects.take_back(second)
    if not decision.escalation.is_blind:
        payload = {"status": Escalation.Status.CLAIMED, "decision": {"id": decision.pk}}
        escalation = decision.escalation
        Delivery.objects.tell("decision.undone", payload, agent=escalation.agent, escalation=escalation)


@receiver(withdrawn)
def tell_of_the_withdrawal(escalation: Escalation, **_: Any) -> None:
    _tell(escalation, "escalation.withdrawn", payloads.state_of(escalation))


@receiver(expired)
def tell_of_the_expiry(escalation: Escalation, **_: Any) -> None:
    _tell(escalation, "escalation.expired", payloads.state_of(escalation))


@receiver(post_save, sender=AgentEvent)
def tell_of_the_pause(instance: AgentEvent, created: bool, **_: Any) -> None:
    if created and instance.state == Agent.State.PAUSED:
        Delivery.objects.tell("agent.paused", payloads.of_pause(instance), agent=instance.agent.slug)


@receiver(drifted)
def tell_of_the_drift(gate: Gate, facts: dict[str, Any], **_: Any) -> None:
    Delivery.objects.tell("drift.detected", facts, agent=gate.agent.slug)


@receiver(applied)
def tell_of_what_was_applied(gate: Gate, facts: dict[str, Any], **_: Any) -> None:
    Delivery.objects.tell("proposal.applied", facts, agent=gate.agent.slug)


def _tell(
    escalation: Escalation, event: str, payload: dict[str, Any], decision: Decision | None = None
) -> None:
    if escalation.is_blind:
        return
    rows = Delivery.objects
    rows.tell(event, payload, agent=escalation.agent, escalation=escalation, decision=decision)
    rows.call_back(escalation, event, payload, decision)
