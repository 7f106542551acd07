"""What `agent.run(task)` returns: always something, and always with a number to compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What an agent produced.

    `confidence` in 0 to 1 is 0.0 when the agent stated none, when the result is partial and when a guard
    stopped it, so that a comparison never lets such a result through; `stated_confidence` is what it said, or
    what a critic and further samples left of that.
    `partial` says that a limit ended the work: `completed` and `missing` tell how far it got.
    `causes` are reason codes that the guards found. `escalation` is the id of what already waits for a human.
    """

    agent: str
    task: Any
    output: Any
    confidence: float = 0.0
    partial: bool = False
    completed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    detail: str = ""
    explanation: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    trace: tuple[dict[str, Any], ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()
    run: int | None = None
    escalation: int | None = None
    stated_confidence: float | None = None  # None when the agent stated none that can be read
