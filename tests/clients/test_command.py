"""The command line: JSON in and out, and exit codes that a script can branch on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from escalation.queue.models import Escalation
from tests.clients.conftest import DecideSoon, decide_the_newest

SOURCE = Path(__file__).parents[2] / "clients" / "python" / "src"


class RunCommand(Protocol):
    def __call__(self, *arguments: str, body: Any = None) -> tuple[int, Any]: ...


def run_command(*arguments: str, body: Any = None, url: str, token: str) -> tuple[int, Any]:
    """Run `otherwise`; returns the exit code, and the JSON on stdout, or else on stderr."""
    place = {"PYTHONPATH": str(SOURCE), "OTHERWISE_URL": url, "OTHERWISE_TOKEN": token}
    ran = subprocess.run(
        [sys.executable, "-m", "otherwise_client", *arguments],
        input=json.dumps(body) if body is not None else "",
        env=os.environ | place,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = ran.stdout or ran.stderr
    return ran.returncode, json.loads(said) if said.startswith("{") else said


@pytest.fixture
def otherwise(live_server: LiveServer, token: str, settings: Any) -> RunCommand:
    """Call it to run a command as support-triage; decisions are in effect at once."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    return partial(run_command, url=live_server.url, token=token)


def a_result(confidence: float) -> dict[str, Any]:
    return {"task": "2 + 2", "output": 4, "confidence": confidence}


def test_a_confident_result_ends_with_0(otherwise: RunCommand) -> None:
    code, outcome = otherwise("gate", body=a_result(0.9))

    assert (code, outcome["exit"], outcome["output"]) == (0, "accepted", 4)


def test_an_unsure_one_with_20(otherwise: RunCommand) -> None:
    code, outcome = otherwise("gate", body=a_result(0.3))

    assert (code, outcome["exit"], outcome["escalation"]["id"]) == (20, "human", Escalation.objects.get().pk)


def test_or_with_what_the_human_says(otherwise: RunCommand, alice: User, policy: object) -> None:
    raised = otherwise("raise", body={"reason": "low_confidence", "title": "Late", "output": "no"})[1]
    decide_the_newest(alice, "reject", note="It is early.")

    code, settled = otherwise("wait", str(raised["id"]))

    assert (code, settled["decision"]["note"]) == (10, "It is early.")


def test_raising_may_wait(otherwise: RunCommand, decide_soon: DecideSoon, tmp_path: Path) -> None:
    body = tmp_path / "escalation.json"
    body.write_text(json.dumps({"reason": "low_confidence", "title": "Late", "output": "yes"}))
    first = otherwise("raise", str(body), "--key", "order-7")
    decide_soon("accept")

    code, settled = otherwise("raise", str(body), "--key", "order-7", "--wait", "30")

    assert (first[0], first[1]["status"]) == (0, "waiting")
    assert (code, settled["status"], settled["id"]) == (0, "decided", first[1]["id"])


def test_nobody_came_in_time(otherwise: RunCommand) -> None:
    raised = otherwise("raise", body={"reason": "low_confidence", "title": "Late"})[1]

    code, latest = otherwise("wait", str(raised["id"]), "--timeout", "0.2")

    assert (code, latest["status"]) == (20, "waiting")


def test_it_is_listed_and_withdrawn(otherwise: RunCommand) -> None:
    raised = otherwise("raise", body={"reason": "low_confidence", "title": "Late"})[1]

    codes = [otherwise("withdraw", str(raised["id"]))[0], otherwise("get", str(raised["id"]))[0]]

    assert codes == [0, 21]
    assert otherwise("list", "--status", "withdrawn")[1]["id"] == raised["id"]
    assert otherwise("list", "--status", "waiting") == (0, "")


@pytest.mark.parametrize(
    ("arguments", "body", "code", "said"),
    [
        (["gate"], {"output": 2}, 2, "nothing of task"),
        (["gate"], {"task": 1, "output": 2, "self": 1}, 2, "self"),
        (["raise"], [], 2, "no JSON object"),
        (["raise"], None, 2, "Expecting value"),
        (["raise", "/nowhere.json"], None, 2, "No such file"),
        (["--url", "nowhere", "get", "1"], None, 2, "OTHERWISE_URL"),
        (["--tries", "1", "get", "1"], None, 5, "GET /escalations/1/: ConnectError"),
    ],
)
def test_what_went_wrong_is_on_stderr(arguments: list[str], body: Any, code: int, said: str) -> None:
    ended, problem = run_command(*arguments, body=body, url="http://127.0.0.1:1", token="otw_x")

    assert ended == code
    assert said in problem["detail"]


def test_so_is_what_the_server_refused(otherwise: RunCommand) -> None:
    misspelt = otherwise("gate", body=a_result(0.9) | {"titel": "Sum"})
    missing = otherwise("get", "9999")
    unknown = otherwise("--token", "otw_x", "get", "1")

    assert (misspelt[0], misspelt[1]["errors"][0]["pointer"]) == (3, "/titel")
    assert (missing[0], missing[1]["status"]) == (3, 404)
    assert (unknown[0], unknown[1]["status"]) == (4, 401)
