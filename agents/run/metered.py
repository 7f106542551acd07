"""What a model call gave and what it is charged with, as values."""

from __future__ import annotations

from dataclasses import dataclass

from agents.llm.turn import Turn


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call used, or may use at most."""

    input: int
    output: int

    def as_mapping(self) -> dict[str, int]:
        """The names of the ledger and of steps."""
        return {"input_tokens": self.input, "output_tokens": self.output}


@dataclass(frozen=True, slots=True)
class Answered:
    """The model was asked: its turn, what it is charged with, and the seconds it took."""

    turn: Turn
    micro_usd: int
    tokens: Tokens
    seconds: float
