"""What a guard answers: go on, or stop for a named reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class Reason(StrEnum):
    """Why a run stopped: the codes of the queue's reasons, as far as a run can produce them."""

    LOW_CONFIDENCE = "low_confidence"
    NO_CONFIDENCE = "no_confidence"
    BUDGET_EXHAUSTED = "budget_exhausted"
    BREAKER_OPEN = "breaker_open"
    TOOL_FAILED = "tool_failed"
    LOOP_DETECTED = "loop_detected"
    MODEL_REFUSED = "model_refused"
    MODEL_UNAVAILABLE = "model_unavailable"
    OUTPUT_INVALID = "output_invalid"
    EVIDENCE_MISSING = "evidence_missing"
    APPROVAL_REQUIRED = "approval_required"
    INPUT_REQUESTED = "input_requested"
    NOT_LIVE = "not_live"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Proceed:
    """The guard has nothing against the next step."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The guard stops the run; `detail` is a sentence for the reviewer."""

    reason: Reason
    detail: str


Verdict: TypeAlias = Proceed | Stop

PROCEED: Final = Proceed()
