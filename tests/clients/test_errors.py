"""Every refusal is an error of its own kind, with what the server said."""

from __future__ import annotations

from typing import Any

import pytest
from otherwise_client import (
    Forbidden,
    Invalid,
    NotFound,
    Otherwise,
    OtherwiseError,
    ProblemError,
    Unauthorized,
    UnexpectedAnswer,
)
from pytest_django.live_server_helper import LiveServer

from escalation.api.models import Token
from escalation.gating.models import Agent
from tests.clients.front import Front, Own


def test_what_is_invalid_is_pointed_at(support_triage: Otherwise) -> None:
    wrong: Any = {"confidnce": 0.4}

    with pytest.raises(Invalid) as invalid:
        support_triage.gate("2 + 2", 4, **wrong)

    (error,) = invalid.value.errors
    assert (invalid.value.status, error.pointer) == (400, "/confidnce")
    assert "/confidnce" in str(invalid.value)


def test_a_token_that_is_none_is_unauthorized(live_server: LiveServer) -> None:
    with Otherwise(live_server.url, "otw_nonsense") as nobody, pytest.raises(Unauthorized):
        nobody.get(1)


def test_a_token_without_the_scope_is_forbidden(live_server: LiveServer, agent: Agent) -> None:
    token = Token.objects.issue(agent=agent, scopes=["outcomes"])[1]

    with Otherwise(live_server.url, token) as client, pytest.raises(Forbidden):
        client.escalate("low_confidence", "Late")


def test_what_is_not_there_is_not_found(support_triage: Otherwise) -> None:
    with pytest.raises(NotFound) as missing:
        support_triage.get(9999)

    assert isinstance(missing.value, OtherwiseError)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Own(500, body=b"<html>"), ProblemError),
        (Own(418, body=b"[]"), ProblemError),
        (Own(409, body=b'{"current": 1}'), OtherwiseError),
        (Own(301, {"Location": "http://127.0.0.1:1/"}), UnexpectedAnswer),
        (Own(200, body=b"<html>"), UnexpectedAnswer),
        (Own(200, body=b'{"id": 1}'), UnexpectedAnswer),
        (Own(200, body=b"[" * 100_000), UnexpectedAnswer),
        (Own(500, body=b"[" * 100_000), ProblemError),
    ],
)
def test_whatever_else_answers_is_an_error_of_ours(
    lone_front: Front, answer: Own, error: type[OtherwiseError]
) -> None:
    lone_front.script = [answer]

    with Otherwise(lone_front.url, "otw_x") as client, pytest.raises(error):
        client.get(1)

    assert len(lone_front.seen) == 1


def test_a_token_goes_into_the_header_and_into_no_repr(lone_front: Front) -> None:
    lone_front.script = [Own(404)]

    with Otherwise(lone_front.url, "otw_secret") as client, pytest.raises(NotFound):
        client.get(1)

    assert lone_front.seen[0].headers["authorization"] == "Bearer otw_secret"
    assert "otw_secret" not in repr(vars(client))


def test_address_and_token_come_from_the_environment(
    live_server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHERWISE_URL", f"{live_server.url}/api/v1/")
    monkeypatch.setenv("OTHERWISE_TOKEN", f"{token}\n")

    with Otherwise() as client:
        assert list(client.escalations()) == []


@pytest.mark.parametrize(
    ("url", "token"), [("", "otw_x"), ("localhost:8000", "otw_x"), ("http://x", ""), ("http://x", "otw\nx")]
)
def test_without_address_or_token_there_is_no_client(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTHERWISE_URL", raising=False)
    monkeypatch.delenv("OTHERWISE_TOKEN", raising=False)

    with pytest.raises(ValueError, match="OTHERWISE_"):
        Otherwise(url, token)
