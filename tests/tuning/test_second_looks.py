"""Second looks at a gate's results say how often its reviewers are wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from escalation.gating.models import Gate
from escalation.invariants import all_invariants
from escalation.queue.models import Check, Escalation, ReviewQueue
from escalation.tuning.certificate import Target
from escalation.tuning.models import Label, Watch
from escalation.tuning.rebuilding import differences
from escalation.tuning.reviewers import Seconds, corrected
from escalation.tuning.risk import risk_at
from escalation.tuning.second_looks import seconds_at
from escalation.tuning.strata import window_at
from escalation.tuning.wording import second_looks
from tests.cast import RaiseEscalation
from tests.tuning.seen import passed


@pytest.fixture(autouse=True)
def _all_are_drawn(queue: ReviewQueue) -> None:
    queue.second_review_share = 1.0
    queue.save()


def look(escalation: Escalation, first: User, said: str, second: User, found: str) -> Check:
    """One reviewer says this of an escalation, and another one that."""
    escalation.claim(first)
    escalation.decide(first, said)
    check = Check.objects.get(first__escalation=escalation)
    check.escalation.claim(second)
    check.escalation.decide(second, found)
    return check


def test_each_look_is_counted_by_what_both_said(
    gate: Gate, alice: User, bob: User, olga: User, an_escalation: RaiseEscalation
) -> None:
    look(an_escalation(), alice, "accept", bob, "accept")
    look(an_escalation(), alice, "accept", bob, "reject")
    look(an_escalation(), alice, "reject", bob, "accept")
    look(an_escalation(), alice, "reject", bob, "accept").settle(olga, Check.Stands.FIRST, "Alice saw it.")
    look(an_escalation(), alice, "accept", bob, "reject").settle(olga, Check.Stands.NEITHER, "It is odd.")

    found = seconds_at(gate)

    assert found == Seconds(both_right=1, first_alone_right=1, first_alone_wrong=1, both_wrong=1)


def test_gold_judges_the_one_who_did_not_know(
    gate: Gate, queue: ReviewQueue, alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    queue.second_review_share = 0.0
    escalation = an_escalation()
    escalation.claim(alice)
    check = Check.objects.seed(escalation.decide(alice, "reject"))
    assert check
    check.escalation.claim(bob)

    check.escalation.decide(bob, "accept")

    assert seconds_at(gate) == Seconds(first_alone_right=1)


def test_the_workbench_says_how_much_it_could_matter(
    gate: Gate, alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    look(an_escalation(reason="audit"), alice, "accept", bob, "reject")

    said = " ".join(risk_at(gate).said)

    assert "Of 1 second looks, 1 found wrong what a reviewer had let pass" in said
    assert [each.sentence for each in all_invariants() if each.breaches()] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (Seconds(), "nobody has looked a second time"),
        (Seconds(1000, 30, 0, 270), "labels must find 4.26% at most, with 92% confidence"),
        (Seconds(1000, 299, 0, 1), "labels must find 0.00"),
    ],
)
def test_it_is_said_in_words(seconds: Seconds, said: str) -> None:
    target = Target(alpha=0.05, delta=0.10)

    assert said in second_looks(seconds, target, corrected(target, seconds))


def audited_twice(alice: User, bob: User) -> Check:
    """An accepted result that Alice let pass in its audit, and Bob found wrong."""
    escalation = passed(0.9).escalation
    assert escalation is not None
    return look(escalation, alice, "accept", bob, "reject")


@pytest.fixture
def audited(gate: Gate) -> Gate:
    gate.adopt(author=None, reason="audit half", audit_rate=0.5)
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    return gate


@pytest.mark.parametrize(
    ("stands", "labels"),
    [("first", [("alice", True)]), ("second", [("bob", False)]), ("neither", [])],
)
def test_what_a_lead_lets_stand_is_the_label(
    stands: str, labels: list[Any], audited: Gate, alice: User, bob: User, olga: User
) -> None:
    check = audited_twice(alice, bob)

    check.settle(olga, stands, "I looked.")

    assert list(Label.objects.values_list("decision__reviewer__username", "correct")) == labels
    assert list(differences()) == []
    assert [each.sentence for each in all_invariants() if each.breaches()] == []


def test_the_label_that_takes_its_place_keeps_the_numbers_of_the_first(
    audited: Gate, alice: User, bob: User, olga: User
) -> None:
    check = audited_twice(alice, bob)
    before = window_at(audited)

    check.settle(olga, Check.Stands.SECOND, "")

    label, after = Label.objects.get(), window_at(audited)
    assert (label.source, label.inclusion_probability, label.policy_version) == ("audit", 1.0, 3)
    assert label.outcome == check.first.escalation.outcome
    assert [s.weight for s in after.strata] == [s.weight for s in before.strata]
    assert (after.labels, after.audits, [s.wrong.tolist() for s in after.strata]) == (1, 1, [[1]])


def test_undoing_what_stood_lets_the_first_speak_again(
    audited: Gate, alice: User, bob: User, olga: User
) -> None:
    check = audited_twice(alice, bob)
    check.settle(olga, Check.Stands.SECOND, "")

    check.escalation.undo(bob)

    assert list(Label.objects.values_list("decision__reviewer__username", "correct")) == [("alice", True)]
    assert list(differences()) == []


def test_the_watch_sees_a_result_once_however_often_it_is_judged(
    audited: Gate, alice: User, bob: User, olga: User
) -> None:
    check = audited_twice(alice, bob)
    Watch.objects.feed_all(now() + timedelta(minutes=5))

    check.settle(olga, Check.Stands.SECOND, "")
    Watch.objects.feed_all(now() + timedelta(minutes=5))

    assert Watch.objects.get().remembered("errors").seen == 1
