"""A shop whose desk an agent works at: what its tools were asked for, what they did, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents import Agent, Tool, tool
from agents.guards.breaker import BreakerPolicy
from agents.llm.local.replies import Reply

APPROVAL_ABOVE = 50


@dataclass
class Shop:
    """Call `agent()` for an agent with the shop's tools; the lists fill while it works."""

    looked_up: list[str] = field(default_factory=list)
    refunds: list[tuple[str, int, str]] = field(default_factory=list)  # order, euros, idempotency key
    letters: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    answer: Any = field(default_factory=lambda: {"state": "sent"})
    meanwhile: Callable[[], object] | None = None  # what happens elsewhere while a tool runs

    def agent(self, **terms: Any) -> Agent:
        """An agent at the shop's desk; `terms` are the fields of Agent."""
        defaults: dict[str, Any] = {
            "name": "shop-desk",
            "model": "claude-haiku-5-5",
            "instructions": "You answer customers.",
            "tools": self.tools(),
        }
        return Agent(**(defaults | terms))

    def tools(self) -> list[Tool]:
        """`look_up` reads, `refund` and `write_letter` write."""
        breaker = BreakerPolicy(failure_threshold=3, recovery_timeout=60)

        @tool(effect="read", cache_ttl_s=3600, breaker=breaker)
        def look_up(order: str) -> Any:
            """Find an order."""
            self.looked_up.append(order)
            return self._answered()

        @tool(effect="idempotent_write", needs_approval=_above_the_limit)
        def refund(order: str, euros: int = 100, idempotency_key: str = "") -> Any:
            """Pay money back."""
            self.refunds.append((order, euros, idempotency_key))
            return self._answered()

        @tool(effect="write")
        def write_letter(text: str) -> Any:
            """Send a letter."""
            self.letters.append(text)
            return self._answered()

        return [look_up, refund, write_letter]

    def _answered(self) -> Any:
        if self.meanwhile is not None:
            self.meanwhile()
        if self.trouble is not None:
            raise self.trouble
        return self.answer


def _above_the_limit(arguments: Mapping[str, Any]) -> bool:
    return bool(arguments["euros"] > APPROVAL_ABOVE)


def answers(output: Any = "It was sent.", confidence: Any = 90, **said: Any) -> Reply:
    """A final message in the shape that agents answer in."""
    whole = {"answer": output, "confidence": confidence, "completed": [], "missing": [], "evidence": []}
    return Reply.answers(**(whole | said))
