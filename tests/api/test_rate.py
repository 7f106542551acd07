"""What a token asks beyond its limit is refused, and comes through later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from escalation.api import rate
from escalation.api.models import Token
from escalation.api.rate import Ledger
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from tests.api.caller import Caller, a_body

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _redis_is_never_too_slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A Redis that takes a quarter of a second counts as absent, and then nobody is limited.
    monkeypatch.setattr(rate, "TIMEOUT_S", 30.0)
    rate._connect.cache_clear()
    yield
    rate._connect.cache_clear()


def test_beyond_the_limit_is_429_with_the_time_to_wait(support_triage: Caller, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 3
    answers = [support_triage.get("/escalations/").status_code for _ in range(3)]

    refused = support_triage.post("/escalations/", a_body())

    assert answers == [200, 200, 200]
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert 1 <= int(refused["Retry-After"]) <= 20
    assert not Escalation.objects.exists()


def test_each_token_has_its_own_limit(support_triage: Caller, agent: Agent, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 1
    other = Caller(Token.objects.issue(agent=agent, scopes=["escalations"])[1])
    support_triage.get("/escalations/")

    assert other.get("/escalations/").status_code == 200
    assert support_triage.get("/escalations/").status_code == 429


def test_there_is_room_again_after_the_wait(support_triage: Caller, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 60
    while (refused := support_triage.get("/escalations/")).status_code == 200:
        pass

    time.sleep(int(refused["Retry-After"]))

    assert refused["Retry-After"] == "1"
    assert support_triage.get("/escalations/").status_code == 200


def test_who_is_no_caller_is_not_counted(token: str, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 1
    wrong = Caller(token[:-1] + ("0" if token[-1] != "0" else "1"))

    answers = [wrong.get("/escalations/").status_code for _ in range(3)]

    assert answers == [401, 401, 401]


def test_0_is_no_limit(support_triage: Caller, settings: Any, redis_client: redis.Redis) -> None:
    settings.API_RATE_PER_MINUTE = 0

    support_triage.get("/escalations/")

    assert redis_client.keys("rate:*") == []


def test_without_redis_everybody_comes_through(support_triage: Caller, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 1
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    ledger = Ledger()

    waits = [ledger.wait_for("anybody", 1) for _ in range(3)]

    assert waits == [0.0, 0.0, 0.0]


class Counting(Ledger):
    """Counts how often it asks Redis."""

    asked = 0

    def _granted(self, name: str, limit: int) -> tuple[int, float]:
        self.asked += 1
        return super()._granted(name, limit)


def test_processes_share_the_limit_and_ask_redis_seldom() -> None:
    processes = [Counting() for _ in range(3)]
    began = time.monotonic()

    passed = sum(processes[n % 3].wait_for("busy", 6_000) == 0 for n in range(7_000))

    # What trickles in meanwhile passes too: a hundred in a second.
    assert 6_000 <= passed <= 6_050 + 100 * (time.monotonic() - began)
    assert sum(process.asked for process in processes) < passed / 9


def test_no_thread_passes_on_anothers_allowance() -> None:
    ledger = Ledger()
    passed: list[float] = []
    began = time.monotonic()

    def ask() -> None:
        passed.extend(ledger.wait_for("crowd", 100) for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 100 <= sum(wait == 0 for wait in passed) <= 103 + 2 * (time.monotonic() - began)


def test_every_operation_of_the_document_knows_429() -> None:
    document: Any = Client().get("/api/v1/schema/", {"format": "json"}).json()

    responses = [o["responses"]["429"] for path in document["paths"].values() for o in path.values()]

    assert len(responses) > 14
    assert all("Retry-After" in response["headers"] for response in responses)
