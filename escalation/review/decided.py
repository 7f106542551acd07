from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from escalation.queue.models import Decision, Escalation
from escalation.queue.models.reason_code import USUAL, offered
from escalation.review.compared import Change, changes
from escalation.review.folding import Room, folded
from escalation.review.forms import arguments_of
from escalation.review.shapes import Shown, shown


@dataclass(frozen=True)
class Decided:
    """A standing decision as its page shows it; `order` is that of the agent's keys."""

    escalation: Escalation
    decision: Decision
    order: Sequence[str]

    @property
    def changes(self) -> list[Change]:
        """Where an edit differs from what the agent said."""
        if not self.decision.edited:
            return []
        if self.escalation.kind == Escalation.Kind.APPROVAL:
            return changes(arguments_of(self.escalation), self.decision.arguments, self.order)
        room = Room()
        found = changes(self.decision.original_output, self.decision.output, self.order)
        return [Change(room.take(one.where), room.take(one.before), room.take(one.after)) for one in found]

    @property
    def values(self) -> list[tuple[str, Shown]]:
        """What was said beside the verdict and the changes."""
        given = {"Answer": self.decision.answer, "Granted": self.decision.grant or None}
        return [
            (label, folded(shown(value, self.order))) for label, value in given.items() if value is not None
        ]

    @property
    def reason(self) -> str:
        """The reason, in the words in which it was offered."""
        code, verdict = self.decision.reason_code, self.decision.verdict
        known = offered(self.escalation.queue.codes, verdict) if verdict in USUAL else []
        return {each.code: each.label for each in known}.get(code, code)

    @property
    def receipt_at(self) -> datetime | None:
        """When the agent said what it had done."""
        return parse_datetime(str((self.escalation.receipt or {}).get("at", "")))
