"""What the filters of the queue offer, and how each choice is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast

from escalation.gating.models import Agent, Gate
from escalation.queue.models import Membership, Reason
from escalation.queue.models.reason import BLIND_REASONS

OPEN, MINE, OTHERS, SNOOZED, DECIDED, WATCHED = "open", "mine", "others", "snoozed", "decided", "watched"
SHOWS = [
    (OPEN, "Open"),
    (MINE, "Held by me"),
    (OTHERS, "Held by others"),
    (SNOOZED, "Snoozed"),
    (DECIDED, "Decided"),
    (WATCHED, "Watched by me"),
]
WHOLENESS = [("true", "PARTIAL only"), ("false", "Whole only")]
WHOLENESS_ONCE = {"1": "true", "0": "false"}
# Blind checks look like everything else, so nobody can ask for them by name.
REASONS = [(reason.value, reason.label.capitalize()) for reason in Reason if reason not in BLIND_REASONS]
AGES = {
    "1h": ("an hour", timedelta(hours=1)),
    "8h": ("8 hours", timedelta(hours=8)),
    "1d": ("a day", timedelta(days=1)),
    "7d": ("a week", timedelta(days=7)),
}
OLDER_THAN = [(age, f"Older than {said}") for age, (said, _) in AGES.items()]

Choices = list[tuple[str, str]]


def known_names(user: User) -> dict[str, Choices]:
    """The agents, their gates, and the people in the review queues of `user`, in one query."""
    mine = Membership.objects.filter(user=user).values("queue")
    people = User.objects.filter(memberships__queue__in=mine).distinct()
    named: dict[str, tuple[QuerySet[Any], str]] = {
        "agent": (Agent.objects.all(), "slug"),
        "gate": (Gate.objects.all(), "slug"),
        "assignee": (people, "username"),
    }
    text = CharField()
    parts = [
        rows.order_by().values_list(Value(filter_name, text), Cast(column, text))
        for filter_name, (rows, column) in named.items()
    ]
    found: dict[str, Choices] = defaultdict(list)
    for filter_name, name in sorted(set(parts[0].union(*parts[1:]))):
        found[filter_name].append((name, name))
    return found


def named_in(address: Mapping[str, str]) -> dict[str, Choices]:
    """The names that an address of a list holds: the list was read with them, so they need no look-up."""
    given = {name: address.get(name, "").strip() for name in ("agent", "gate", "assignee")}
    return {name: [(value, value)] for name, value in given.items()}
