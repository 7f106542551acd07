"""Whether the words that an output quotes stand in what the tools answered, and hold what it reads in them.

A quotation is any object in the output with a text under `quote`: `{"value": 12.5, "quote": "Total: 12.50",
"page": 3}`. What else it shares with a call's arguments (here `page`) says in which answer it must stand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

QUOTE: Final = "quote"
SHOWN: Final = 80  # characters of a quotation in a sentence


@dataclass(frozen=True, slots=True)
class Reading:
    """What one tool call was asked for and answered."""

    arguments: Mapping[str, Any]
    text: str


def misquoted(output: Any, readings: Sequence[Reading]) -> str | None:
    """What is wrong with the first bad quotation in `output`, in a sentence; None when all of them hold."""
    folded = [Reading(reading.arguments, _folded(reading.text)) for reading in readings]
    problems = (_problem(name, quotation, folded) for name, quotation in _quotations(output, "the output"))
    return next((problem for problem in problems if problem), None)


def _quotations(output: Any, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(output, Mapping):
        if isinstance(output.get(QUOTE), str):
            yield name, output
        for key, part in output.items():
            yield from _quotations(part, str(key))
    elif isinstance(output, list):
        for part in output:
            yield from _quotations(part, name)


def _problem(name: str, quotation: Mapping[str, Any], readings: Sequence[Reading]) -> str | None:
    quote = _folded(quotation[QUOTE])
    value = quotation.get("value")
    if not quote:
        return None if value in (None, "") else f"{name} is {value!r}, and quotes nothing"
    held = [reading for reading in readings if quote in reading.text]
    shown = quotation[QUOTE][:SHOWN]
    if not held:
        return f"{name} quotes “{shown}”, which no tool call answered"
    if not any(_agrees(quotation, reading) for reading in held):
        return f"{name} quotes “{shown}”, which stands elsewhere than it says"
    if isinstance(value, int | float) and not isinstance(value, bool) and _digits(value) not in _bare(quote):
        return f"{name} is {value!r}, which “{shown}” does not say"
    return None


def _agrees(quotation: Mapping[str, Any], reading: Reading) -> bool:
    shared = quotation.keys() & reading.arguments.keys() - {QUOTE, "value"}
    return all(quotation[name] == reading.arguments[name] for name in shared)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _digits(number: float) -> str:
    """A number's digits as they stand in a text, whatever its separators: 1249.5 as 12495."""
    written = format(Decimal(repr(number)), "f")
    whole, _, places = written.partition(".")
    return (_bare(whole) + places.rstrip("0")).lstrip("0") or "0"


def _bare(text: str) -> str:
    return re.sub(r"\D", "", text)
