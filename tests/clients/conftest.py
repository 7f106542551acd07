"""Clients of the real server, over real HTTP."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection
from otherwise_client import Otherwise
from pytest_django.live_server_helper import LiveServer

from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from tests.agents.programs import wait_until
from tests.clients.front import Front, standing_before

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Await something in a thread of its own: this one may run a browser's event loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class DecideSoon(Protocol):
    def __call__(self, verdict: str, **answer: Any) -> None: ...


@pytest.fixture
def token(agent: Agent) -> str:
    """A token of support-triage that may do what an agent may do."""
    return Token.objects.issue(agent=agent, scopes=["escalations", "outcomes"])[1]


@pytest.fixture
def support_triage(live_server: LiveServer, token: str, settings: Any) -> Iterator[Otherwise]:
    """support-triage; decisions are in effect at once."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    with Otherwise(live_server.url, token) as client:
        yield client


@pytest.fixture
def front(live_server: LiveServer, settings: Any) -> Iterator[Front]:
    """What stands before the server, and passes everything until it is told otherwise."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    with standing_before(live_server.url) as front:
        yield front


@pytest.fixture
def lone_front() -> Iterator[Front]:
    """A front with nothing behind it: all that is answered is in its script."""
    with standing_before("http://127.0.0.1:1") as front:
        yield front


@pytest.fixture
def via_front(front: Front, token: str) -> Iterator[Otherwise]:
    """support-triage, through the front."""
    with Otherwise(front.url, token) as client:
        yield client


@pytest.fixture
def decide_soon(alice: User) -> Iterator[DecideSoon]:
    """Call it to have Alice decide the next escalation, half a second after it was raised."""
    with ExitStack() as deciding:

        def decide_soon(verdict: str, **answer: Any) -> None:
            alices = threading.Thread(target=decide_when_raised, args=(alice, verdict), kwargs=answer)
            alices.start()
            deciding.callback(alices.join)

        yield decide_soon


def decide_when_raised(reviewer: User, verdict: str, **answer: Any) -> None:
    wait_until(Escalation.objects.filter(status="waiting").exists)
    time.sleep(0.5)  # so that somebody waits already
    decide_the_newest(reviewer, verdict, **answer)


def decide_the_newest(reviewer: User, verdict: str, **answer: Any) -> None:
    escalation = Escalation.objects.latest("pk")
    escalation.claim(reviewer)
    escalation.decide(reviewer, verdict, **answer)
    connection.close()
