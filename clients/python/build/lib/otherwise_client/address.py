"""Where the server is, and as whom we call."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from otherwise_client.calls import VISIBLE
from otherwise_client.flows import Send

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Address:
    """A server and a token for it; the token is in no repr."""

    base_url: str
    token: str = field(repr=False)
    timeout_s: float

    @classmethod
    def of(cls, base_url: str | None, token: str | None, timeout_s: float) -> Address:
        """What was given, else OTHERWISE_URL and OTHERWISE_TOKEN; raises ValueError."""
        base_url = (base_url or os.environ.get("OTHERWISE_URL", "")).rstrip("/").removesuffix(PREFIX)
        token = (token or os.environ.get("OTHERWISE_TOKEN", "")).strip()
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(
                "Say where Otherwise is: base_url or OTHERWISE_URL, such as http://127.0.0.1:8000"
            )
        if not VISIBLE.fullmatch(token):
            raise ValueError(
                "Give a token: token or OTHERWISE_TOKEN (manage.py create_token AGENT prints one)"
            )
        return cls(base_url, token, timeout_s)

    def request(self, send: Send) -> dict[str, Any]:
        """What an httpx2 client's `request` is called with."""
        return {
            "method": send.call.method,
            "url": self.base_url + PREFIX + send.call.path,
            "content": send.call.body,
            "headers": {"Authorization": f"Bearer {self.token}", **send.call.headers()},
            "timeout": self.timeout_s + send.held_s,
            "follow_redirects": False,
        }
