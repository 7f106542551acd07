import json
from typing import Any

import httpx2
import pytest

from agents.llm.local.faults import KINDS, Fault, Faults
from agents.llm.local.server import LocalMessagesAPI
from agents.llm.messages import one_turn
from tests.agents.llm.asking import asking


def arm(api: LocalMessagesAPI, *entries: Any, user_id: str = "run-1") -> httpx2.Response:
    """Arm faults as another process does."""
    return httpx2.post(f"{api.url}/_faults", json={"user_id": user_id, "entries": entries}, trust_env=False)


def test_a_script_is_played_in_order_and_then_the_model_answers(messages_api: LocalMessagesAPI) -> None:
    arm(messages_api, {"kind": "overloaded", "times": 2}, {"blocks": [{"type": "text", "text": "Hi"}]}, None)

    turns = [one_turn(asking("I lost my card"), deadline_s=10) for _ in range(5)]

    assert [turn.error is not None for turn in turns] == [True, True, False, False, False]
    assert turns[2].text == "Hi"
    assert turns[3].text == turns[4].text != "Hi"


def test_another_run_does_not_meet_the_fault(messages_api: LocalMessagesAPI) -> None:
    arm(messages_api, {"kind": "overloaded"})

    turn = one_turn(asking("I lost my card", user_id="run-2"), deadline_s=10)

    assert turn.error is None


def test_armed_faults_can_be_seen_and_cleared(messages_api: LocalMessagesAPI) -> None:
    before = arm(messages_api, {"kind": "reset"}).json()

    after = httpx2.delete(f"{messages_api.url}/_faults?user_id=run-1", trust_env=False).json()

    assert (before, after) == ({"armed": {"run-1": 1}}, {"armed": {}})


@pytest.mark.parametrize(
    "entries",
    [["reset"], [{"kind": "no such fault"}], [{"kind": "reset", "colour": 1}], [{"blocks": [{}]}], 5],
)
def test_what_is_not_a_script_is_refused(messages_api: LocalMessagesAPI, entries: Any) -> None:
    answer = httpx2.post(
        f"{messages_api.url}/_faults", json={"user_id": "run-1", "entries": entries}, trust_env=False
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("kind", "confidence"), [("low_confidence", 5), ("no_confidence", None), ("confidence_out_of_range", 170)]
)
def test_a_fault_in_the_answer_waits_for_the_turn_that_has_one(
    messages_api: LocalMessagesAPI, kind: str, confidence: int | None
) -> None:
    arm(messages_api, {"kind": kind})
    calling = one_turn(asking("Where is ORD-1001?"), deadline_s=10)

    answering = one_turn(asking("I lost my card"), deadline_s=10)

    assert calling.stop_reason == "tool_use"
    assert json.loads(answering.text).get("confidence") == confidence


def test_an_invalid_output_is_no_json(messages_api: LocalMessagesAPI) -> None:
    arm(messages_api, {"kind": "invalid_output"})

    turn = one_turn(asking("I lost my card"), deadline_s=10)

    assert turn.stop_reason == "end_turn"
    with pytest.raises(json.JSONDecodeError):
        json.loads(turn.text)


def test_huge_usage_is_billed(messages_api: LocalMessagesAPI) -> None:
    arm(messages_api, {"kind": "huge_usage"})

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.usage.output_tokens == 10_000_000


def test_chance_with_a_seed_is_the_same_every_time() -> None:
    first, second = (Faults(rate=0.3, seed=7) for _ in range(2))

    drawn = [first.draw("run-1") for _ in range(200)]

    assert drawn == [second.draw("run-1") for _ in range(200)]
    assert 30 < sum(entry is not None for entry in drawn) < 90


def test_there_is_no_fault_of_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="There is no fault 'nonsense'"):
        Fault("nonsense")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_makes_a_turn_raise_or_outlive_its_deadline(
    messages_api: LocalMessagesAPI, kind: str
) -> None:
    messages_api.script("run-1", [Fault(kind, seconds=2)])

    turn = one_turn(asking("Where is ORD-1001?"), deadline_s=0.5)

    assert turn.cut or turn.error or turn.stop_reason
