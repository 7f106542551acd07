"""Who is there when the demo starts."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import Group, User
from django.db import transaction

from agents.library.support_triage import support_triage
from agents.registry import enrol
from escalation.gating.models import Agent
from escalation.gating.models.policy import all_to_a_human
from escalation.queue.models import Membership, ReviewQueue
from escalation.stack.demo.work import feed

PASSWORD = "otherwise"
REVIEWERS, OPS = ("alice", "bob"), "olga"
FIRST_PIECES = 30


@transaction.atomic
def load(say: Callable[[str], object]) -> None:
    """Make the sign-ins, the review queue and a live agent with its first work, where they are missing."""
    reviewers = [_sign_in(name, group="reviewers") for name in REVIEWERS]
    olga = _sign_in(OPS, group="ops", is_staff=True)
    support, _ = ReviewQueue.objects.get_or_create(slug="support", defaults={"name": "Support"})
    for user in reviewers:
        Membership.objects.get_or_create(queue=support, user=user)
    agent = Agent.objects.filter(slug=support_triage.name).first()
    if agent is None:
        _bring_to_life(support, olga)
        feed(FIRST_PIECES)
    say(f"Demo sign-ins: {', '.join((*REVIEWERS, OPS))}")


def _sign_in(name: str, *, group: str, is_staff: bool = False) -> User:
    user, created = User.objects.get_or_create(username=name, defaults={"is_staff": is_staff})
    if created:
        user.set_password(PASSWORD)
        user.save()
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def _bring_to_life(queue: ReviewQueue, olga: User) -> None:
    agent = enrol(support_triage)
    agent.owner, agent.on_call = "Olga", "olga"
    agent.save()
    exits = all_to_a_human() | {
        "breaker_open": ["cached", "human"],
        "tool_failed": ["cached", "human"],
        "model_unavailable": ["cached", "human"],
    }
    agent.gates.get(slug="default").adopt(
        author=olga,
        reason="One result in ten is checked; while a tool is down, an earlier answer may stand in.",
        queue=queue,
        audit_rate=0.1,
        exits=exits,
        budget={"cost_usd": 0.02, "turns": 3, "tool_calls": 6, "wall_clock_s": 120},
    )
    agent.go_live(olga, "The demo starts.")
