"""Form fields made from a JSON Schema: one for each property, and the value put together from them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from escalation.queue.answer_schema import problems, written_out
from escalation.queue.content import canonical
from escalation.review.shapes import MOST_FIELDS, in_order
from escalation.review.typed import PREFIX, NumberField, StrictJSONField, TextField

LONG = 200
WHOLE = "text"


class SchemaFields:
    """A schema as a form: `fields` to show, `value` to read back, `problems` to say beside the fields."""

    def __init__(self, schema: Any, order: Sequence[str] = ()) -> None:
        self.schema = schema
        self._plain = written_out(schema) or {}
        properties = self._plain.get("properties")
        found = properties if isinstance(properties, dict) else {}
        self._parts = {name: found[name] for name in in_order(found, order)}
        self._is_object = 0 < len(self._parts) <= MOST_FIELDS and "object" in types_of(
            self._plain, ["object"]
        )
        required = self._plain.get("required")
        self._required = required if isinstance(required, list) else []

    @property
    def fields(self) -> dict[str, forms.Field]:
        if not self._is_object:
            return {WHOLE: field_for("Answer", self._plain, required=True)}
        return {
            f"{PREFIX}{name}": field_for(name, part, required=name in self._required)
            for name, part in self._parts.items()
        }

    def value(self, cleaned: dict[str, Any]) -> Any:
        """What was typed, in the shape that the schema asks for; what was left empty is left out."""
        if not self._is_object:
            return cleaned.get(WHOLE)
        given = {name: cleaned.get(f"{PREFIX}{name}") for name in self._parts}
        return {name: value for name, value in given.items() if value is not None and value != ""}

    def problems(self, value: Any) -> list[tuple[str | None, str]]:
        """What does not fit: the name of the field, or None for the whole, and why."""
        return [
            (self._field(str(path[0])) if path else None, said) for path, said in problems(self.schema, value)
        ]

    def _field(self, name: str) -> str | None:
        return f"{PREFIX}{name}" if self._is_object and name in self._parts else None


def field_for(name: str, part: Any, *, required: bool) -> forms.Field:
    """The field for one property; what no simple field can hold is JSON."""
    part = part if isinstance(part, dict) else {}
    options: dict[str, Any] = {
        "label": str(part.get("title") or name),
        "help_text": str(part.get("description") or "")[:500],
        "required": required,
        "initial": part.get("default"),
    }
    choices = part["enum"] if isinstance(part.get("enum"), list) else None
    if choices and len(choices) <= MOST_FIELDS:
        return ValueChoiceField(choices, **options)
    kinds = [kind for kind in types_of(part, []) if kind != "null"]
    makers: dict[str, Callable[[], forms.Field]] = {
        "string": lambda: _text(part, options),
        "integer": lambda: NumberField(whole=True, **options | _limits(part)),
        "number": lambda: NumberField(whole=False, **options | _limits(part)),
        "boolean": lambda: ValueChoiceField([True, False], **options),
    }
    if len(kinds) == 1 and kinds[0] in makers:
        return makers[kinds[0]]()
    return StrictJSONField(**options, widget=forms.Textarea({"rows": 4, "class": "code"}))


class ValueChoiceField(forms.ChoiceField):
    """A choice among values of any JSON type; what comes out is the value itself."""

    def __init__(self, values: list[Any], **options: Any) -> None:
        self.by_text = {canonical(value): value for value in values}
        initial = canonical(options.pop("initial"))
        choices = [(text, _label(value)) for text, value in self.by_text.items()]
        few = len(choices) <= 9 and options["required"]
        widget = forms.RadioSelect if few else forms.Select
        empty = [] if few else [("", "")]
        super().__init__(choices=[*empty, *choices], widget=widget, initial=initial, **options)

    def clean(self, value: Any) -> Any:
        return self.by_text.get(super().clean(value))


def types_of(part: Any, default: list[str]) -> list[str]:
    """The types that a part of a schema allows."""
    named = part.get("type", default) if isinstance(part, dict) else default
    return [named] if isinstance(named, str) else named if isinstance(named, list) else default


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value if isinstance(value, str) else canonical(value)


def _text(part: dict[str, Any], options: dict[str, Any]) -> forms.Field:
    given = part.get("maxLength")
    longest = given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None
    if part.get("format") == "date":
        return TextField(**options, widget=forms.DateInput({"type": "date"}))
    is_short = longest is not None and longest <= LONG
    widget = forms.TextInput() if is_short else forms.Textarea({"rows": 3})
    return TextField(**options, max_length=longest, widget=widget)


def _limits(part: dict[str, Any]) -> dict[str, Any]:
    given = {"min_value": part.get("minimum"), "max_value": part.get("maximum")}
    return {
        name: limit
        for name, limit in given.items()
        if isinstance(limit, int | float) and not isinstance(limit, bool)
    }
