"""How a JSON value is shown and edited: as text, as fields, as a table, or as JSON. PURE."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from escalation.queue.legible import legible

Shape = Literal["nothing", "text", "fields", "records", "table", "json"]

MOST_FIELDS = 40
MOST_COLUMNS = 12
MOST_ROWS = 500
PROSE = 60
ONE_LINE = 72
# A text whose lines are set in columns, as on an invoice: prose never has three spaces between two words.
IN_COLUMNS = re.compile(r"\S[ \t]{3,}\S")
FEW_LINES = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One value in a field or a table: `text` to read, and whether it is prose, a number or JSON."""

    text: str
    kind: Literal["text", "number", "json", "nothing"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as a template needs it; what the shape does not use is empty."""

    shape: Shape
    text: str = ""
    in_columns: bool = False
    fields: Sequence[tuple[str, Cell]] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = field(default=())
    left_out: int = 0  # characters, see folding.py


def shape_of(value: Any) -> Shape:
    """The best way to show a value; what has too many parts for a form or a table is JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict) and 0 < len(value) <= MOST_FIELDS:
        return "records" if _are_records(value) else "fields"
    if isinstance(value, list) and _is_table(value):
        return "table"
    return "json"


def shown(value: Any, order: Sequence[str] = ()) -> Shown:
    """Prepare a value for its template; `order` is that of the keys as the agent sent them."""
    shape = shape_of(value)
    if shape == "text":
        return Shown(shape, text=value, in_columns=len(IN_COLUMNS.findall(value)) >= FEW_LINES)
    if shape == "fields":
        return Shown(shape, fields=[(key, cell(value[key])) for key in reading_order(value, order)])
    if shape == "records":
        columns = columns_of([record for record in value.values() if isinstance(record, dict)])
        names = in_order(value, order)
        rows = [[Cell(name, "text"), *_record(value[name], columns)] for name in names]
        return Shown("table", columns=["", *columns], rows=rows)
    if shape == "table":
        columns = in_order(columns_of(value), order)
        return Shown(shape, columns=columns, rows=[_row(row, columns) for row in value])
    return Shown(shape, text=pretty(value))


def reading_order(value: dict[str, Any], order: Sequence[str] = ()) -> list[str]:
    """The keys as the agent sent them; where that is not known, those of long texts first."""
    if order:
        return in_order(value, order)
    # PostgreSQL keeps no order that meant anything.
    return sorted(value, key=lambda key: not (isinstance(value[key], str) and len(value[key]) > PROSE))


def in_order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Names in the order in which they are given; those that are not, last."""
    place = {name: number for number, name in enumerate(order)}
    return sorted(names, key=lambda name: place.get(name, len(place)))


def cell(value: Any) -> Cell:
    if isinstance(value, str):
        return Cell(value, "text")
    if value is None:
        return Cell("null", "nothing")
    if isinstance(value, bool | int | float):
        return Cell(json.dumps(value), "number")
    return Cell(pretty(value), "json")


def pretty(value: Any) -> str:
    """JSON for a human: on one line while that is short, else indented; characters as they are."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= ONE_LINE else legible(value)


def _is_table(value: list[Any]) -> bool:
    are_rows = 0 < len(value) <= MOST_ROWS and all(isinstance(row, dict) and row for row in value)
    return are_rows and len(columns_of(value)) <= MOST_COLUMNS


def _are_records(value: dict[str, Any]) -> bool:
    """Whether its parts are flat objects of one kind, as {"total": {"value": 12, "page": 3}}, or single."""
    records = [part for part in value.values() if isinstance(part, dict)]
    are_flat = all(record and _is_flat(record) for record in records)
    others_are_single = not any(isinstance(part, list) for part in value.values())
    are_of_one_kind = len({frozenset(record) for record in records}) == 1
    return len(records) > 1 and are_flat and others_are_single and are_of_one_kind


def _is_flat(record: dict[str, Any]) -> bool:
    return not any(isinstance(part, dict | list) for part in record.values())


def _record(part: Any, columns: Sequence[str]) -> list[Cell]:
    # A part that is no object stands where its like would be.
    own = columns.index("value") if "value" in columns else 0
    return _row(part if isinstance(part, dict) else {} if part is None else {columns[own]: part}, columns)


def _row(record: dict[str, Any], columns: Sequence[str]) -> list[Cell]:
    return [cell(record[name]) if name in record else Cell("", "nothing") for name in columns]


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """The keys of all rows, each once, in the order in which they come."""
    return list(dict.fromkeys(name for row in rows for name in row))
