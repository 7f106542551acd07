"""Put an AI agent's results through a gate, and what it is unsure of to a human."""

from otherwise_client import webhooks
from otherwise_client.answers import (
    Correction,
    Decision,
    DecisionBrief,
    Escalation,
    EscalationLink,
    EscalationRow,
    Label,
    Outcome,
    Receipt,
    Resolution,
    Run,
)
from otherwise_client.async_client import AsyncOtherwise
from otherwise_client.client import Otherwise
from otherwise_client.errors import (
    FieldError,
    Forbidden,
    Invalid,
    KeyReused,
    NotAccepted,
    NotFound,
    OtherwiseError,
    ProblemError,
    Refused,
    SignatureInvalid,
    StillRunning,
    StillWaiting,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from otherwise_client.gating import Result

__all__ = [
    "AsyncOtherwise",
    "Correction",
    "Decision",
    "DecisionBrief",
    "Escalation",
    "EscalationLink",
    "EscalationRow",
    "FieldError",
    "Forbidden",
    "Invalid",
    "KeyReused",
    "Label",
    "NotAccepted",
    "NotFound",
    "Otherwise",
    "OtherwiseError",
    "Outcome",
    "ProblemError",
    "Receipt",
    "Refused",
    "Resolution",
    "Result",
    "Run",
    "SignatureInvalid",
    "StillRunning",
    "StillWaiting",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "webhooks",
]
