"""What has settled is counted once, what is newer on top; and counting anew makes no difference."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import F, Sum
from django.utils import timezone

from escalation.gating.models import Gate, Outcome
from escalation.queue.models import Check, ReviewQueue
from escalation.tuning.models import GateRails, Label, Tally, Watch
from escalation.tuning.strata import Cell, window_at
from tests.tuning.seen import decided, passed, passed_often


def tallied() -> int:
    """Count as a tick does a minute later, when all of this has settled."""
    return Tally.objects.count_on(timezone.now() + timedelta(minutes=1))


def cells_of(gate: Gate) -> list[Cell]:
    return sorted(window_at(gate).cells, key=lambda cell: (cell.confidence, cell.escalated))


def recounted(*options: str) -> str:
    said = StringIO()
    call_command("rebuild_tallies", *options, stdout=said)
    return said.getvalue()


@pytest.fixture
def busy(gate: Gate, alice: User) -> Gate:
    """Some accepted unseen, some audited, some escalated and decided, and one that nobody decides."""
    gate.adopt(author=None, reason="audit half", audit_rate=0.5)
    passed_often(0.9, 3)
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.9, alice, number=4)
    decided(0.98, alice, right=False)
    decided(0.3, alice, number=2)
    passed(0.5)
    return gate


def test_a_window_is_the_same_before_and_after_it_is_tallied(busy: Gate) -> None:
    before = cells_of(busy)

    tallied()

    assert cells_of(busy) == before
    assert Tally.objects.aggregate(n=Sum("outcomes"))["n"] == Outcome.objects.count()


def test_before_anything_has_passed_nothing_is_passed_over(gate: Gate) -> None:
    tallied()

    passed_often(0.9, 3)
    before = window_at(gate).outcomes
    tallied()

    assert (before, window_at(gate).outcomes) == (3, 3)
    assert Tally.objects.aggregate(n=Sum("outcomes"))["n"] == 3


def test_what_comes_later_is_on_top_until_it_is_tallied_too(busy: Gate, alice: User) -> None:
    tallied()
    late = Outcome.objects.get(confidence=0.5).escalation
    assert late is not None
    late.claim(alice)
    late.decide(alice, "reject")
    decided(0.9, alice, right=False)

    before = cells_of(busy)
    tallied()

    assert cells_of(busy) == before
    assert (window_at(busy).labels, window_at(busy).undecided) == (9, 0)


def test_nothing_is_counted_twice(busy: Gate) -> None:
    counted = [tallied() > 0, tallied(), tallied()]

    assert counted == [True, 0, 0]


def test_what_can_still_be_undone_waits(busy: Gate, alice: User) -> None:
    Tally.objects.count_on(timezone.now() + timedelta(seconds=1))

    assert not Tally.objects.exists()
    assert window_at(busy).labels == 7


def test_what_an_alarm_closed_is_out_of_the_window_and_can_still_be_replayed(
    gate: Gate, alice: User, olga: User
) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    GateRails.objects.create(gate=gate, on_alarm="tell", author=olga, reason="-")
    decided(0.9, alice, right=False, number=30)
    Watch.objects.feed_all(timezone.now() + timedelta(minutes=1))
    Watch.objects.filter(closed_the_window=True).update(ended_at=timezone.now())
    passed(0.8)
    tallied()

    today = timezone.localdate()
    now, both = window_at(gate), window_at(gate, today, today + timedelta(days=1))

    assert (now.outcomes, both.outcomes) == (1, 31)


def test_a_label_that_a_lead_replaces_is_replaced_in_the_tally(
    gate: Gate, alice: User, bob: User, olga: User
) -> None:
    ReviewQueue.objects.update(second_review_share=1.0)
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    escalation = passed(0.9).escalation
    assert escalation is not None
    for reviewer, verdict in ((alice, "accept"), (bob, "reject")):
        asked = escalation if reviewer == alice else Check.objects.get().escalation
        asked.claim(reviewer)
        asked.decide(reviewer, verdict)
    tallied()

    Check.objects.get().settle(olga, Check.Stands.SECOND, "")

    (cell,) = cells_of(gate)
    assert (cell.labels, cell.wrong, cell.audits, cell.decided) == (1, 1, 1, 1)
    assert recounted() == "No tally differs.\n"


def test_counting_anew_makes_no_difference(busy: Gate, alice: User) -> None:
    tallied()
    decided(0.7, alice)

    assert recounted() == "No tally differs.\n"
    assert Tally.objects.exists()


def test_what_differs_is_said_and_mended(busy: Gate) -> None:
    tallied()
    right = cells_of(busy)
    Tally.objects.filter(even=900).update(outcomes=F("outcomes") + 1)

    with pytest.raises(CommandError, match="2 differ"):
        recounted()
    mended = recounted("--mend")

    assert mended == "2 tallies mended.\n"
    assert cells_of(busy) == right


@pytest.mark.parametrize("confidence", [0.0, 0.57, 0.999999999, 1.0])
def test_every_confidence_has_a_cell(confidence: float, gate: Gate) -> None:
    passed(confidence)

    tallied()

    assert [cell.confidence for cell in cells_of(gate)] == [confidence]


def test_the_threshold_in_force_divides_a_cell_exactly(gate: Gate, alice: User) -> None:
    gate.adopt(author=None, reason="exactly", threshold=0.90005, audit_rate=1.0)
    decided(0.90001, alice)
    decided(0.90009, alice)

    before: list[Any] = cells_of(gate)
    tallied()

    assert [cell.confidence for cell in before] == [0.90001, 0.90009]
    assert cells_of(gate) == before
    assert Label.objects.count() == 2
