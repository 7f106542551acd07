"""Labels as files, row by row: what each format's rows look like. No row waits for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct

from escalation.api.shapes.label_studio import task_of
from escalation.api.shapes.labels import LabelOut
from escalation.tuning.models.label import TOLD

BATCH = 1000
# What makes a spreadsheet take a cell for a formula, full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Batches = Iterator[list[Any]]


class Format(Struct, frozen=True):
    """How a file is called, and how batches of labels become its bytes."""

    media_type: str
    ending: str
    write: Callable[[Batches], Iterator[bytes]]


def started(batches: Batches) -> Batches:
    """The same batches, the first one read: a database that is away is an answer, no broken file."""
    first = next(batches, [])
    return chain([first], batches)


def as_jsonl(batches: Batches) -> Iterator[bytes]:
    """One JSON object on each line."""
    encode = msgspec.json.Encoder().encode_lines
    for batch in batches:
        yield encode([LabelOut.of(row) for row in batch])


def as_csv(batches: Batches) -> Iterator[bytes]:
    """A header and a row for each label (RFC 4180); JSON as its text, and no cell that a spreadsheet runs."""
    yield f"{','.join(TOLD)}\r\n".encode()
    for batch in batches:
        yield "".join([_line(row) for row in batch]).encode()


def _line(row: Sequence[Any]) -> str:
    return ",".join([CELLS[type(value)](value) for value in row]) + "\r\n"


def _text(value: str) -> str:
    guarded = f"'{value}" if value.startswith(FORMULA) else value
    return f'"{guarded.replace(DOUBLE, DOUBLE * 2)}"'


DOUBLE = '"'
# The module csv looks at each character of bodies that are thousands long: most of the work, if it had it.
CELLS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    float: repr,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "",
}


def as_label_studio(batches: Batches) -> Iterator[bytes]:
    """One JSON array of tasks, each with the agent's prediction and the human's annotation."""
    encode = msgspec.json.Encoder().encode
    before = b"[\n"
    for batch in batches:
        if batch:
            yield before + b",\n".join([encode(task_of(LabelOut(*row))) for row in batch])
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


FORMATS = {
    "jsonl": Format("application/x-ndjson", "jsonl", as_jsonl),
    "csv": Format("text/csv", "csv", as_csv),
    "label-studio": Format("application/json", "json", as_label_studio),
}
