"""A sender that knows nothing of us but an address and a token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class WebCaller:
    """Sends JSON over HTTP, as plainly as that goes."""

    base: str
    token: str

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: Any, key: str | None = None) -> Answer:
        return self._ask("POST", path, json.dumps(body).encode(), {"Idempotency-Key": key} if key else {})

    def _ask(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        common = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(self.base + path, data, common | headers, method=method)
        try:
            answer = build_opener(ProxyHandler({})).open(request, timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            return Answer(answer.status, dict(answer.headers), json.loads(answer.read()))
