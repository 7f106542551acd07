"""Two actors at the same moment: exactly one wins, and the other is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from escalation.delivery.models import Delivery
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation
from escalation.queue.models.escalation import UNDO_MARGIN
from tests.cast import RaiseEscalation
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = range(8)


def refusals(outcomes: list[Any]) -> list[bool]:
    """Which of the acts were refused; any other exception is a fault of the product."""
    faults = [
        one for one in outcomes if isinstance(one, Exception) and not isinstance(one, TransitionRefused)
    ]
    assert not faults
    return [isinstance(one, TransitionRefused) for one in outcomes]


def its_own(escalation: Escalation) -> Escalation:
    return Escalation.objects.get(pk=escalation.pk)


def test_only_one_of_two_reviewers_can_claim(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    for _ in ROUNDS:
        escalation = an_escalation()
        for_alice, for_bob = its_own(escalation), its_own(escalation)

        refused = refusals(race(partial(for_alice.claim, alice), partial(for_bob.claim, bob)))

        escalation.refresh_from_db()
        assert sorted(refused) == [False, True]
        assert escalation.claimed_by == (bob if refused[0] else alice)
        assert escalation.events.filter(kind="claimed").count() == 1


def test_a_lapsed_claim_is_either_decided_or_expired(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.CLAIM_LEASE = timedelta(0)
    for _ in ROUNDS:
        escalation = an_escalation(deadline_s=0)
        escalation.claim(alice)
        for_beat = its_own(escalation)

        refused = refusals(race(partial(escalation.decide, alice, "accept"), for_beat.expire))

        end = its_own(escalation)
        assert sorted(refused) == [False, True]
        assert end.status == ("expired" if refused[0] else "decided")
        assert Decision.objects.filter(escalation=end).count() == (0 if refused[0] else 1)


def test_two_decisions_at_once_are_one(alice: User, an_escalation: RaiseEscalation) -> None:
    for _ in ROUNDS:
        escalation = an_escalation()
        escalation.claim(alice)
        one, other = its_own(escalation), its_own(escalation)

        refused = refusals(race(partial(one.decide, alice, "accept"), partial(other.decide, alice, "reject")))

        assert sorted(refused) == [False, True]
        assert Decision.objects.filter(escalation=escalation).count() == 1


def test_two_undos_at_once_are_one(alice: User, an_escalation: RaiseEscalation) -> None:
    for _ in ROUNDS:
        escalation = an_escalation()
        escalation.claim(alice)
        escalation.decide(alice, "accept")
        one, other = its_own(escalation), its_own(escalation)

        refused = refusals(race(partial(one.undo, alice), partial(other.undo, alice)))

        assert sorted(refused) == [False, True]
        assert escalation.events.filter(kind="undone").count() == 1


def test_a_decision_is_either_undone_or_delivered(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = UNDO_MARGIN + timedelta(milliseconds=400)
    ends = set()
    for offset_ms in (-200, -30, -20, -15, -10, -5, 0, 5, 250, 255):
        escalation = an_escalation(callback_url="https://agent.example/answers")
        escalation.claim(alice)
        decision = escalation.decide(alice, "accept")
        delivery = Delivery.objects.get(decision=decision)
        edge = decision.effective_at - UNDO_MARGIN + timedelta(milliseconds=offset_ms)

        undone, begun = race(
            partial(at, edge, partial(escalation.undo, alice)), partial(at, edge, delivery.begin)
        )

        delivery.refresh_from_db()
        was_undone = not isinstance(undone, TransitionRefused)
        assert not (was_undone and begun)
        assert delivery.status == ("cancelled" if was_undone else "pending")
        assert delivery.attempts == (1 if begun else 0)
        ends.add("undone" if was_undone else "kept")
    # Both sides of the edge were seen.
    assert ends == {"undone", "kept"}


def at(moment: datetime, act: Callable[[], Any]) -> Any:
    """Act when the database's clock says so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(%s)", [moment])
    return act()


def test_a_claim_and_a_withdrawal_agree_on_the_end(alice: User, an_escalation: RaiseEscalation) -> None:
    for _ in ROUNDS:
        escalation = an_escalation()
        for_alice, for_agent = its_own(escalation), its_own(escalation)

        refused = refusals(race(partial(for_alice.claim, alice), for_agent.withdraw))

        end = its_own(escalation)
        assert (end.status, end.claimed_by) == ("withdrawn", None)
        assert refused[1] is False
        assert end.events.count() == end.version == (2 if refused[0] else 3)


def test_the_same_key_eight_times_at_once_is_one_escalation(an_escalation: RaiseEscalation) -> None:
    raised = race(*[lambda: an_escalation(key="order-7", request_hash="a").pk] * 8)

    assert set(raised) == set(Escalation.objects.values_list("pk", flat=True))
    assert Escalation.objects.count() == 1


def test_no_two_reviewers_are_handed_the_same(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    waiting = {an_escalation().pk for _ in range(100)}

    def take_all(reviewer: User) -> list[int]:
        handed = []
        while (escalation := Escalation.objects.claim_next(reviewer)) is not None:
            handed.append(escalation.pk)
        return handed

    taken = [pk for pks in race(*[lambda: take_all(alice), lambda: take_all(bob)] * 4) for pk in pks]

    assert len(taken) == len(set(taken))
    assert set(taken) == waiting
