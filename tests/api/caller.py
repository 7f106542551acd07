"""A client of the REST API, as short as a sentence needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

BASE = "/api/v1"


@dataclass
class Caller:
    """Calls as the owner of `token`; a body that is not bytes is sent as JSON."""

    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(BASE + path, query, headers=self.headers())

    def post(self, path: str, body: Any = None, key: str | None = None, **options: Any) -> Any:
        return self._send("POST", path, body, {"Idempotency-Key": key} if key is not None else {}, options)

    def put(self, path: str, body: Any = None) -> Any:
        return self._send("PUT", path, body, {}, {})

    def delete(self, path: str) -> Any:
        return self.client.delete(BASE + path, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str], options: dict[str, Any]
    ) -> Any:
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        content_type = options.pop("content_type", "application/json")
        return self.client.generic(
            method, BASE + path, data, content_type, headers=self.headers() | headers, **options
        )


def a_body(**fields: Any) -> dict[str, Any]:
    """The least that an escalation needs, and `fields`."""
    return {"reason": "low_confidence", "title": "Where is my order?"} | fields
