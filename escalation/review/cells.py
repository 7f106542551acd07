"""A table that is edited cell by cell: what was a number stays one, and rows can be added and taken out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from escalation.review.shapes import columns_of, pretty
from escalation.review.untrusted import plain

MOST_CELLS = 240
Texts = list[list[str]]


def fits_cells(rows: Any) -> bool:
    """Whether a list of objects can be edited as a table of single values."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return False
    are_single = not any(isinstance(value, dict | list) for row in rows for value in row.values())
    return are_single and len(rows) * len(columns_of(rows)) <= MOST_CELLS


class CellsWidget(forms.Widget):
    """One input for each cell, and a last row that is empty."""

    def __init__(self, columns: list[str], attrs: dict[str, Any] | None = None) -> None:
        self.columns = columns
        super().__init__(attrs)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        head = format_html_join("", '<th scope="col">{}</th>', ((plain(column),) for column in self.columns))
        rows = [*value, [""] * len(self.columns)]
        body = format_html_join(
            "", "<tr>{}</tr>", ((self._row(name, at, row),) for at, row in enumerate(rows))
        )
        table = (
            '<div class="cells-edit" id="{}"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
        )
        return format_html(table, (attrs or {}).get("id", name), head, body)

    def _row(self, name: str, at: int, row: list[str]) -> SafeString:
        cell = '<td><textarea rows="1" name="{}.{}.{}" aria-label="{}, row {}">{}</textarea></td>'
        cells = (
            (name, at, place, column, at + 1, text)
            for place, (column, text) in enumerate(zip(self.columns, row, strict=True))
        )
        return format_html_join("", cell, cells)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Texts:
        rows: Texts = []
        while len(rows) <= MOST_CELLS and f"{name}.{len(rows)}.0" in data:
            at = len(rows)
            rows.append([str(data.get(f"{name}.{at}.{place}", "")) for place in range(len(self.columns))])
        return [[text.replace("\r\n", "\n") for text in row] for row in rows]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}.0.0" not in data


class CellsField(forms.Field):
    """A list of objects with single values; a row whose cells are all empty is no row."""

    def __init__(self, rows: list[dict[str, Any]], **options: Any) -> None:
        self.rows = rows
        self.columns = columns_of(rows)
        texts = [[_text(row[name]) if name in row else "" for name in self.columns] for row in rows]
        options |= {"initial": texts, "required": False, "widget": CellsWidget(self.columns)}
        super().__init__(**options)

    def clean(self, value: Texts) -> list[dict[str, Any]]:
        return [self._record(at, texts) for at, texts in enumerate(value) if any(map(str.strip, texts))]

    def _record(self, at: int, texts: list[str]) -> dict[str, Any]:
        before = self.rows[at] if at < len(self.rows) else {}
        record = {
            name: self._value(before, name, text, at)
            for name, text in zip(self.columns, texts, strict=True)
            if text or name in before
        }
        return {name: record[name] for name in self.columns if name in record}

    def _value(self, before: dict[str, Any], name: str, text: str, at: int) -> Any:
        if name in before and _text(before[name]) == text:
            return before[name]
        kinds = {type(row[name]) for row in self.rows if name in row and row[name] is not None}
        if not text and str not in kinds:
            return None
        if str in kinds or not kinds:
            return text
        return self._number(name, text.strip(), at, {bool} == kinds)

    def _number(self, name: str, text: str, at: int, is_bool: bool) -> Any:
        try:
            value = json.loads(text, parse_constant=lambda _: None)
        except ValueError:
            value = None
        if not (isinstance(value, bool) if is_bool else type(value) in (int, float)):
            wanted = "true or false" if is_bool else "a number"
            raise forms.ValidationError(f"Row {at + 1}, {name}: this must be {wanted}.")
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != data)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else pretty(value)
