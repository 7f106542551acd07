"""What can go wrong: every error is an OtherwiseError, and says what the server said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otherwise_client.answers import Escalation, Run


class OtherwiseError(Exception):
    """Whatever this library raises."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong, and where: an RFC 6901 pointer into the body, a `?parameter` or a header."""

    pointer: str
    detail: str


class ProblemError(OtherwiseError):
    """The server refused; `problem` is its answer (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.title = str(problem.get("title") or f"HTTP {status}")
        self.detail = str(problem.get("detail") or "")
        self.errors = [
            FieldError(str(one.get("pointer", "")), str(one.get("detail", "")))
            for one in problem.get("errors") or ()
        ]
        places = "; ".join(f"{error.pointer}: {error.detail}" for error in self.errors)
        super().__init__(" ".join(filter(None, (f"{status} {self.title}.", self.detail, places))))


class Invalid(ProblemError):
    """The request breaks the contract; `errors` say where."""


class Unauthorized(ProblemError):
    """The token is missing, unknown, expired or revoked."""


class Forbidden(ProblemError):
    """The token has no scope for this."""


class NotFound(ProblemError):
    """There is no such thing for this token."""


class Refused(ProblemError):
    """The escalation is past that move; `current` is how it is now, where the server told."""

    def __init__(self, status: int, problem: Mapping[str, Any], current: Escalation | None = None) -> None:
        super().__init__(status, problem)
        self.current = current


class KeyReused(ProblemError):
    """This idempotency key was used with another body."""


class Unavailable(OtherwiseError):
    """No answer, or none yet, after all retries. A creating call may be repeated safely with its `key`."""

    def __init__(self, why: str, *, key: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.key = key
        self.retry_after_s = retry_after_s


class UnexpectedAnswer(OtherwiseError):
    """Something answered that is no server of this API: is the address right?"""


class StillWaiting(OtherwiseError, TimeoutError):
    """The time is over and nobody has decided; `escalation` is how it was last seen."""

    def __init__(self, escalation: Escalation) -> None:
        super().__init__(f"Escalation {escalation.id} is still {escalation.status}.")
        self.escalation = escalation


class StillRunning(OtherwiseError, TimeoutError):
    """The time is over and the run is not; `run` is how it was last seen."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"Run {run.id} is still {run.status}.")
        self.run = run


class NotAccepted(OtherwiseError):
    """There is nothing to go on with: rejected, dismissed, sent back, withdrawn, or expired with no exit."""

    def __init__(self, escalation: Escalation) -> None:
        decision = escalation.decision
        said = f"{decision.verdict} by {decision.reviewer}" if decision else escalation.status
        note = f": {decision.note}" if decision and decision.note else "."
        super().__init__(f"Escalation {escalation.id}: {said}{note}")
        self.escalation = escalation
        self.decision = decision


class SignatureInvalid(OtherwiseError):
    """A webhook that was not signed with any of our secrets, or too long ago."""
