"""A review queue says when it has more than it can do, and when it will have drained."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from escalation.delivery.models import Channel, Notification
from escalation.queue.models import Membership, QueueEvent, ReviewQueue
from escalation.queue.models.load import note_loads
from escalation.queue.pressure import Load, Pressure
from tests.cast import RaiseEscalation


@pytest.mark.parametrize(
    ("load", "was_over", "expected"),
    [
        (Load(10, 100, 5, 5), False, Pressure.CALM),
        (Load(80, 100, 30, 5), False, Pressure.RISING),  # full in 48 minutes
        (Load(10, 100, 20, 5), False, Pressure.CALM),  # full in six hours
        (Load(101, 100, 5, 50), False, Pressure.OVER),
        (Load(90, 100, 5, 50), True, Pressure.OVER),
        (Load(80, 100, 5, 50), True, Pressure.CALM),
    ],
)
def test_how_it_stands(load: Load, was_over: bool, expected: Pressure) -> None:
    assert load.pressure(was_over=was_over) == expected


def test_the_numbers_are_said() -> None:
    load = Load(120, 100, 20, 60)

    assert load.drains_in_h == 3
    assert load.sentence(Pressure.OVER) == (
        "120 wait of 100; in the last hour 20 came and 60 were decided: drained in about 3 hours."
    )
    assert Load(120, 100, 60, 60).sentence(Pressure.OVER).endswith("it does not drain.")
    assert Load(80, 100, 30, 5).sentence(Pressure.RISING).endswith("full in about 48 minutes.")


@given(st.integers(1, 1000), st.lists(st.integers(0, 2000), min_size=2, max_size=50))
def test_the_state_never_flickers_within_a_fifth_of_the_capacity(capacity: int, line: list[int]) -> None:
    over, changed_at = False, list[int]()

    for waiting in line:
        now_over = Load(waiting, capacity, 0, 0).pressure(was_over=over) == Pressure.OVER
        if now_over != over:
            changed_at.append(waiting)
        over = now_over

    gaps = [abs(one - other) for one, other in pairwise(changed_at)]
    assert all(gap > capacity * 0.2 - 1 for gap in gaps)


def test_when_it_is_full_leads_hear_of_it_once_and_it_is_on_record(
    queue: ReviewQueue, bob: User, alice: User, an_escalation: RaiseEscalation
) -> None:
    Membership.objects.filter(user=bob).update(role="lead")
    for person in (alice, bob):
        Channel.objects.create(user=person, address=f"{person}@example.com", topics=["overload"])
    ReviewQueue.objects.update(capacity=1)
    for _ in range(2):
        an_escalation()

    changed = [note_loads() for _ in range(2)]

    queue.refresh_from_db()
    assert (changed, queue.overloaded_at is not None) == ([1, 0], True)
    assert [event.pressure for event in QueueEvent.objects.all()] == ["over"]
    (notification,) = Notification.objects.all()
    assert notification.channel.user == bob
    assert notification.facts["as it is"].startswith("2 wait of 1;")


def test_it_is_over_when_it_has_drained(
    queue: ReviewQueue, alice: User, an_escalation: RaiseEscalation
) -> None:
    ReviewQueue.objects.update(capacity=1)
    rows = [an_escalation() for _ in range(2)]
    note_loads()
    for row in rows:
        row.claim(alice)
        row.decide(alice, "accept")

    note_loads()

    queue.refresh_from_db()
    assert queue.overloaded_at is None
    assert [event.pressure for event in QueueEvent.objects.all()] == ["over", "calm"]


def test_without_a_capacity_nothing_is_said(queue: ReviewQueue, an_escalation: RaiseEscalation) -> None:
    an_escalation()

    assert note_loads() == 0
    assert not QueueEvent.objects.exists()
