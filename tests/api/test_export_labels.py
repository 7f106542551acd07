"""All labels in one file: whole, in constant memory, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator

from escalation.api import exporting
from escalation.queue.models import Decision
from escalation.tuning.models import Label
from tests.api.caller import Caller
from tests.api.labelling import LabelOne
from tests.api.test_list_labels import COLUMNS

LABELS_PAGE = settings.BASE_DIR / "docs" / "labels.md"
RESULT = {
    "type": "object",
    "required": ["id", "from_name", "to_name", "type", "value"],
    "properties": {name: {"type": "string"} for name in ("id", "from_name", "to_name", "type")}
    | {"value": {"type": "object"}},
}
# Label Studio's "basic" JSON format, as its guide to importing pre-annotated data describes it.
LABEL_STUDIO_TASKS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["data"],
        "additionalProperties": False,
        "properties": {
            "data": {"type": "object", "minProperties": 1},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["result"],
                    "properties": {
                        "model_version": {"type": "string"},
                        "score": {"type": "number", "minimum": 0, "maximum": 1},
                        "result": {"type": "array", "items": RESULT},
                    },
                },
            },
            "annotations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["result"],
                    "properties": {
                        "was_cancelled": {"type": "boolean"},
                        "ground_truth": {"type": "boolean"},
                        "result": {"type": "array", "items": RESULT},
                    },
                },
            },
        },
    },
}


def export(caller: Caller, **query: str) -> tuple[Any, str]:
    answer = caller.get("/labels/export/", **query)
    return answer, b"".join(answer.streaming_content).decode()


def test_jsonl_has_on_each_line_what_the_list_shows(tuner: Caller, label_one: LabelOne) -> None:
    label_one("edit", {"output": "ä\n"}, task=None, output="a\u2028b")
    label_one("reject", confidence=None)

    answer, text = export(tuner)

    listed = tuner.get("/labels/").json()["results"]
    assert [json.loads(line) for line in text.split("\n")[:-1]] == listed[::-1]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"] == 'attachment; filename="labels.jsonl"'


def test_csv_has_a_column_for_each_field_and_json_as_text(tuner: Caller, label_one: LabelOne) -> None:
    label_one("edit", {"output": {"reply": 'On "Friday",\nor Monday'}})

    answer, text = export(tuner, format="csv")

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert list(row) == COLUMNS
    assert json.loads(row["corrected_output"]) == {"reply": 'On "Friday",\nor Monday'}
    assert (row["correct"], row["confidence"], row["reviewer"]) == ("false", "0.62", "alice")
    assert answer["Content-Type"] == "text/csv"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_of_a_csv_is_a_formula(tuner: Caller, label_one: LabelOne, start: str) -> None:
    hostile = f'{start}HYPERLINK("http://evil.example")'
    label_one("edit", {"output": hostile * 2, "reason_code": hostile[:50]}, task=hostile, output=hostile)

    _, text = export(tuner, format="csv")

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["reason_code"] == f"'{hostile[:50]}"
    assert not [cell for cell in row.values() if cell.startswith(exporting.FORMULA)]
    assert json.loads(row["task"]) == hostile


def test_a_negative_number_in_json_is_guarded_like_the_rest(tuner: Caller, label_one: LabelOne) -> None:
    label_one(output=-5)

    _, text = export(tuner, format="csv")

    assert next(csv.DictReader(io.StringIO(text)))["output"] == "'-5"


def test_label_studio_gets_tasks_with_the_agents_prediction_and_the_humans_annotation(
    tuner: Caller, label_one: LabelOne
) -> None:
    label_one("answer", {"answer": "On Friday."}, output={"reply": "Now"})
    label_one("accept", confidence=None, task="Why?")

    answer, text = export(tuner, format="label-studio")

    corrected, accepted = json.loads(text)
    assert corrected["data"]["task"] == '{"message": "Where is my order?"}'
    assert (corrected["data"]["output"], corrected["data"]["weight"]) == ('{"reply": "Now"}', 1.0)
    (prediction,) = corrected["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.62, "support-triage/default v1")
    assert [result["value"] for result in corrected["annotations"][0]["result"]] == [
        {"choices": ["wrong"]},
        {"text": ["On Friday."]},
    ]
    assert (accepted["data"]["task"], accepted["predictions"]) == ("Why?", [])
    assert [result["value"] for result in accepted["annotations"][0]["result"]] == [{"choices": ["correct"]}]
    assert answer["Content-Type"] == "application/json"


def test_label_studio_tasks_fit_its_documented_format_and_our_labelling_interface(
    tuner: Caller, label_one: LabelOne
) -> None:
    label_one("edit", {"output": {"reply": "Friday"}})
    label_one("accept", confidence=None)

    tasks = json.loads(export(tuner, format="label-studio")[1])

    Draft202012Validator(LABEL_STUDIO_TASKS).validate(tasks)
    interface = ElementTree.fromstring(re.search(r"```xml\n(.*?)```", LABELS_PAGE.read_text(), re.S)[1])  # type: ignore[index]
    controls = {one.get("name"): one for one in interface if one.get("toName")}
    shown = {one.get("name"): one.get("value", "").lstrip("$") for one in interface if one.get("value")}
    for task in tasks:
        assert set(shown.values()) <= set(task["data"])
        for answer in (one for said in task["annotations"] + task["predictions"] for one in said["result"]):
            control = controls[answer["from_name"]]
            assert (control.get("toName"), control.tag.lower()) == (answer["to_name"], answer["type"])
            choices = {choice.get("value") for choice in control}
            assert set(answer["value"].get("choices", [])) <= choices


@pytest.mark.parametrize(
    ("form", "empty"), [("jsonl", ""), ("csv", ",".join(COLUMNS) + "\r\n"), ("label-studio", "[]\n")]
)
def test_nothing_is_a_file_too(tuner: Caller, form: str, empty: str) -> None:
    answer, text = export(tuner, format=form)

    assert (answer.status_code, text) == (200, empty)


@pytest.mark.parametrize("form", ["jsonl", "csv", "label-studio"])
def test_batches_join_without_a_seam(
    tuner: Caller, label_one: LabelOne, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for _ in range(5):
        label_one()
    whole = export(tuner, format=form)[1]
    monkeypatch.setattr("escalation.api.views.labels.BATCH", 2)

    with CaptureQueriesContext(connection) as statements:
        in_batches = export(tuner, format=form)[1]

    assert in_batches == whole
    assert len(statements) == 4  # of 2, 2, 1 and no labels


def test_an_unknown_format_is_refused(tuner: Caller) -> None:
    answer = tuner.get("/labels/export/", format="xml")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?format")


def test_what_is_exported_does_not_pile_up(
    tuner: Caller, label_one: LabelOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    _repeat(label_one(output="x" * 25_000), 1_000)
    monkeypatch.setattr("escalation.api.views.labels.BATCH", 50)
    parts = tuner.get("/labels/export/").streaming_content
    next(parts)
    tracemalloc.start()

    length = sum(len(part) for part in parts)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 23_000_000
    assert peak < length / 3


def _repeat(label: Label, number: int) -> None:
    """The same decision on the same escalation so many times, each with a label like this one."""
    escalation, reviewer = label.decision.escalation, label.decision.reviewer
    said = {"escalation": escalation, "reviewer": reviewer, "verdict": "accept"}
    decisions = Decision.objects.bulk_create(Decision(**said) for _ in range(number))
    names = [f.name for f in Label._meta.concrete_fields if f.name not in ("id", "decision")]
    same = {name: getattr(label, name) for name in names}
    Label.objects.bulk_create(Label(decision=decision, **same) for decision in decisions)
