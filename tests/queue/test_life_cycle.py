"""Every move, in every order: the database and a plain model of the life cycle never disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from escalation.delivery.models import Delivery
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation, Event, ReviewQueue
from escalation.tuning.models import Label

# Time does not pass in the model: a span is over at once, or never.
AT_ONCE, LONG = timedelta(0), timedelta(hours=1)
SPANS = st.sampled_from([AT_ONCE, LONG])
REVIEWERS = st.sampled_from(["alice", "bob"])
CORRECT = {"accept": True, "reject": False}
VERDICTS = st.sampled_from(["accept", "reject", "dismiss"])
OPEN = ("waiting", "claimed", "decided")
FEWEST_OPEN = 3
MOVES = (
    *("claim", "decide", "undo", "claim_next", "expire", "release"),
    *("extend", "snooze", "withdraw", "expire_overdue"),
)


@dataclass
class Expected:
    """What the design says of one escalation."""

    row: Escalation
    deadline: timedelta | None
    status: str = "waiting"
    holder: str | None = None
    lapsed: bool = False
    asleep: bool = False
    verdict: str | None = None
    decider: str | None = None
    window_over: bool = False
    events: list[str] = field(default_factory=lambda: ["raised"])
    deliveries: list[str] = field(default_factory=list)

    @property
    def claimable(self) -> bool:
        return (self.status == "waiting" and not self.asleep) or (self.status == "claimed" and self.lapsed)

    @property
    def overdue(self) -> bool:
        unheld = self.status == "waiting" or (self.status == "claimed" and self.lapsed)
        return unheld and self.deadline == AT_ONCE

    def held_by(self, name: str) -> bool:
        return self.status == "claimed" and self.holder == name

    def moved(self, event: str, status: str, holder: str | None = None, lease: timedelta = LONG) -> None:
        self.events.append(event)
        self.status, self.holder, self.lapsed, self.asleep = status, holder, lease == AT_ONCE, False


class LifeCycle(RuleBasedStateMachine):
    """Moves on a few escalations in one review queue, by Alice, Bob, the producer and the clock.

    Most moves are ones that the design allows; the rest are tried where it refuses them.
    """

    people: dict[str, User]
    queue: ReviewQueue

    @initialize()
    def begin(self) -> None:
        self.expected: list[Expected] = []
        self.undone_later = transaction.atomic()
        self.undone_later.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone_later.__exit__(None, None, None)

    @rule(data=st.data(), move=st.sampled_from(MOVES))
    def move(self, data: st.DataObject, move: str) -> None:
        # One rule for all moves: as rules of their own, whole examples would go by without one of them.
        while sum(one.status in OPEN for one in self.expected) < FEWEST_OPEN:
            self.raise_one(data.draw(st.sampled_from([None, LONG, AT_ONCE])))
        getattr(self, move)(data)

    @invariant()
    def the_database_agrees(self) -> None:
        for row, one in zip(Escalation.objects.order_by("pk"), getattr(self, "expected", []), strict=True):
            self.agrees(row, one)

    def agrees(self, row: Escalation, one: Expected) -> None:
        events = Event.objects.filter(escalation=row).values_list("kind", flat=True)
        deliveries = Delivery.objects.filter(escalation=row).order_by("pk").values_list("status", flat=True)
        labels = Label.objects.filter(decision__escalation=row).values_list("correct", flat=True)
        assert (row.status, row.version, list(events)) == (one.status, len(one.events), one.events)
        assert row.claimed_by == (self.people[one.holder] if one.holder else None)
        assert (row.decision and row.decision.verdict) == one.verdict
        assert list(deliveries) == one.deliveries
        assert list(labels) == [CORRECT[verdict] for verdict in (one.verdict,) if verdict in CORRECT]

    def pick(self, data: st.DataObject, fits: Callable[[Expected], bool]) -> Expected:
        fitting = [one for one in self.expected if fits(one)]
        return data.draw(st.sampled_from(fitting if fitting and mostly(data) else self.expected))

    def attempt(self, move: str, allowed: bool, act: Callable[[], Any]) -> bool:
        SEEN[move, allowed] += 1
        try:
            act()
        except TransitionRefused:
            assert not allowed, "it was refused, and the design allows it"
            return False
        assert allowed, "it was allowed, and the design refuses it"
        return True

    def raise_one(self, deadline: timedelta | None) -> None:
        row, _ = Escalation.objects.raise_once(
            agent="support-triage",
            queue=self.queue,
            reason="low_confidence",
            title="Where is my order?",
            confidence=0.62,
            callback_url="https://agent.example/answers",
            deadline_s=None if deadline is None else deadline.total_seconds(),
        )
        self.expected.append(Expected(row, deadline))

    def claim(self, data: st.DataObject) -> None:
        one, lease = self.pick(data, lambda one: one.claimable), data.draw(SPANS)
        name = data.draw(REVIEWERS)
        allowed = one.claimable or one.held_by(name)
        with override_settings(CLAIM_LEASE=lease):
            if self.attempt("claim", allowed, lambda: one.row.claim(self.people[name])):
                one.moved("claimed", "claimed", name, lease)

    def claim_next(self, data: st.DataObject) -> None:
        line = sorted((e for e in self.expected if e.claimable), key=lambda e: (e.row.due_at, e.row.pk))
        name, lease = data.draw(REVIEWERS), data.draw(SPANS)
        with override_settings(CLAIM_LEASE=lease):
            handed = Escalation.objects.claim_next(self.people[name])
        assert (handed and handed.pk) == (line[0].row.pk if line else None)
        if line:
            line[0].moved("claimed", "claimed", name, lease)

    def extend(self, data: st.DataObject) -> None:
        one, lease = self.pick(data, lambda one: one.status == "claimed"), data.draw(SPANS)
        name = somebody(data, one.holder)
        with override_settings(CLAIM_LEASE=lease):
            if self.attempt("extend", one.held_by(name), lambda: one.row.extend(self.people[name])):
                one.lapsed = lease == AT_ONCE

    def release(self, data: st.DataObject) -> None:
        one = self.pick(data, lambda one: one.status == "claimed")
        name = somebody(data, one.holder)
        if self.attempt("release", one.held_by(name), lambda: one.row.release(self.people[name])):
            one.moved("released", "waiting")

    def snooze(self, data: st.DataObject) -> None:
        one, span = self.pick(data, lambda one: one.status == "claimed"), data.draw(SPANS)
        name, seconds = somebody(data, one.holder), int(span.total_seconds())
        if self.attempt(
            "snooze", one.held_by(name), lambda: one.row.snooze(self.people[name], seconds=seconds)
        ):
            one.moved("snoozed", "waiting")
            one.asleep = span != AT_ONCE

    def decide(self, data: st.DataObject) -> None:
        one, window = self.pick(data, lambda one: one.status == "claimed"), data.draw(SPANS)
        name, verdict = somebody(data, one.holder), data.draw(VERDICTS)
        behind = 0 if mostly(data) else 1
        act = partial(one.row.decide, self.people[name], verdict, version=len(one.events) - behind)
        with override_settings(UNDO_WINDOW=window):
            if self.attempt("decide", one.held_by(name) and not behind, act):
                one.moved("decided", "decided")
                one.verdict, one.decider, one.window_over = verdict, name, window == AT_ONCE
                one.deliveries.append("pending")

    def undo(self, data: st.DataObject) -> None:
        one = self.pick(data, lambda one: one.status == "decided" and not one.window_over)
        name, lease = somebody(data, one.decider), data.draw(SPANS)
        allowed = one.status == "decided" and one.decider == name and not one.window_over
        with override_settings(CLAIM_LEASE=lease):
            if self.attempt("undo", allowed, lambda: one.row.undo(self.people[name])):
                one.moved("undone", "claimed", name, lease)
                one.verdict = one.decider = None
                one.deliveries[-1] = "cancelled"

    def withdraw(self, data: st.DataObject) -> None:
        one = self.pick(data, lambda one: one.status == "decided")
        if self.attempt("withdraw", one.status in ("waiting", "claimed"), one.row.withdraw):
            one.moved("withdrawn", "withdrawn")
            one.deliveries.append("pending")

    def expire(self, data: st.DataObject) -> None:
        one = self.pick(data, lambda one: one.deadline == AT_ONCE and one.status in ("waiting", "claimed"))
        if self.attempt("expire", one.overdue, one.row.expire):
            self.expired(one)

    def expire_overdue(self, data: st.DataObject) -> None:
        overdue = [one for one in self.expected if one.overdue]
        assert Escalation.objects.expire_overdue() == len(overdue)
        for one in overdue:
            self.expired(one)

    def expired(self, one: Expected) -> None:
        one.moved("expired", "expired")
        one.deliveries.append("pending")


# How often each move was tried where the design allows it, and where it does not.
SEEN: dict[tuple[str, bool], int] = defaultdict(int)


def mostly(data: st.DataObject) -> bool:
    """Yes, four times in five."""
    return data.draw(st.integers(0, 4)) > 0


def somebody(data: st.DataObject, fitting: str | None) -> str:
    return fitting if fitting and mostly(data) else data.draw(REVIEWERS)


@pytest.mark.django_db
def test_the_database_and_the_design_agree_on_every_move(queue: ReviewQueue, alice: User, bob: User) -> None:
    LifeCycle.people, LifeCycle.queue = {"alice": alice, "bob": bob}, queue

    run_state_machine_as_test(
        LifeCycle,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )

    tried = {move for move in MOVES if SEEN[move, True] and SEEN[move, False]}
    assert tried == set(MOVES) - {"claim_next", "expire_overdue"}
