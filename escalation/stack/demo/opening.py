"""The demo's agents go live as all do: when their drills have passed. Then they get their first work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.dispatch import receiver

from agents.registry import agent_named
from escalation.gating.models import Agent, Drill, FailureMode
from escalation.gating.signals import drill_ended
from escalation.stack.demo import work
from escalation.stack.demo.cast import OPS

FIRST_MESSAGES = 30


@receiver(drill_ended)
def open_after_the_last(drill: Drill, **_: Any) -> None:
    # After the commit: of two drills that end at once, the later one sees both.
    if settings.DEMO:
        transaction.on_commit(lambda: open_if_rehearsed(drill.agent.slug), robust=True)


@transaction.atomic
def open_if_rehearsed(slug: str) -> bool:
    """Let an agent of the demo go live for the first time, with work to do; False while it is not ready."""
    agent = unopened().filter(slug=slug).select_for_update(of=("self",)).first()
    if agent is None or agent.still_missing():
        return False
    agent.go_live(User.objects.filter(username=OPS).first(), "Every drill saw the declared exit.")
    definition = agent_named(slug)
    first = {"support-triage": FIRST_MESSAGES}.get(slug, len(work.work_for(definition)))
    work.give(definition, first)
    return True


def unopened() -> models.QuerySet[Agent]:
    """The demo's agents that were never live."""
    return Agent.objects.filter(slug__in=work.SOURCES, state=Agent.State.DRAFT, events=None)


def rehearse_again() -> int:
    """Ask once more for the drills that keep an agent of the demo from its first day; returns how many."""
    again, under_way = 0, Drill.objects.under_way().filter(failure_mode=OuterRef("pk"))
    for agent in unopened():
        drilled = agent.rehearsed()
        for mode in FailureMode.objects.filter(~Exists(under_way), agent=agent):
            if drilled.get(mode.pk) != "passed":
                Drill.objects.want(mode)
                again += 1
        open_if_rehearsed(agent.slug)
    return again
