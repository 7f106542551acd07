"""A label on the wire: what a human's decision says of a confidence, beside what it was said of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Raw, Struct

from escalation.api.shapes.decisions import Verdict
from escalation.api.shapes.fields import Id, Json, Moment

NULL = Raw(b"null")


class LabelOut(Struct):
    """A label; `weight` is 1 / `inclusion_probability`: how many results of its kind it stands for."""

    id: Id
    agent: str
    gate: str
    policy_version: int | None
    confidence_raw: float | None
    confidence: float | None
    threshold: float | None
    correct: bool
    weight: float
    inclusion_probability: float
    source: Literal["escalated", "audit"]
    verdict: Verdict
    task: Json
    output: Json
    corrected_output: Json
    reason_code: str
    reviewer: str
    decided_at: Moment

    @classmethod
    def of(cls, row: Sequence[Any]) -> LabelOut:
        """A row of `LabelQuerySet.told`; its JSON and moment go out as PostgreSQL wrote them."""
        shown = cls(*row)
        shown.task, shown.output = _raw(shown.task), _raw(shown.output)
        shown.corrected_output = _raw(shown.corrected_output)
        return shown


def _raw(text: str | None) -> Raw:
    return NULL if text is None else Raw(text.encode())
