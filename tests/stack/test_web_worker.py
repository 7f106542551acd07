"""The real web door: those who wait for a human hold no thread, and nobody else notices them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import psutil
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from escalation.stack.readiness import answers, free_port
from tests.cast import RaiseEscalation
from tests.stack.conftest import PROJECT

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = 60
REQUESTS = 3000


class Door:
    """One gunicorn process with two threads, on the test's database."""

    def __init__(self, process: psutil.Popen, port: int, token: str) -> None:
        self.process, self.port, self.token = process, port, token

    def ask(self, path: str) -> http.client.HTTPConnection:
        """Send a request and do not wait for its answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        client.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"})
        return client

    def get(self, path: str) -> tuple[int, str]:
        with_answer = self.ask(path)
        try:
            return said(with_answer)
        finally:
            with_answer.close()

    def connections(self) -> int:
        """How many clients are connected."""
        (web,) = self.process.children()
        found = web.net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED for each in found)


def said(client: http.client.HTTPConnection) -> tuple[int, str]:
    """The status of the answer, and the escalation's."""
    answer = client.getresponse()
    return answer.status, json.loads(answer.read()).get("status", "")


@pytest.fixture
def door(agent: Agent) -> Iterator[Door]:
    place, port = connection.settings_dict, free_port()
    known = {
        "DATABASE_URL": f"postgres://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        "REDIS_URL": django_settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "escalation.settings",
        "WEB_PROCESSES": "1",
        "WEB_THREADS": "2",
        "UNDO_WINDOW_S": "0",
    }
    settings = ("-c", "python:escalation.stack.gunicorn_settings", f"--bind=127.0.0.1:{port}")
    process = psutil.Popen(
        [sys.executable, "-m", "gunicorn", *settings],
        cwd=PROJECT,
        env=os.environ | known,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    token = Token.objects.issue(agent=agent, scopes=["escalations"])[1]
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        yield Door(process, port, token)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def until(holds: object, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_many_wait_on_two_threads_and_all_learn_of_the_decision(
    door: Door, alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta()
    escalation = an_escalation()
    path = f"/escalations/{escalation.pk}/"
    with ExitStack() as stack:
        waiting = [door.ask(f"{path}?wait=60") for _ in range(WAITING)]
        for client in waiting:
            stack.callback(client.close)
        began = time.monotonic()
        seen = door.get(path)
        took_s = time.monotonic() - began
        escalation.claim(alice)
        escalation.decide(alice, "accept")

        told = [said(client) for client in waiting]

    assert (seen, took_s < 50) == ((200, "waiting"), True)
    assert told == [(200, "decided")] * WAITING


def test_clients_that_ask_without_a_pause_leave_room_for_others(
    door: Door, an_escalation: RaiseEscalation
) -> None:
    path = f"/escalations/{an_escalation().pk}/"
    over = threading.Event()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(asking_on(door, over))

        seen = door.get(path)

        assert (seen, over.is_set()) == ((200, "waiting"), False)


@contextmanager
def asking_on(door: Door, over: threading.Event) -> Iterator[None]:
    """A client whose next request is always there before the answer to the last one."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", door.port)) as client:
        begun = threading.Event()

        def read() -> None:
            answers = 0
            while heard := client.recv(65_536):
                begun.set()
                answers += heard.count(b"HTTP/1.1 200")
                if answers > REQUESTS / 2:
                    over.set()

        with suppress(OSError), ThreadPoolExecutor(2) as threads:
            threads.submit(read)
            threads.submit(client.sendall, request * REQUESTS)
            begun.wait(60)
            yield
            client.shutdown(socket.SHUT_RDWR)


def test_when_the_time_is_over_it_says_how_things_are(door: Door, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}/"
    began = time.monotonic()

    # On one connection, as a client keeps it.
    client = door.ask(f"{path}?wait=1")
    first = said(client)
    client.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {door.token}"})
    second = said(client)
    client.close()

    assert (first, second) == ((200, "waiting"), (200, "waiting"))
    assert 1 <= time.monotonic() - began < 50


def test_a_client_that_hangs_up_is_forgotten_at_once(door: Door, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}/?wait=60"
    clients = [door.ask(path) for _ in range(5)]
    until(lambda: door.connections() == 5)

    for client in clients:
        client.sock.shutdown(socket.SHUT_RDWR)
        client.close()

    until(lambda: door.connections() == 0, within_s=45)


def test_a_door_that_closes_tells_those_who_wait(door: Door, an_escalation: RaiseEscalation) -> None:
    client = door.ask(f"/escalations/{an_escalation().pk}/?wait=60")
    until(lambda: door.connections() == 1)
    time.sleep(0.5)

    door.process.send_signal(signal.SIGTERM)

    assert said(client) == (200, "waiting")
    client.close()
    assert Escalation.objects.get().status == "waiting"
