"""The client's words are those of the server's OpenAPI document, all of them."""

from __future__ import annotations

import dataclasses
from typing import Any, cast, get_args

import pytest
from django.test import Client
from otherwise_client import Decision, DecisionBrief, Escalation, EscalationRow, Outcome, Receipt, Run, fields
from otherwise_client.answers import Correction, EscalationLink
from otherwise_client.reading import read

ANSWERS = [
    (Escalation, "EscalationOut"),
    (EscalationRow, "EscalationRow"),
    (Decision, "DecisionOut"),
    (DecisionBrief, "DecisionBrief"),
    (Outcome, "OutcomeOut"),
    (Correction, "Correction"),
    (EscalationLink, "EscalationLink"),
    (Receipt, "Receipt"),
    (Run, "RunOut"),
]
REQUESTS = [
    (fields.EscalationFields, "EscalationIn", {"reason", "title"}),
    (fields.OutcomeFields, "OutcomeIn", {"task", "output"}),
    (fields.RunFields, "RunIn", {"task"}),
    (fields.Usage, "Usage", set()),
    (fields.TraceStep, "TraceStep", set()),
    (fields.Evidence, "Evidence", set()),
    (fields.Action, "Action", set()),
    (fields.Option, "Option", set()),
]


@pytest.fixture
def document(db: None) -> dict[str, Any]:
    return cast(dict[str, Any], Client().get("/api/v1/schema/?format=json").json())


@pytest.mark.parametrize(("shape", "name"), ANSWERS)
def test_every_answer_has_its_fields(document: dict[str, Any], shape: Any, name: str) -> None:
    promised = document["components"]["schemas"][name]["properties"]

    assert {field.name for field in dataclasses.fields(shape)} == set(promised)


@pytest.mark.parametrize(("shape", "name", "named"), REQUESTS)
def test_every_request_has_its_fields(
    document: dict[str, Any], shape: Any, name: str, named: set[str]
) -> None:
    promised = document["components"]["schemas"][name]["properties"]

    assert set(shape.__optional_keys__ | shape.__required_keys__) | named == set(promised)


@pytest.mark.parametrize(
    ("words", "shape", "field"),
    [
        (fields.Reason, "EscalationIn", "reason"),
        (fields.Kind, "EscalationIn", "kind"),
        (fields.Priority, "EscalationIn", "priority"),
        (fields.Status, "EscalationOut", "status"),
        (fields.Verdict, "DecisionOut", "verdict"),
        (fields.Exit, "OutcomeOut", "exit"),
        (fields.RunStatus, "RunOut", "status"),
    ],
)
def test_every_choice_is_known(document: dict[str, Any], words: Any, shape: str, field: str) -> None:
    assert set(get_args(words)) == set(document["components"]["schemas"][shape]["properties"][field]["enum"])


def test_every_filter_is_known(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/escalations/"]["get"]["parameters"]

    # The cursor is the pages' own, and nobody counts what is iterated over.
    assert fields.EscalationFilter.__optional_keys__ == {one["name"] for one in parameters} - {
        "cursor",
        "total",
    }


def test_what_a_newer_server_adds_is_passed_over() -> None:
    link = read(EscalationLink, {"id": 7, "url": "http://x/7/", "colour": "blue"})

    assert link == EscalationLink(id=7, url="http://x/7/")
