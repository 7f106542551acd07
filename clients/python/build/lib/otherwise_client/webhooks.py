"""Webhooks that are proved to come from our server: https://www.standardwebhooks.com, HMAC-SHA256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from otherwise_client.answers import Decision, Resolution
from otherwise_client.errors import SignatureInvalid, UnexpectedAnswer
from otherwise_client.fields import Kind, Status
from otherwise_client.reading import Unreadable, parsed, read

TOLERANCE_S = 300
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationNews:
    """Which escalation an event is about, and how it stands; the decision with `escalation.decided`."""

    id: int
    url: str
    agent: str
    gate: str
    kind: Kind
    reason: str
    title: str
    external_id: str
    status: Status
    resolution: Resolution | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a webhook says. The same `id` may come more than once: act on it once."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]

    @property
    def escalation(self) -> EscalationNews | None:
        """What `data` says, for the events named `escalation.…`; else None."""
        return read(EscalationNews, self.data) if self.type.startswith("escalation.") else None


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Iterable[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """The event in `body`, the raw bytes as they came; raises SignatureInvalid.

    `secrets` are one or, while one replaces another, several, as the server shows them (`whsec_…`). `now`
    is in seconds since 1970.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    _refuse_old(sent_at, time.time() if now is None else now, tolerance_s)
    signed = f"{message_id}.{sent_at}.".encode() + body
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not _is_signed(signed, keys, given.get("webhook-signature", "")):
        raise SignatureInvalid("The signature is of none of these secrets, or the message was changed.")
    return _event(message_id, body)


def _refuse_old(sent_at: str, now: float, tolerance_s: float) -> None:
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 16):
        raise SignatureInvalid("The header webhook-timestamp is missing or no number.")
    if abs(now - int(sent_at)) > tolerance_s:
        raise SignatureInvalid(f"It was sent more than {tolerance_s:g} seconds from now.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("A webhook secret is whsec_ and base64.") from error
    if not key:
        raise ValueError("A webhook secret is empty: anybody could sign.")
    return key


def _is_signed(signed: bytes, keys: list[bytes], header: str) -> bool:
    """Whether one of the signatures (`v1,base64 v1,base64 …`) is of one of the keys."""
    given = [one.removeprefix("v1,").encode() for one in header.split() if one.startswith("v1,")]
    expected = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    return any(hmac.compare_digest(one, other) for one in given for other in expected)


def _event(message_id: str, body: bytes) -> Event:
    try:
        said = parsed(body)
        return read(Event, said | {"id": message_id} if isinstance(said, dict) else said)
    except Unreadable as error:
        raise UnexpectedAnswer(f"The signature is right, the body is no event: {error}") from error
