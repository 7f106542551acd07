"""What an answer must look like is checked, and no schema can make that take long."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.queue.answer_schema import problems, written_out
from escalation.queue.exceptions import DecisionInvalid
from tests.cast import RaiseEscalation

ADDRESS = {
    "type": "object",
    "properties": {"street": {"$ref": "#/$defs/line"}, "floor": {"type": "integer", "minimum": 0}},
    "required": ["street"],
    "$defs": {"line": {"type": "string", "minLength": 3, "pattern": "^[A-Z]"}},
}
DOUBLED: dict[str, Any] = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
BOMBS: list[dict[str, Any]] = [
    {"$ref": "#"},
    {"$ref": "https://schemas.example/x.json"},
    {"$ref": "#/$defs/nowhere"},
    {"$defs": DOUBLED | {"d40": {"const": 1}}, "$ref": "#/$defs/d0"},
    {"properties": {"a": {"$ref": "#"}}},
    {"pattern": "(a+)+$"},
    {"pattern": "a*a*a*a*a*a*b"},
    {"patternProperties": {"(x+x+)+y": False}},
]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"street": "Elm Street 1", "floor": 2}, []),
        ({"floor": -1}, [(), ("floor",)]),
        ({"street": "elm"}, [("street",)]),
        ("Elm Street 1", [()]),
    ],
)
def test_what_does_not_fit_is_named(value: Any, where: list[tuple[str, ...]]) -> None:
    assert sorted(path for path, _ in problems(ADDRESS, value)) == sorted(where)


@pytest.mark.parametrize("schema", BOMBS)
def test_no_schema_takes_long(schema: dict[str, Any]) -> None:
    began = time.process_time()

    problems(schema, "a" * 5000)
    problems(schema, {"a": {"a": {}}, "x" * 5000: 1})

    assert time.process_time() - began < 2


def test_a_schema_without_end_is_not_used() -> None:
    assert written_out(BOMBS[4]) is None


def test_an_answer_that_does_not_fit_is_refused(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(kind="question", question="Where?", output=None, answer_schema=ADDRESS)
    escalation.claim(alice)

    with pytest.raises(DecisionInvalid) as refused:
        escalation.decide(alice, "answer", answer={"street": "Elm Street 1", "floor": "second"})

    assert refused.value.errors == {"answer": "/floor: 'second' is not of type 'integer'"}


def test_an_option_that_is_offered_always_fits(alice: User, an_escalation: RaiseEscalation) -> None:
    offered = [{"value": None, "label": "nowhere"}]
    escalation = an_escalation(
        kind="question", question="Where?", output=None, answer_schema=ADDRESS, options=offered
    )
    escalation.claim(alice)

    with pytest.raises(DecisionInvalid):
        escalation.decide(alice, "answer", answer=None)
