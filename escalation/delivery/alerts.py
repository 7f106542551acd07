"""What happened becomes news for people, in the same transaction.

What is raised is written down by the database itself (migrations/0005): that statement has no time to lose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.signals import post_save
from django.dispatch import receiver

from escalation.delivery.models import Notification
from escalation.delivery.models.channel import LEADS, REVIEWERS, members
from escalation.gating.models import Agent, Gate
from escalation.gating.models.agent import AgentEvent
from escalation.gating.signals import drifted
from escalation.queue.models import Escalation, Note, ReviewQueue
from escalation.queue.models.deadline import Circle
from escalation.queue.signals import alerted, noted, widened


@receiver(alerted)
def pass_it_on(
    topic: str,
    key: str,
    facts: dict[str, Any],
    *,
    path: str = "/queue/",
    queue: ReviewQueue | None = None,
    people: Iterable[User] = (),
    agent: str = "",
    **_: Any,
) -> None:
    """Tell those who are named, the review queue that is named, and ops with an agent's on-call."""
    told = list(people) if people or queue else list(_ops())
    Notification.objects.tell(topic, key, facts, path=path, queue=queue, people=[*told, *on_call(agent)])


@receiver(widened)
def tell_the_circle(escalation: Escalation, **_: Any) -> None:
    """First those who review, then leads and on-call, then everybody."""
    circle, queue = Circle(escalation.circle), escalation.queue
    roles = {Circle.REMINDED: REVIEWERS, Circle.WIDER: LEADS}.get(circle, (*REVIEWERS, *LEADS))
    people = list(members(queue, roles).distinct())
    if circle != Circle.REMINDED:
        people += on_call(escalation.agent)
    facts = {"title": escalation.title, "agent": escalation.agent, "queue": queue.name}
    if escalation.deadline_at:
        facts["deadline"] = f"{escalation.deadline_at:%d %B %H:%M} UTC"
    Notification.objects.tell(
        "reminder" if circle == Circle.REMINDED else "widened",
        f"escalation:{escalation.pk}:{circle.name.lower()}",
        facts,
        path=f"/escalations/{escalation.pk}/",
        queue=queue,
        people=people,
    )


@receiver(post_save, sender=AgentEvent)
def tell_of_the_pause(instance: AgentEvent, created: bool, **_: Any) -> None:
    if created and instance.state == Agent.State.PAUSED:
        facts = {
            "about": instance.agent.slug,
            "by": str(instance.actor or "nobody"),
            "because": instance.note,
        }
        people = [*_ops(), *on_call(instance.agent.slug)]
        path = f"/admin/gating/agent/{instance.agent.pk}/change/"
        Notification.objects.tell("agent_paused", f"pause:{instance.pk}", facts, path=path, people=people)


@receiver(noted)
def tell_who_is_mentioned(note: Note, mentioned: Iterable[User], **_: Any) -> None:
    """They are members of its review queue; what the note says stays where it is."""
    escalation = note.escalation
    facts = {"title": escalation.title, "by": note.author.get_username()}
    path = f"/escalations/{escalation.pk}/"
    Notification.objects.tell("mention", f"note:{note.pk}", facts, path=path, people=mentioned)


@receiver(drifted)
def tell_of_the_drift(gate: Gate, facts: dict[str, Any], **_: Any) -> None:
    category = facts["category"]
    about = f"{gate.agent.slug}/{gate.slug}" + (f", {category}" if category else "")
    said = {"about": about, "seen": facts["detail"]}
    people = [*_ops(), *on_call(gate.agent.slug)]
    path = facts["url"].removeprefix(settings.PUBLIC_URL)
    key = f"drift:{gate.pk}:{category}:{facts['at']}"
    Notification.objects.tell("drift", key, said, path=path, people=people)


def _ops() -> Iterable[User]:
    return User.objects.filter(is_active=True, is_staff=True)


def on_call(agent: str) -> list[User]:
    """The people whom an agent's on-call contact names, by user name or mail address."""
    contacts = Agent.objects.filter(slug=agent).exclude(on_call="").values_list("on_call", flat=True)
    names = [name.strip() for contact in contacts for name in contact.split(",")]
    found = User.objects.filter(is_active=True)
    return [*found.filter(username__in=names), *found.filter(email__in=names).exclude(username__in=names)]
