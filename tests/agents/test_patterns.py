"""The three patterns that a reader of the field knows, as they are written there."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from agents import Agent, CircuitOpen, Result, circuit_breaker, escalate_to_human
from agents.agent import AgentInvalid
from agents.llm.local.faults import Entry
from agents.llm.local.replies import Reply
from agents.llm.local.server import LocalMessagesAPI
from escalation.queue.models import Escalation
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def dictate(api: LocalMessagesAPI, *script: Entry) -> None:
    """Say what the model answers in the run that is started next."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('agents_run', 'id'))")
        (number,) = cursor.fetchone()
    api.script(f"run-{number + 1}", script)


def handle(agent: Agent, task: str) -> Result | Escalation:
    result = agent.run(task)
    if result.confidence < 0.75:
        return escalate_to_human(task, reason="low_confidence", agent_output=result)
    return result


class TestAnAgentThatDoubtsAsksAHuman:
    def test_a_confident_result_is_returned(self, messages_api: LocalMessagesAPI) -> None:
        dictate(messages_api, answers("It was sent.", 80))

        result = handle(Agent(model="claude-sonnet-4-6"), "Where is order 7?")

        assert isinstance(result, Result)
        assert (result.output, result.confidence, result.partial) == ("It was sent.", 0.8, False)
        assert Escalation.objects.count() == 0

    def test_a_doubtful_result_is_escalated(self, messages_api: LocalMessagesAPI) -> None:
        dictate(messages_api, answers("It was sent.", 70))

        escalation = handle(Agent(model="claude-sonnet-4-6"), "Where is order 7?")

        assert isinstance(escalation, Escalation)
        assert (escalation.reason, escalation.confidence, escalation.output) == (
            "low_confidence",
            0.7,
            "It was sent.",
        )
        assert (escalation.task, escalation.status) == ("Where is order 7?", "waiting")
        assert [line["kind"] for line in escalation.trace] == ["model"]

    @pytest.mark.parametrize(
        "reply", [answers(confidence=None), Reply.says("It was sent."), answers(evidence=["toolu_1"])]
    )
    def test_a_result_that_a_guard_stopped_never_passes_the_comparison(
        self, messages_api: LocalMessagesAPI, reply: Reply
    ) -> None:
        dictate(messages_api, reply)

        escalation = handle(Agent(model="claude-sonnet-4-6"), "Where is order 7?")

        assert isinstance(escalation, Escalation)

    def test_a_partial_result_never_passes_the_comparison(self, messages_api: LocalMessagesAPI) -> None:
        dictate(messages_api, Reply.says("word " * 9000), answers("Half of it.", 100))

        escalation = handle(Agent(model="claude-sonnet-4-6", max_tokens=4096), "Where is order 7?")

        assert isinstance(escalation, Escalation)
        assert (escalation.partial, escalation.output, escalation.confidence) == (True, "Half of it.", 1.0)

    def test_what_waits_for_a_human_already_is_not_escalated_again(
        self, messages_api: LocalMessagesAPI, shop: Shop
    ) -> None:
        dictate(messages_api, Reply.calls("refund", order="7", euros=80))

        escalation = handle(Agent(model="claude-sonnet-4-6", tools=shop.tools()), "I want my money back.")

        assert isinstance(escalation, Escalation)
        assert (escalation.kind, escalation.reason) == ("approval", "approval_required")
        assert Escalation.objects.count() == 1

    def test_without_a_model_there_is_a_result_all_the_same(self, db: None) -> None:
        result = Agent(model="claude-sonnet-4-6").run("Where is order 7?")

        assert (result.output, result.confidence, result.causes) == (None, 0.0, ("model_unavailable",))


class TestACircuitThatTrips:
    def test_after_three_failures_the_tool_is_left_alone(self) -> None:
        tool = BrokenTool()

        @circuit_breaker(failure_threshold=3, recovery_timeout=60)
        def call_external_tool(params: Any) -> Any:
            return tool.invoke(params)

        for _ in range(3):
            with pytest.raises(ConnectionError):
                call_external_tool({"order": "7"})
        with pytest.raises(CircuitOpen):
            call_external_tool({"order": "7"})

        assert tool.calls == 3


class BrokenTool:
    def __init__(self) -> None:
        self.calls = 0

    def invoke(self, params: Any) -> Any:
        self.calls += 1
        raise ConnectionError("refused")


class TestABudgetThatIsHit:
    def test_the_agent_returns_what_it_has(self, messages_api: LocalMessagesAPI) -> None:
        dictate(
            messages_api,
            Reply.says("A long letter. " * 1000),
            answers("The first page.", 90, completed=["page 1"], missing=["pages 2 to 9"]),
        )
        agent = Agent(model="claude-sonnet-4-6", max_tokens=4096, on_budget_exceeded="return_partial")

        result = agent.run("Read all of it.")

        assert (result.output, result.partial) == ("The first page.", True)
        assert (result.completed, result.missing) == (("page 1",), ("pages 2 to 9",))
        assert result.causes == ("budget_exhausted",)
        assert result.usage["output_tokens"] <= 4096

    def test_a_small_budget_does_not_matter_to_a_short_answer(self, messages_api: LocalMessagesAPI) -> None:
        dictate(messages_api, answers("It was sent.", 90))
        agent = Agent(model="claude-sonnet-4-6", max_tokens=4096, on_budget_exceeded="return_partial")

        result = agent.run("Where is order 7?")

        assert (result.output, result.partial, result.confidence) == ("It was sent.", False, 0.9)

    @pytest.mark.parametrize("limit", [1, 200, 1000])
    def test_a_budget_for_less_than_an_answer_still_returns_something(
        self, messages_api: LocalMessagesAPI, limit: int
    ) -> None:
        agent = Agent(model="claude-sonnet-4-6", max_tokens=limit, on_budget_exceeded="return_partial")

        result = agent.run("Where is order 7?")

        assert (result.partial, result.confidence) == (True, 0.0)
        assert (result.causes, bool(result.missing)) == (("budget_exhausted",), True)
        assert result.usage["output_tokens"] <= limit

    @pytest.mark.parametrize("other", ["raise", "retry", "", None])
    def test_there_is_nothing_else_to_do_about_it(self, other: Any) -> None:
        with pytest.raises(ValueError, match=r"return_partial.*throws away work that was paid for"):
            Agent(model="claude-sonnet-4-6", max_tokens=4096, on_budget_exceeded=other)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"name": "shop desk"}, "letters, digits"),
        ({"name": "unnamed"}, "letters, digits"),
        ({"threshold": 75}, "from 0 to 1"),
        ({"max_tokens": 0}, "output_tokens"),
        ({"output": {"type": "text"}}, "not a JSON Schema"),
        ({"tools": [*Shop().tools(), *Shop().tools()]}, "two tools are named"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_where_it_is_written(
    terms: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        Agent(model="claude-sonnet-4-6", **terms)

    assert isinstance(refused.value, AgentInvalid) or "budget" in str(refused.value)
