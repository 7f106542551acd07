"""docs/writing-an-agent.md: its agent works, its console lines run, and its errors say what it says."""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from pytest_django import Settings

from agents import Agent, Budget, Critic, circuit_breaker, registry, rule, tool
from agents.llm.local.server import LocalMessagesAPI
from agents.models import Run
from agents.registry import agent_named, discover, register
from agents.run.running import start_run
from escalation.gating import rules
from escalation.gating.models import Agent as AgentRow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-an-agent.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ERRORS = re.findall(
    r"^\| `((?:Agent|Budget|tool|rule|circuit_breaker|register|agent_named|start_run).*)` \| (.*) \|$",
    PAGE,
    re.M,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _app(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's app, installed: its files are written as the page shows them."""
    (tmp_path / "expenses").mkdir()
    (tmp_path / "expenses" / "__init__.py").touch()
    for text in blocks("python"):
        (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_agents", dict(registry._agents))
    monkeypatch.setattr(rules, "_rules", dict(rules._rules))
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "expenses"]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "expenses"]:
        del sys.modules[name]


M = "claude-haiku-5-5"


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def plain(order: str) -> str:
    """Find an order."""
    return order


def reply(task: Any, output: Any) -> None:
    """Have nothing to say."""


def untyped(order):  # type: ignore[no-untyped-def]
    """Find an order."""


def silent(order: str) -> str:
    return order


async def later(order: str) -> None:
    """Find an order."""


def without_schema(order: Settings) -> None:
    """Find an order."""


def on_task(page: int, task: Any) -> None:
    """Read a page."""


def names() -> dict[str, Any]:
    """What the page's table speaks of."""
    mentioned = [plain, reply, untyped, silent, later, without_schema, on_task]
    known = [Agent, Budget, circuit_breaker, rule, tool, register, agent_named, start_run]
    given = {each.__name__: each for each in (*mentioned, *known)}  # type: ignore[attr-defined]
    look_up = tool(effect="read")(_look_up)
    return given | {"M": M, "look_up": look_up}


def _look_up(order: str) -> str:
    """Find an order."""
    return order


_look_up.__name__ = "look_up"


def test_its_agent_is_found_in_the_installed_app() -> None:
    assert agent_named("expense-desk").prompt["tools"][0]["name"] == "find_limit"


def test_its_app_is_installed_by_naming_it_in_the_environment(tmp_path: Path) -> None:
    found = (
        "import django; django.setup(); from agents.registry import agent_named; agent_named('expense-desk')"
    )
    known = {"APPS": "expenses", "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}

    subprocess.run([sys.executable, "-c", found], env=os.environ | known, cwd=ROOT, check=True, timeout=180)


def test_its_console_lines_run_and_print_what_it_says(messages_api: LocalMessagesAPI) -> None:
    shell = "\n".join(blocks("pycon"))
    test = doctest.DocTestParser().get_doctest(shell, {}, "writing-an-agent.md", None, 0)
    said: list[str] = []

    results = doctest.DocTestRunner(verbose=False).run(test, out=said.append)

    assert (results.failed, "".join(said)) == (0, "")
    assert results.attempted > 10


def test_its_command_gives_the_agent_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "claims.jsonl").write_text(json.dumps({"text": "Claim EX-1042: a lunch, 45 EUR."}))
    monkeypatch.chdir(tmp_path)
    (line,) = blocks("console")

    call_command(*line.removeprefix("$ manage.py ").split())

    assert Run.objects.get().agent == "expense-desk"
    assert AgentRow.objects.get(slug="expense-desk").state == AgentRow.State.DRAFT


def test_the_table_of_errors_is_read_whole() -> None:
    assert len(ERRORS) == PAGE.partition("| what it says |")[2].count("\n| `")


@pytest.mark.parametrize(("written", "says"), ERRORS, ids=[written for written, _ in ERRORS])
def test_each_mistake_is_answered_as_it_says(written: str, says: str) -> None:
    with pytest.raises((TypeError, ValueError, LookupError)) as refused:
        eval(written, names())

    assert says in str(refused.value)


def test_two_agents_of_one_name_are_named_with_their_module(tmp_path: Path) -> None:
    module = tmp_path / "expenses" / "agents.py"
    sys.modules.pop("expenses.agents")
    rules._rules.pop("claims-wait")
    module.write_text(module.read_text().replace('name="expense-desk"', 'name="support-triage"'))

    with pytest.raises(ValueError, match=r"expenses\.agents: two agents are named 'support-triage'"):
        discover()


def test_a_model_without_a_price_is_found_by_the_checks() -> None:
    register(Agent(model=M, name="dreamer", critic=Critic(model="claude-nobody-knows-1")))

    (found,) = run_checks(tags=["agents"])

    assert (found.id, "'dreamer' uses the model 'claude-nobody-knows-1'" in found.msg) == (
        "agents.E001",
        True,
    )
    assert "genai-prices" in str(found.hint)


def test_the_agents_that_ship_pass_the_checks() -> None:
    assert run_checks(tags=["agents"]) == []
