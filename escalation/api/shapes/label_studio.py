"""Labels as tasks that Label Studio imports (its "basic" JSON format, tried with version 1.23.2).

A project that shows them needs controls of these names: docs/labels.md has its labelling interface.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from escalation.api.shapes.labels import LabelOut

# The choices of the control `correct`.
CORRECT, WRONG = "correct", "wrong"


class LabelStudioResult(Struct, kw_only=True, rename={"kind": "type"}):
    """One answer given with one control."""

    id: str
    from_name: str
    to_name: str = "output"
    kind: str
    value: dict[str, Any]


class LabelStudioPrediction(Struct, kw_only=True):
    """What the agent thought of its output; `score` is its confidence."""

    model_version: str
    score: float
    result: list[LabelStudioResult]


class LabelStudioAnnotation(Struct, kw_only=True):
    """What the human said of it."""

    result: list[LabelStudioResult]
    was_cancelled: bool = False
    ground_truth: bool = True


class LabelStudioTask(Struct, kw_only=True):
    """One label: `data` has its fields, with `task` and `output` as texts to be shown."""

    data: dict[str, Any]
    predictions: list[LabelStudioPrediction]
    annotations: list[LabelStudioAnnotation]


def task_of(label: LabelOut) -> LabelStudioTask:
    """A label whose JSON is still text, as PostgreSQL wrote it."""
    said = [_choice("said", label.correct)]
    if label.corrected_output is not None:
        said.append(_text("corrected", _shown(label.corrected_output)))
    data = msgspec.structs.asdict(label) | {
        name: _shown(getattr(label, name)) for name in ("task", "output", "corrected_output")
    }
    annotation = LabelStudioAnnotation(result=said)
    return LabelStudioTask(data=data, predictions=_predictions(label), annotations=[annotation])


def _predictions(label: LabelOut) -> list[LabelStudioPrediction]:
    if label.confidence is None:
        return []
    version = f"{label.agent}/{label.gate} v{label.policy_version or 0}"
    result = [_choice("thought", correct=True)]
    return [LabelStudioPrediction(model_version=version, score=label.confidence, result=result)]


def _choice(id: str, correct: bool) -> LabelStudioResult:
    choices = {"choices": [CORRECT if correct else WRONG]}
    return LabelStudioResult(id=id, from_name="correct", kind="choices", value=choices)


def _text(id: str, text: str) -> LabelStudioResult:
    return LabelStudioResult(id=id, from_name="corrected_output", kind="textarea", value={"text": [text]})


def _shown(text: str | None) -> str:
    """What a person reads: a text without its quotes, everything else as JSON."""
    if text is None:
        return ""
    return str(msgspec.json.decode(text)) if text.startswith('"') else text
