import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from agents import CircuitOpen, circuit_breaker
from agents.breakers.circuit import Cached
from agents.guards.breaker import BreakerPolicy, Mode, Outcome
from agents.stores.breaker import shared_breakers
from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Agent

pytestmark = pytest.mark.django_db  # each change of a breaker's mode is written down


class Tool:
    """A tool that answers with its argument, unless it is down."""

    def __init__(self) -> None:
        self.down: Exception | None = None
        self.calls = 0

    def invoke(self, params: Any) -> Any:
        self.calls += 1
        if self.down is not None:
            raise self.down
        return params


@pytest.fixture
def tool() -> Tool:
    return Tool()


def fail(call: Any, times: int, *args: Any) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            call(*args)


def test_after_three_failures_the_tool_is_not_called(tool: Tool) -> None:
    @circuit_breaker(failure_threshold=3, recovery_timeout=60)
    def call_external_tool(params: Any) -> Any:
        return tool.invoke(params)

    tool.down = ConnectionError("refused")
    fail(call_external_tool, 3, {"order": 7})

    with pytest.raises(CircuitOpen) as refused:
        call_external_tool({"order": 7})

    assert tool.calls == 3
    assert refused.value.state is Mode.OPEN
    wait_s = refused.value.retry_in_s
    assert wait_s == pytest.approx(60, abs=30)
    said = f"call_external_tool is not called until {wait_s:.0f} s have passed: circuit open"
    assert said in str(refused.value)


def test_when_the_timeout_is_over_one_good_call_closes_the_circuit(tool: Tool) -> None:
    guarded = circuit_breaker(failure_threshold=1, recovery_timeout=0.05, name="crm")(tool.invoke)
    tool.down = ConnectionError("refused")
    fail(guarded, 1, 1)
    tool.down = None
    time.sleep(0.06)

    assert guarded(1) == 1
    assert shared_breakers().snapshot("crm").mode is Mode.CLOSED


def test_the_breaker_is_named_after_the_function_and_kept_for_all_processes() -> None:
    @circuit_breaker()
    def look_up(order: int) -> int:
        """Look an order up."""
        return order

    look_up(7)

    (snapshot,) = shared_breakers().all()
    assert snapshot.name == f"{look_up.__module__}.{look_up.__qualname__}"
    assert (snapshot.shared, snapshot.calls, look_up.__doc__) == (True, 1, "Look an order up.")


def test_methods_can_be_guarded() -> None:
    class Crm:
        @circuit_breaker()
        def look_up(self, order: int) -> tuple["Crm", int]:
            return self, order

    crm = Crm()

    assert crm.look_up(7) == (crm, 7)


def test_bad_arguments_do_not_open_the_circuit(tool: Tool) -> None:
    guarded = circuit_breaker(failure_threshold=1, name="crm")(tool.invoke)
    tool.down = ValueError("no such order number")

    for _ in range(5):
        with pytest.raises(ValueError, match="no such order number"):
            guarded("x")

    assert tool.calls == 5


def test_the_author_may_say_what_counts(tool: Tool) -> None:
    guarded = circuit_breaker(failure_threshold=1, name="crm", classify=lambda error: Outcome.FAILURE)(
        tool.invoke
    )
    tool.down = ValueError("the source answers nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        guarded("x")

    with pytest.raises(CircuitOpen):
        guarded("x")


def test_what_the_upstream_asks_to_wait_is_waited(tool: Tool) -> None:
    guarded = circuit_breaker(failure_threshold=1, name="crm")(tool.invoke)
    tool.down = ConnectionError("too many requests")
    tool.down.response = SimpleNamespace(status_code=429, headers={"Retry-After": "600"})  # type: ignore[attr-defined]
    fail(guarded, 1, 1)

    with pytest.raises(CircuitOpen) as refused:
        guarded(1)

    assert refused.value.retry_in_s == pytest.approx(600, abs=60)


def test_a_circuit_opened_by_hand_says_so(tool: Tool) -> None:
    guarded = circuit_breaker(name="crm")(tool.invoke)
    shared_breakers().force_open("crm")

    with pytest.raises(CircuitOpen, match="crm is not called until it is reset by hand"):
        guarded(1)


def test_while_the_circuit_is_open_the_last_good_answer_is_returned_as_such(tool: Tool) -> None:
    guarded = circuit_breaker(name="crm", cache_ttl_s=60)(tool.invoke)
    live = guarded({"order": 7, "lines": [1]})
    shared_breakers().force_open("crm")

    cached = guarded({"lines": [1], "order": 7})

    assert live == {"order": 7, "lines": [1]}
    assert isinstance(cached, Cached)
    assert cached.value == live
    assert 0 <= cached.age_s < 30


@pytest.mark.parametrize("other", [{"order": 8}, {"order": "7"}, object()])
def test_there_is_no_cached_answer_to_another_question(tool: Tool, other: Any) -> None:
    guarded = circuit_breaker(name="crm", cache_ttl_s=60)(tool.invoke)
    guarded({"order": 7})
    shared_breakers().force_open("crm")

    with pytest.raises(CircuitOpen):
        guarded(other)


def test_a_cached_answer_that_is_too_old_is_not_given(tool: Tool) -> None:
    guarded = circuit_breaker(name="crm", cache_ttl_s=0.05)(tool.invoke)
    guarded(7)
    shared_breakers().force_open("crm")
    time.sleep(0.06)

    with pytest.raises(CircuitOpen):
        guarded(7)


def test_a_policy_takes_the_place_of_the_two_numbers(tool: Tool) -> None:
    guarded = circuit_breaker(policy=BreakerPolicy(failure_threshold=1, recovery_timeout=500), name="crm")(
        tool.invoke
    )
    tool.down = ConnectionError("refused")
    fail(guarded, 1, 1)

    with pytest.raises(CircuitOpen) as refused:
        guarded(1)

    assert refused.value.retry_in_s == pytest.approx(500, abs=60)


async def _asks() -> None: ...
def _yields() -> Any:
    yield


@pytest.mark.parametrize("function", [_asks, _yields])
def test_a_function_that_only_begins_when_called_cannot_be_guarded(function: Any) -> None:
    with pytest.raises(TypeError, match="guard the plain function inside it"):
        circuit_breaker()(function)


PLAIN_PYTHON = """
from agents import CircuitOpen, circuit_breaker

@circuit_breaker(failure_threshold=3, recovery_timeout=60)
def call_external_tool(params):
    raise ConnectionError("refused")

for _ in range(5):
    try:
        call_external_tool({})
    except Exception as error:
        print(type(error).__name__)
"""


def test_it_works_in_plain_python_without_settings() -> None:
    plain = subprocess.run([sys.executable, "-c", PLAIN_PYTHON], env={}, capture_output=True, text=True)

    assert plain.stdout.split() == ["ConnectionError"] * 3 + ["CircuitOpen"] * 2, plain.stderr


def test_a_circuit_that_opens_is_told_to_the_endpoints_that_ask_for_it_once(tool: Tool) -> None:
    agent = Agent.objects.create(slug="support-triage", name="Support triage", owner="Olga", on_call="olga")
    Endpoint.objects.create(agent=agent, url="https://hooks.example.com/", events=["breaker.opened"])

    @circuit_breaker(failure_threshold=3, recovery_timeout=60)
    def call_external_tool(params: Any) -> Any:
        return tool.invoke(params)

    tool.down = ConnectionError("refused")
    fail(call_external_tool, 3, {"order": 7})

    told = Delivery.objects.get()
    assert told.event == "breaker.opened"
    assert told.payload["breaker"].endswith("call_external_tool")
