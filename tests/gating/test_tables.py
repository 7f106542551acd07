"""A rule that ops declare answers with the first row whose conditions all hold."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from escalation.gating.models import Gate, Outcome, Result
from escalation.gating.models.policy import all_to_a_human
from escalation.gating.tables import Unreadable, answer_of_table, conditions, problems_of

TASK = {"amount_eur": 12.5, "customer": {"tier": "gold"}, "tags": ["card", "abroad"], "note": "Where IS it?"}
OUTPUT = {"topic": "refund", "sure": True}


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("task.amount_eur < 20", True),
        ("task.amount_eur <= 12.5 and output.topic = refund", True),
        ("task.amount_eur > 20", False),
        ('output.topic in ["order", "refund"]', True),
        ('output.topic != "refund"', False),
        ("task.customer.tier = gold and task.amount_eur >= 12.5", True),
        ("task.tags contains abroad", True),
        ('task.note contains "where is"', True),
        ("task.missing is missing", True),
        ("task.note is present", True),
        ("task.missing = 1", False),
        ("task.missing != 1", False),
        ("task.note < 20", False),
        ("output.sure < 20", False),
        ("output.sure = 1", False),
        ("output.sure = true", True),
    ],
)
def test_a_condition_is_true_of_what_it_names(when: str, holds: bool) -> None:
    answer = answer_of_table([{"when": when, "then": "yes"}], TASK, OUTPUT)

    assert (answer == "yes") is holds


def test_the_first_row_that_holds_answers() -> None:
    rows = [
        {"when": "task.amount_eur > 100", "then": "much"},
        {"when": "task.amount_eur > 10", "then": "some"},
        {"when": "task.amount_eur > 1", "then": "little"},
    ]

    assert answer_of_table(rows, TASK, OUTPUT) == "some"


@pytest.mark.parametrize(
    "text", ["", "amount < 3", "task.amount", "task.a ~ 3", "task.a in 3", "task.a = (1"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        conditions(text)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ([], "not tables of rows, each with `when` and `then`"),
        ({"Small Sums": [{"when": "task.a = 1", "then": 1}]}, "'Small Sums': name a rule with small letters"),
        ({"small": []}, "small: not a list of rows"),
        ({"small": [{"when": "task.a = 1"}]}, "small, row 1: write `when`, a text, and `then`, the answer"),
        (
            {"small": [{"when": "task.a = 1", "then": None}]},
            "small, row 1: `then` is null, which is no answer",
        ),
        ({"small": [{"when": "nonsense", "then": 1}]}, "small, row 1: 'nonsense' is no condition"),
    ],
)
def test_a_bad_table_is_told_where(tables: Any, problem: str) -> None:
    assert problems_of(tables)[0].startswith(problem)


def adopt(gate: Gate, then: Any) -> None:
    small = [{"when": "task.amount_eur < 20", "then": then}]
    exits = all_to_a_human() | {"low_confidence": ["rule:small", "human"]}
    gate.adopt(author=None, reason="small sums", tables={"small": small}, exits=exits)


@pytest.mark.parametrize(("amount", "taken"), [(12, "rule"), (200, "human")])
def test_a_declared_rule_is_an_exit_and_its_answer_is_marked_degraded(
    amount: int, taken: str, gate: Gate
) -> None:
    adopt(gate, {"reply": "Refunded."})
    result = Result(task={"amount_eur": amount}, output={"reply": "Hm."}, confidence=0.1)

    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)

    assert (outcome.exit, outcome.degraded) == (taken, taken == "rule")
    assert outcome.served == ({"reply": "Refunded."} if taken == "rule" else None)


def test_a_declared_answer_must_fit_the_gates_output(gate: Gate) -> None:
    gate.output_schema = {"type": "object", "required": ["topic"]}
    gate.save()

    with pytest.raises(ValidationError) as refusal:
        adopt(gate, {"reply": "Refunded."})

    assert refusal.value.message_dict == {
        "tables": ["small, row 1: it does not fit the gate's output: 'topic' is a required property"]
    }
