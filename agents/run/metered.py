"""What a model call gave and what it is charged with, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from agents.llm.turn import Turn, Usage


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call used, or may use at most; `input` includes what the API's cache held or took."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """What the API says that a call used."""
        written = usage.cache_write_5m + usage.cache_write_1h
        return cls(usage.prompt_tokens, usage.output_tokens, usage.cache_read, written)

    def as_mapping(self) -> dict[str, int]:
        """The names of the ledger and of steps."""
        cached = {"cache_read_tokens": self.cache_read, "cache_write_tokens": self.cache_write}
        used = {"input_tokens": self.input, "output_tokens": self.output}
        return used | {name: tokens for name, tokens in cached.items() if tokens}


@dataclass(frozen=True, slots=True)
class Answered:
    """The model was asked: its turn, what it is charged with, and the seconds it took."""

    turn: Turn
    micro_usd: int
    tokens: Tokens
    seconds: float
