from django.db import models


class Reason(models.TextChoices):
    """Why a result's exit was not "accepted"."""

    LOW_CONFIDENCE = "low_confidence"
    NO_CONFIDENCE = "no_confidence"
    BUDGET_EXHAUSTED = "budget_exhausted"
    BREAKER_OPEN = "breaker_open", "Circuit open"
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
    AUDIT = "audit"
    SECOND_REVIEW = "second_review"
    GOLD = "gold"


# Checks on results, decisions and reviewers: their reviewers see neither confidence nor earlier answers,
# and no agent may learn that they exist.
BLIND_REASONS = (Reason.AUDIT, Reason.SECOND_REVIEW, Reason.GOLD)
