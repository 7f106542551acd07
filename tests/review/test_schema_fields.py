"""A form is made from the schema of the answer, and from the table that is edited."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.review.forms import form_for, forms_for
from tests.cast import RaiseEscalation
from tests.review.posting import typed

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "currency": {"enum": ["EUR", "USD"], "title": "In which currency?"},
        "amount": {"type": "number", "minimum": 0},
        "parts": {"type": "integer", "description": "How many there are."},
        "urgent": {"type": "boolean"},
        "why": {"type": ["string", "null"], "maxLength": 20},
        "lines": {"type": "array"},
    },
    "required": ["currency", "amount"],
}
FILLED = {"field.currency": '"EUR"', "field.amount": "2.5", "field.parts": "3", "field.urgent": "true"}
LINES: list[dict[str, Any]] = [{"item": "hinge", "count": 2, "done": True}, {"item": "nail", "count": None}]


@pytest.fixture
def asked(alice: User, an_escalation: RaiseEscalation) -> Any:
    escalation = an_escalation(kind="question", question="How much?", output=None, answer_schema=SCHEMA)
    escalation.claim(alice)
    return escalation


def test_each_property_is_a_field_in_the_schemas_order(asked: Any) -> None:
    form = next(form for form in forms_for(asked) if form.says == "answer")

    assert [field.name for field in form.visible_fields()] == [
        f"field.{name}" for name in SCHEMA["properties"]
    ]
    assert next(field.label for field in form.visible_fields()) == "In which currency?"
    assert form.fields["field.parts"].help_text == "How many there are."


def test_what_was_typed_becomes_the_types_of_the_schema(asked: Any) -> None:
    form = form_for(asked, typed("answer", asked.version, **FILLED, **{"field.lines": "[1]"}))

    assert form is not None
    assert form.is_valid(), form.errors
    given = {"currency": "EUR", "amount": 2.5, "parts": 3, "urgent": True, "lines": [1]}
    assert form.answer() == {"answer": given}


def test_what_does_not_fit_is_said_beside_its_field(asked: Any) -> None:
    form = form_for(asked, typed("answer", asked.version, **FILLED | {"field.lines": '{"a": 1}'}))

    assert form is not None
    assert not form.is_valid()
    assert list(form.errors) == ["field.lines"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({(0, 1): "3"}, [LINES[0] | {"count": 3}, LINES[1]]),
        ({(1, 0): "", (1, 1): ""}, [LINES[0]]),
        ({(2, 0): "screw", (2, 1): "40"}, [*LINES, {"item": "screw", "count": 40}]),
        ({(0, 2): "false"}, [LINES[0] | {"done": False}, LINES[1]]),
    ],
)
def test_a_table_is_edited_by_its_cells(
    alice: User, an_escalation: RaiseEscalation, cells: dict[tuple[int, int], str], expected: Any
) -> None:
    escalation = an_escalation(output=LINES)
    escalation.claim(alice)
    before = [["hinge", "2", "true"], ["nail", "", ""], ["", "", ""]]
    for (row, column), text in cells.items():
        before[row][column] = text
    sent = {f"output.{r}.{c}": text for r, row in enumerate(before) for c, text in enumerate(row)}

    form = form_for(escalation, typed("edit", escalation.version, **sent))

    assert form is not None
    assert form.is_valid(), form.errors
    assert form.answer()["output"] == expected


def test_a_cell_that_is_no_number_is_said(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(output=LINES)
    escalation.claim(alice)
    sent = {"output.0.0": "hinge", "output.0.1": "many", "output.0.2": "true"}

    form = form_for(escalation, typed("edit", escalation.version, **sent))

    assert form is not None
    assert form.errors["output"] == ["Row 1, count: this must be a number."]


def test_fields_stand_in_the_order_in_which_the_agent_sent_them(
    alice: User, an_escalation: RaiseEscalation
) -> None:
    an_escalation(output={"zulu": "1", "a": "2", "mike": "3"}).claim(alice)
    escalation = alice.review_queues.get().escalations.get()

    form = next(form for form in forms_for(escalation) if form.says == "edit")

    assert [field.label for field in form.visible_fields()][:3] == ["zulu", "a", "mike"]
