"""What the queue refuses, for the doors to turn into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escalation.queue.models import Escalation


class TransitionRefused(Exception):
    """The row was not in a state that allows this move; nothing was changed."""

    def __init__(self, escalation: Escalation, move: str, because: str = "its state had changed") -> None:
        self.escalation = escalation
        self.move = str(move)
        super().__init__(f"escalation {escalation.pk} could not be {self.move}: {because}")


class StaysOpen(Exception):
    """Its timeout exit is to wait for a human: a receiver of `expired` raises it, and nothing was changed."""


class KeyReused(Exception):
    """The same idempotency key came with another body; nothing was stored."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"the key {key!r} was used before with another body; use a new key for a new request"
        )


class DecisionInvalid(Exception):
    """The decision does not fit what was asked; `errors` maps a field to what is wrong with it."""

    def __init__(self, **errors: str) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{field}: {text}" for field, text in errors.items()))
