"""Requests, built from values: nothing here is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Call:
    """One logical call. However often it is sent, its body and its key stay as they are."""

    method: str
    path: str
    body: bytes | None = None
    key: str | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method != "POST" or self.key is not None

    def headers(self) -> dict[str, str]:
        """What this call adds to the headers that every request has."""
        headers = {}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        return headers


def creating(path: str, body: Mapping[str, Any], key: str | None) -> Call:
    """A POST under `key`, or under one made for it; raises ValueError for a key that no header can carry."""
    if key is None:
        key = uuid4().hex
    elif not VISIBLE.fullmatch(key) or len(key) > 255:
        raise ValueError("An idempotency key is 1 to 255 visible ASCII characters.")
    return Call("POST", path, encoded(body), key)


def receipt_for(id: int, status: str, content_hash: str, detail: str) -> Call:
    body = {"status": status, "content_hash": content_hash, "detail": detail}
    return Call("PUT", f"{escalation_at(id)}receipt/", encoded(body))


def reading(place: str, wait_s: int = 0) -> Call:
    """What is at a place, at once, or held back up to `wait_s` seconds (1 to 60) until it is settled."""
    return Call("GET", place + (f"?wait={wait_s}" if wait_s else ""))


def escalation_at(id: int) -> str:
    return f"/escalations/{id}/"


def run_at(id: int) -> str:
    return f"/runs/{id}/"


def listing(path: str, query: Mapping[str, Any]) -> Call:
    written = {name: _in_query(value) for name, value in query.items() if value is not None}
    return Call("GET", f"{path}?{urlencode(written)}")


def encoded(value: Any) -> bytes:
    """Strict JSON; raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
