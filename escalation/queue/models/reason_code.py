from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from escalation.queue.models.review_queue import ReviewQueue


@dataclass(frozen=True, slots=True)
class Code:
    """A reason that a reviewer can give, and whether it says nothing without a note."""

    code: str
    label: str
    needs_note: bool = False


# What is offered where ops have set none.
USUAL = {
    "reject": [
        Code("wrong", "Wrong"),
        Code("incomplete", "Incomplete"),
        Code("not_asked", "Not what was asked"),
        Code("unsafe", "Unsafe, or against policy"),
        Code("wording", "Right, but badly said"),
        Code("other", "Other (say what)", needs_note=True),
    ],
    "dismiss": [
        Code("duplicate", "Seen before"),
        Code("outdated", "No longer needed"),
        Code("not_for_us", "Not for this queue"),
        Code("noise", "Spam or a test"),
        Code("other", "Other (say what)", needs_note=True),
    ],
}


class ReasonCode(models.Model):
    """A reason that may be given in one review queue; where there is any, the usual ones are not offered."""

    class Verdict(models.TextChoices):
        REJECT = "reject"
        DISMISS = "dismiss"

    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="reason_codes")
    verdict = models.CharField(max_length=10, choices=Verdict)
    code = models.SlugField(max_length=50)
    label = models.CharField(max_length=100)
    needs_note = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField(default=0, help_text="The first has the digit 1.")

    class Meta:
        ordering = ["place", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "verdict", "code"], name="one_meaning_per_code_and_verdict"
            )
        ]

    def __str__(self) -> str:
        return self.label


def own_codes(queue_id: int, verdict: str) -> list[Code]:
    """The reasons that ops have set for a verdict in a review queue; none where the usual ones do."""
    return [_code(row) for row in ReasonCode.objects.filter(queue=queue_id, verdict=verdict).values(*AS_ROW)]


def offered(rows: Iterable[dict[str, Any]], verdict: str) -> list[Code]:
    """What to offer for a verdict where these are set, each once; `rows` have the keys of `AS_ROW`."""
    own = {row["code"]: _code(row) for row in rows if row["verdict"] == verdict}
    return list(own.values()) or USUAL[verdict]


AS_ROW = ("verdict", "code", "label", "needs_note")


def _code(row: dict[str, Any]) -> Code:
    return Code(row["code"], row["label"], row["needs_note"])
