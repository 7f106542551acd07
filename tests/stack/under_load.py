"""Agents elsewhere and reviewers, who call a running stack and keep what they were answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Any

PATIENCE_S = 60


class Callers:
    """So many of each kind, each in a thread of its own, until they are told to go home."""

    def __init__(self, address: str, agent_token: str, reviewer_token: str) -> None:
        self.address = address.removeprefix("http://")
        self.agent_token, self.reviewer_token = agent_token, reviewer_token
        self.raised: dict[str, str] = {}  # by key: the Location that was answered
        self.decided: dict[int, int] = {}  # by escalation: the decision that was answered
        self.faults: list[str] = []
        self.unanswered = 0  # calls that got no answer, or 503
        self._home = Event()

    @contextmanager
    def at_work(self, agents: int, reviewers: int) -> Iterator[None]:
        """Let them call until the block ends; whoever waits for an answer is waited for."""
        acts = [self._raise_some] * agents + [self._decide_some] * reviewers
        threads = [Thread(target=act, args=(f"caller-{n}",)) for n, act in enumerate(acts)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._home.set()
            for thread in threads:
                thread.join(2 * PATIENCE_S)

    def _raise_some(self, name: str) -> None:
        number = 0
        while not self._home.is_set():
            number += 1
            key = f"{name}-{number}"
            body = {"reason": "low_confidence", "title": key, "output": {"reply": "Hm."}, "confidence": 0.5}
            answer = self._until_answered("/escalations/", body, self.agent_token, {"Idempotency-Key": key})
            if answer:
                self.raised[key] = f"/escalations/{answer['id']}/"
            time.sleep(0.05)

    def _decide_some(self, name: str) -> None:
        while not self._home.is_set():
            status, claimed = self._ask("/escalations/next/", {}, self.reviewer_token)
            if status == 200:
                sent = {"verdict": "accept", "version": claimed["version"]}
                path = f"/escalations/{claimed['id']}/decision/"
                status, decided = self._ask(path, sent, self.reviewer_token)
                if status == 201:
                    self.decided[claimed["id"]] = decided["id"]
            time.sleep(0.1)

    def _until_answered(self, *call: Any) -> dict[str, Any]:
        """Ask with the same key until there is an answer, as a client should."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            status, answer = self._ask(*call)
            if status in (200, 201):
                return answer
            time.sleep(0.2)
        self.faults.append(f"no answer in {PATIENCE_S} s: {call[:2]}")
        return {}

    def _ask(
        self, path: str, body: dict[str, Any], token: str, more: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer; 0 when there was none. A 500 is a fault of the product."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(more or {})}
        connection = HTTPConnection(self.address, timeout=60)
        try:
            connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException):
            self.unanswered += 1
            return 0, {}
        finally:
            connection.close()
        self.unanswered += answer.status == 503
        if answer.status == 500:
            self.faults.append(text.decode(errors="replace")[:500])
        return answer.status, json.loads(text) if text.startswith(b"{") else {}


def eventually(holds: Callable[[], object], within_s: float = 180) -> None:
    """Wait until something holds; AssertionError if it never does."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)
