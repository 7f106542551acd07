"""A decision on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, convert
from msgspec.structs import asdict

from escalation.api.shapes.fields import Id, Json, JsonObject, Moment, Seconds
from escalation.delivery.payloads import of_decision
from escalation.queue.models import Decision

Verdict = Literal["accept", "edit", "reject", "answer", "continue", "retry", "dismiss"]


class DecisionOut(Struct, kw_only=True):
    """What a human said: the same words as in the webhook."""

    id: Id
    verdict: Verdict
    output: Json
    original_output: Json
    edited: bool
    arguments: Json
    answer: Json
    note: str
    reason_code: str
    reviewer: str
    decided_at: Moment
    seconds_spent: float | None
    content_hash: str

    @classmethod
    def of(cls, decision: Decision) -> DecisionOut:
        return convert(of_decision(decision), cls)


class DecisionBrief(Struct, kw_only=True):
    """A decision as lists show it."""

    id: Id
    verdict: Verdict
    edited: bool
    reviewer: str
    decided_at: Moment

    @classmethod
    def of(cls, decision: Decision) -> DecisionBrief:
        return cls(
            id=decision.pk,
            verdict=decision.verdict,  # type: ignore[arg-type]
            edited=decision.edited,
            reviewer=decision.reviewer.get_username(),
            decided_at=decision.decided_at,
        )


class Grant(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a PARTIAL result may use to go on."""

    cost_usd: Annotated[float, Meta(gt=0, lt=10**12)] | None = None
    tokens: Annotated[int, Meta(gt=0, lt=10**12)] | None = None
    output_tokens: Annotated[int, Meta(gt=0, lt=10**12)] | None = None
    turns: Annotated[int, Meta(gt=0, lt=10**12)] | None = None
    tool_calls: Annotated[int, Meta(gt=0, lt=10**12)] | None = None
    wall_clock_s: Annotated[float, Meta(gt=0, lt=10**12)] | None = None

    def granted(self) -> dict[str, float]:
        """The limits that were named."""
        return {name: amount for name, amount in asdict(self).items() if amount is not None}


class DecisionIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a reviewer says of the escalation that they hold, as they saw it at `version`."""

    verdict: Verdict
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    output: Json = None
    arguments: JsonObject | None = None
    answer: Json = None
    note: str = ""
    reason_code: Annotated[str, Meta(max_length=50)] = ""
    grant: Grant | None = None
    cosmetic: bool = False
    seconds_spent: Seconds | None = None

    def as_answer(self) -> dict[str, Any]:
        """The keywords of `Escalation.decide`."""
        return {
            "output": self.output,
            "arguments": self.arguments,
            "answer": self.answer,
            "note": self.note,
            "reason_code": self.reason_code,
            "grant": self.grant.granted() if self.grant else {},
            "cosmetic": self.cosmetic,
            "seconds_spent": self.seconds_spent,
        }
