"""A lead who finds an accepted result wrong after all tells the agent so, once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models.endpoint import EVENTS
from escalation.gating.models import Agent, Gate, Outcome, Policy, Result
from escalation.queue.models import Check, ReviewQueue

OVERTURNED = "outcome.overturned"


@pytest.fixture(autouse=True)
def _all_is_audited_twice(agent: Agent, gate: Gate, policy: Policy, queue: ReviewQueue) -> None:
    queue.second_review_share = 1.0
    queue.save()
    gate.adopt(author=None, reason="audit all", threshold=0.1, audit_rate=1.0, queue=queue)
    Endpoint.objects.create(agent=agent, url="https://agent.example/hook", events=EVENTS)


@pytest.fixture
def people(alice: User, bob: User, olga: User) -> list[User]:
    return [alice, bob, olga]


def judged(first: User, said: str, second: User, found: str) -> Check:
    """An accepted result of which two reviewers said this and that."""
    result = Result(task="Where?", output={"reply": "Here."}, confidence=0.9)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    assert outcome.escalation
    outcome.escalation.claim(first)
    decision = outcome.escalation.decide(first, said)
    check = Check.objects.get(first=decision)
    check.escalation.claim(second)
    check.escalation.decide(second, found, answer="There." if found == "answer" else "")
    return check


def told() -> list[tuple[str, str]]:
    """What the agent was told of its outcome: the verdict, and whether that still leaves."""
    rows = Delivery.objects.filter(event=OVERTURNED).order_by("pk")
    return list(rows.values_list("payload__correction__verdict", "status"))


@pytest.mark.parametrize(
    ("verdicts", "stands", "corrected", "news"),
    [
        (("accept", "reject"), "second", "reject", ["reject"]),
        (("accept", "reject"), "first", None, []),
        (("accept", "reject"), "neither", None, []),
        (("reject", "answer"), "second", "answer", ["reject"]),
        (("reject", "accept"), "second", None, ["reject"]),
        (("reject", "accept"), "first", "reject", ["reject"]),
    ],
)
def test_what_stands_corrects_the_outcome_and_is_told_once(
    people: list[User], verdicts: tuple[str, str], stands: str, corrected: str | None, news: list[str]
) -> None:
    first, second, lead = people
    check = judged(first, verdicts[0], second, verdicts[1])

    check.settle(lead, stands, "I looked.")

    correction = Outcome.objects.get().correction
    assert (correction and correction.verdict) == corrected
    assert told() == [(verdict, "pending") for verdict in news]


def test_undoing_what_stood_takes_the_news_back(alice: User, bob: User, olga: User) -> None:
    check = judged(alice, "accept", bob, "reject")
    check.settle(olga, Check.Stands.SECOND, "")

    check.escalation.undo(bob)

    assert (Outcome.objects.get().correction, told()) == (None, [("reject", "cancelled")])


def test_undoing_what_stood_lets_the_first_correct_again(alice: User, bob: User, olga: User) -> None:
    check = judged(alice, "reject", bob, "accept")
    check.settle(olga, Check.Stands.SECOND, "")

    check.escalation.undo(bob)

    assert (Outcome.objects.get().correction, told()) == (check.first, [("reject", "pending")])


def test_undoing_the_first_takes_back_what_a_lead_said_of_it(alice: User, bob: User, olga: User) -> None:
    check = judged(alice, "accept", bob, "reject")
    check.settle(olga, Check.Stands.SECOND, "")

    check.first.escalation.undo(alice)

    assert (Outcome.objects.get().correction, told()) == (None, [("reject", "cancelled")])
