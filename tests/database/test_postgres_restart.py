"""What callers notice when PostgreSQL ends all sessions, as it does when it starts anew."""

from __future__ import annotations

import json
from http.client import HTTPConnection

import psycopg
import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from escalation.api.models import Token
from escalation.gating.models import Agent, Gate
from tests.api.caller import a_body

OF_THIS_DATABASE = "datname = current_database() AND pid <> pg_backend_pid()"
END_ALL = f"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE {OF_THIS_DATABASE}"


@pytest.mark.django_db(transaction=True)
def test_the_next_request_on_a_kept_connection_succeeds(
    live_server: LiveServer, agent: Agent, gate: Gate
) -> None:
    token = Token.objects.issue(agent=agent, scopes=["escalations"])[1]
    # The server gives a caller's connection a thread, and the thread keeps its session with PostgreSQL.
    caller = HTTPConnection(live_server.url.removeprefix("http://"))
    assert posted(caller, token) == 201

    assert sessions_ended() >= 1
    status = posted(caller, token)

    assert status == 201
    caller.close()


def posted(caller: HTTPConnection, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    caller.request("POST", "/api/v1/escalations/", json.dumps(a_body()), headers)
    answer = caller.getresponse()
    answer.read()
    return answer.status


def sessions_ended() -> int:
    parameters = connection.get_connection_params()
    connection.close()
    with psycopg.connect(**parameters, autocommit=True) as other:
        row = other.execute(END_ALL).fetchone()
    assert row
    return int(row[0])
