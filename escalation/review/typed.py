"""Form fields for values of any JSON type: what a reviewer typed becomes the type that the agent expects."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from escalation.review.cells import CellsField, fits_cells
from escalation.review.shapes import in_order, pretty, reading_order, shape_of

# A key of an object becomes a field of this name; the prefix keeps an agent's keys apart from our own fields.
PREFIX = "field."
LONG = 80
KEYED = ("fields", "records")
ROWS = "Fill in the last row to add one; empty a row to take it out."


class TextField(forms.CharField):
    """Text exactly as typed, with one kind of line end."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n")


class StrictJSONField(forms.CharField):
    """JSON that PostgreSQL can store: no NaN, no repeated key, no NUL, no half of a character."""

    widget = forms.Textarea
    empty_values = [None, ""]  # an empty list or object is an answer
    default_error_messages = {"invalid": "This is not JSON: %(problem)s."}

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else pretty(value)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            parsed = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as problem:
            said = str(problem) or "it is nested too deeply"
            raise forms.ValidationError(
                self.error_messages["invalid"], "invalid", {"problem": said}
            ) from None
        if _has_nul(parsed):
            raise forms.ValidationError(
                self.error_messages["invalid"], "invalid", {"problem": "it holds a NUL"}
            )
        return parsed


class NumberField(forms.FloatField):
    """A number that stays whole where the agent's was whole."""

    def __init__(self, *, whole: bool, **options: Any) -> None:
        self.whole = whole
        super().__init__(**options)
        self.widget.attrs["step"] = "1" if whole else "any"

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        if number is None or not self.whole:
            return number
        if not number.is_integer():
            raise forms.ValidationError("This must be a whole number.")
        return int(str(value).strip()) if str(value).strip().lstrip("+-").isdigit() else int(number)


class TrueFalseField(forms.TypedChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true", **options
        )

    def prepare_value(self, value: Any) -> Any:
        return {True: "true", False: "false"}.get(value, value)


def fields_for(value: Any, name: str, order: Sequence[str] = ()) -> dict[str, forms.Field]:
    """Form fields in which `value` can be edited: one text, one per key of an object, cells, or JSON."""
    shape = shape_of(value)
    if shape == "text":
        return {name: TextField(initial=value, label="Text", widget=_textarea(value))}
    if shape in KEYED:
        return {f"{PREFIX}{key}": _field(key, value[key]) for key in reading_order(value, order)}
    if shape == "table" and fits_cells(value):
        rows = [{key: row[key] for key in in_order(row, order)} for row in value]
        return {name: CellsField(rows, label="Rows", help_text=ROWS)}
    return {name: StrictJSONField(initial=value, label="JSON", widget=_textarea(pretty(value), code=True))}


def value_from(original: Any, name: str, cleaned: dict[str, Any]) -> Any:
    """Put together what `fields_for` took apart, keys in their order and types kept."""
    if shape_of(original) not in KEYED:
        return cleaned.get(name)
    return {key: cleaned.get(f"{PREFIX}{key}") for key in original}


def _field(label: str, value: Any) -> forms.Field:
    makers: dict[type, Callable[[], forms.Field]] = {
        bool: lambda: TrueFalseField(label=label, initial=value),
        int: lambda: NumberField(label=label, initial=value, whole=True),
        float: lambda: NumberField(label=label, initial=value, whole=False),
        str: lambda: TextField(label=label, initial=value, required=False, widget=_text_widget(value)),
    }
    if make := makers.get(type(value)):
        return make()
    if isinstance(value, list) and value and all(value) and fits_cells(value):
        return CellsField(value, label=label, help_text=ROWS)
    return StrictJSONField(
        label=label, initial=value, required=False, widget=_textarea(pretty(value), code=True)
    )


def _text_widget(value: str) -> forms.Widget:
    is_long = len(value) > LONG or "\n" in value
    return _textarea(value) if is_long else forms.TextInput()


def _textarea(text: str, *, code: bool = False) -> forms.Textarea:
    rows = min(24, max(2, text.count("\n") + 1 + len(text) // LONG))
    return forms.Textarea(
        {"rows": rows, "spellcheck": "false" if code else "true", "class": "code" if code else ""}
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_nul, value))
