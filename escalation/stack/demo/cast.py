"""Who is there when the demo starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from agents.library.document_extraction import document_extraction
from agents.library.support_triage import TOPICS, support_triage
from agents.registry import enrol
from escalation.gating.models import Agent as AgentRow
from escalation.gating.models import Drill, FailureMode
from escalation.gating.models.policy import all_to_a_human
from escalation.queue.models import Membership, ReviewQueue

if TYPE_CHECKING:
    from agents import Agent

PASSWORD = "otherwise"
REVIEWERS, OPS = ("alice", "bob"), "olga"
SUPPORT_TERMS: dict[str, Any] = {
    "reason": "One result in ten is checked; while a tool is down, an earlier answer may stand in.",
    "audit_rate": 0.1,
    "categories": dict.fromkeys(TOPICS),
    "exits": all_to_a_human()
    | {reason: ["cached", "human"] for reason in ("breaker_open", "model_unavailable")},
    "budget": {"cost_usd": 0.02, "turns": 3, "tool_calls": 6, "wall_clock_s": 120},
}
DOCUMENT_TERMS: dict[str, Any] = {
    "reason": "A wrong field costs more than a look at it. Beyond six pages a human says whether to read on.",
    "threshold": 0.85,
    "audit_rate": 0.2,
    "budget": {"cost_usd": 0.05, "turns": 8, "tool_calls": 6, "wall_clock_s": 120},
}


@transaction.atomic
def load(say: Callable[[str], object]) -> None:
    """Make the sign-ins, the review queues and agents with a policy and a pre-mortem, where they are missing.

    The agents are drafts until the workers have rehearsed every failure: see opening.py.
    """
    reviewers = [_sign_in(name, group="reviewers") for name in REVIEWERS]
    olga = _sign_in(OPS, group="ops", is_staff=True)
    support, documents = (_queue(name, reviewers, olga) for name in ("Support", "Documents"))
    if _is_missing(support_triage):
        _employ(support_triage, olga, queue=support, **SUPPORT_TERMS)
    if _is_missing(document_extraction):
        _employ(document_extraction, olga, queue=documents, **DOCUMENT_TERMS)
    for agent in (support_triage, document_extraction):
        _rehearse(AgentRow.objects.get(slug=agent.name), olga)
    say(f"Demo sign-ins: {', '.join((*REVIEWERS, OPS))}")


def _sign_in(name: str, *, group: str, is_staff: bool = False) -> User:
    user, created = User.objects.get_or_create(username=name, defaults={"is_staff": is_staff})
    if created:
        user.set_password(PASSWORD)
        user.save()
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def _queue(name: str, reviewers: list[User], olga: User) -> ReviewQueue:
    queue, _ = ReviewQueue.objects.get_or_create(slug=name.lower(), defaults={"name": name})
    for user in reviewers:
        Membership.objects.get_or_create(queue=queue, user=user)
    Membership.objects.get_or_create(queue=queue, user=olga, defaults={"role": Membership.Role.OPS})
    return queue


def _is_missing(agent: Agent) -> bool:
    return not AgentRow.objects.filter(slug=agent.name).exists()


def _employ(agent: Agent, olga: User, **terms: Any) -> None:
    row = enrol(agent)
    row.owner, row.on_call = "Olga", "olga"
    row.save()
    row.gates.get(slug="default").adopt(author=olga, **terms)


def _rehearse(row: AgentRow, olga: User) -> None:
    if not row.failure_modes.exists():
        for mode in FailureMode.objects.suggest(row, row.gates.get(slug="default")):
            Drill.objects.want(mode, olga)
