"""What became of second looks at the results of a gate, and what that says of its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import F, QuerySet

from escalation.gating.models import Gate
from escalation.queue.models import Check, Reason, Verdict
from escalation.tuning.certificate import Target
from escalation.tuning.models.label import CORRECT
from escalation.tuning.reviewers import FEWEST_PAIRS, Seconds, agreement, corrected, counted
from escalation.tuning.strata import Window
from escalation.tuning.wording import agreed, finding, second_looks

# The newest: what reviewers mistook a year ago says little of those who review now.
MOST_LOOKS = 5_000
SAID = {
    "before": F("first__verdict"),
    "before_cosmetic": F("first__cosmetic"),
    "after": F("escalation__decision__verdict"),
    "after_cosmetic": F("escalation__decision__cosmetic"),
}


def seconds_at(gate: Gate) -> Seconds:
    """Count the second looks at a gate's results: the second reviewer is right, unless a lead says no.

    Of gold, the first decision is the truth. Where a lead found neither to be right, it is left out.
    """
    rows = _of(gate).exclude(stands=Check.Stands.NEITHER).values("escalation__reason", "stands", *SAID)
    return counted([_pair(row) for row in rows[:MOST_LOOKS]])


def agreed_at(gate: Gate) -> Seconds:
    """Count what two reviewers said of the same results, whoever a lead found to be right."""
    rows = _of(gate).filter(escalation__reason=Reason.SECOND_REVIEW).values(*SAID)[:MOST_LOOKS]
    return counted([_both(row) for row in rows])


def _of(gate: Gate) -> QuerySet[Check]:
    of_gate = {"first__escalation__agent": gate.agent.slug, "first__escalation__gate": gate.slug}
    return Check.objects.done().filter(**of_gate).order_by("-pk").annotate(**SAID)


def _both(row: Mapping[str, Any]) -> tuple[bool, bool]:
    first = row["before_cosmetic"] or CORRECT[Verdict(row["before"])]
    return first, row["after_cosmetic"] or CORRECT[Verdict(row["after"])]


def _pair(row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the result was right, by the reviewer who is judged and in truth."""
    first, second = _both(row)
    if row["escalation__reason"] == Reason.GOLD:
        return second, first
    return first, first if row["stands"] == Check.Stands.FIRST else second


def said_of_reviewers(gate: Gate, window: Window, target: Target) -> Iterator[str]:
    """How much the reviewers' own mistakes could matter, in sentences."""
    seconds = seconds_at(gate)
    stricter = corrected(target, seconds)
    yield second_looks(seconds, target, stricter)
    if seconds.pairs >= FEWEST_PAIRS and (found := agreement(agreed_at(gate), seed=gate.pk)):
        yield agreed(found)
    if stricter and stricter.alpha > 0:
        yield f"By that: {finding(window.certify(stricter))}"
