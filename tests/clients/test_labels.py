"""Labels through the client: in pages, and as a file that is whole or an error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from otherwise_client import AsyncOtherwise, Forbidden, Otherwise, Unavailable
from pytest_django.live_server_helper import LiveServer

from escalation.api.models import Token
from escalation.gating.models import Agent
from tests.cast import RaiseEscalation
from tests.clients.conftest import run
from tests.clients.front import Front, Own
from tests.clients.test_command import RunCommand, run_command


@pytest.fixture
def labels_token(agent: Agent) -> str:
    """A token of support-triage that may read labels."""
    return Token.objects.issue(agent=agent, scopes=["labels"])[1]


@pytest.fixture
def tuner(front: Front, labels_token: str) -> Otherwise:
    """Reads the labels of support-triage, through the front."""
    return Otherwise(front.url, labels_token)


@pytest.fixture
def decide(an_escalation: RaiseEscalation, alice: User) -> Callable[[str], None]:
    """Call it to have Alice decide one more escalation."""

    def decide(verdict: str) -> None:
        escalation = an_escalation(output="x" * 10_000)
        escalation.claim(alice)
        escalation.decide(alice, verdict)

    return decide


def test_they_are_yielded_newest_first(tuner: Otherwise, decide: Callable[[str], None]) -> None:
    decide("accept")
    decide("reject")

    labels = list(tuner.labels(gate="default"))

    assert [(label.verdict, label.correct) for label in labels] == [("reject", False), ("accept", True)]
    assert labels[0].decided_at > labels[1].decided_at
    assert list(tuner.labels(gate="refund")) == []


def test_an_export_is_what_the_server_has(tuner: Otherwise, decide: Callable[[str], None]) -> None:
    decide("accept")
    decide("reject")
    file = io.BytesIO()

    written = tuner.export(file)

    lines = file.getvalue().splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["accept", "reject"]
    assert written == len(file.getvalue())


def test_it_is_tried_again_while_nothing_came(
    front: Front, tuner: Otherwise, decide: Callable[[str], None]
) -> None:
    decide("accept")
    front.script = ["unreached", Own(503, {"Retry-After": "0"}), Own(429, {"Retry-After": "0"})]
    file = io.BytesIO()

    tuner.export(file)

    assert (len(front.seen), file.getvalue().count(b"\n")) == (4, 1)


def test_what_breaks_off_is_an_error_and_not_tried_again(
    front: Front, tuner: Otherwise, decide: Callable[[str], None]
) -> None:
    decide("accept")
    front.script = ["half"]
    file = io.BytesIO()

    with pytest.raises(Unavailable):
        tuner.export(file)

    assert (len(front.seen), file.getvalue()[:6]) == (1, b'{"id":')


def test_the_client_that_awaits_exports_the_same(
    front: Front, labels_token: str, decide: Callable[[str], None]
) -> None:
    decide("accept")
    file = io.BytesIO()

    async def work() -> tuple[int, list[str]]:
        async with AsyncOtherwise(front.url, labels_token) as client:
            return await client.export(file, "csv"), [label.verdict async for label in client.labels()]

    assert run(work()) == (len(file.getvalue()), ["accept"])
    assert file.getvalue().startswith(b"id,agent,gate,")


def test_a_token_for_something_else_is_told(via_front: Otherwise) -> None:
    with pytest.raises(Forbidden, match="labels"):
        via_front.export(io.BytesIO())


@pytest.fixture
def otherwise(live_server: LiveServer, labels_token: str, settings: object) -> RunCommand:
    """Call it to run a command as support-triage, with a token for labels."""
    return partial(run_command, url=live_server.url, token=labels_token)


def test_the_command_writes_a_file(
    front: Front, otherwise: RunCommand, decide: Callable[[str], None], tmp_path: Path
) -> None:
    decide("reject")
    file = tmp_path / "labels.json"

    ended = otherwise("export", "--format", "label-studio", "--output", str(file))

    assert ended == (0, "")
    assert json.loads(file.read_text())[0]["data"]["verdict"] == "reject"
    assert otherwise("export", "--gate", "default")[1]["verdict"] == "reject"
    assert otherwise("labels", "--since", "2000-01-01T00:00:00Z")[1]["verdict"] == "reject"


def test_and_leaves_none_that_broke_off(
    front: Front, labels_token: str, decide: Callable[[str], None], tmp_path: Path
) -> None:
    decide("accept")
    front.script = ["half"]

    code, problem = run_command(
        "export", "--output", str(tmp_path / "labels.jsonl"), url=front.url, token=labels_token
    )

    assert (code, list(tmp_path.iterdir())) == (5, [])
    assert "labels/export" in problem["detail"]
