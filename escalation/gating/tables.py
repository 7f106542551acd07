"""Rules that ops declare: conditions on the task and the output, and the answer when all of them hold. Pure.

A condition reads `task.amount_eur < 20` or `output.topic in ["order", "cash"]`; several are joined by `and`.
A value is JSON, or a bare word. What a condition names and the result does not have makes it false.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MISSING: Any = object()
NAME = re.compile(r"[-a-z0-9_]{1,100}\Z")
AND = re.compile(r"\s+and\s+(?=(?:task|output)\b)")
CONDITION = re.compile(
    r"(?P<field>(?:task|output)(?:\.[\w-]+)*)\s*"
    r"(?:(?P<test>is missing|is present)|(?P<compare>!=|<=|>=|=|<|>|in\b|contains\b)\s*(?P<value>.+))\Z",
    re.DOTALL,
)


class Unreadable(ValueError):
    """A condition that is none; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a field of the result with a value."""

    path: tuple[str, ...]
    test: str
    value: Any = None

    def holds(self, result: Mapping[str, Any]) -> bool:
        """Whether it is true of {"task": …, "output": …}; false where the two cannot be compared."""
        found = _at(result, self.path)
        if self.test in ("is missing", "is present"):
            return (found is MISSING) == (self.test == "is missing")
        try:
            return found is not MISSING and bool(_COMPARE[self.test](found, self.value))
        except TypeError:
            return False


def answer_of_table(rows: Sequence[Mapping[str, Any]], task: Any, output: Any) -> Any:
    """The answer of the first row whose conditions all hold; None when there is none."""
    result = {"task": task, "output": output}
    for row in rows:
        if all(condition.holds(result) for condition in conditions(row["when"])):
            return row["then"]
    return None


@lru_cache(maxsize=512)
def conditions(text: str) -> tuple[Condition, ...]:
    """Read conditions joined by `and`; raises Unreadable."""
    return tuple(_condition(part.strip()) for part in AND.split(text.strip()))


def problems_of(tables: Any) -> list[str]:
    """What is wrong with a policy's tables, a sentence each."""
    if not isinstance(tables, Mapping):
        return ["not tables of rows, each with `when` and `then`"]
    problems = []
    for name, rows in tables.items():
        if not NAME.match(str(name)):
            problems.append(f"{name!r}: name a rule with small letters, digits, - and _")
        if not isinstance(rows, list) or not rows:
            problems.append(f"{name}: not a list of rows")
            continue
        found = [(n, problem) for n, row in enumerate(rows, 1) for problem in _faults(row)]
        problems += [f"{name}, row {n}: {problem}" for n, problem in found]
    return problems


def _faults(row: Any) -> list[str]:
    if not isinstance(row, Mapping) or set(row) != {"when", "then"} or not isinstance(row["when"], str):
        return ["write `when`, a text, and `then`, the answer"]
    if row["then"] is None:
        return ["`then` is null, which is no answer"]
    try:
        conditions(row["when"])
    except Unreadable as error:
        return [str(error)]
    return []


def _condition(text: str) -> Condition:
    found = CONDITION.match(text)
    if found is None:
        raise Unreadable(
            f"{text!r} is no condition: write a field, a comparison and a value, as task.amount_eur < 20"
        )
    path = tuple(found["field"].split("."))
    if found["test"]:
        return Condition(path, found["test"])
    value = _value(found["value"].strip())
    if found["compare"] == "in" and not isinstance(value, list):
        raise Unreadable(f'{text!r}: what follows `in` is a list, as ["order", "cash"]')
    return Condition(path, found["compare"], value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if re.fullmatch(r"[\w-]+", text):
            return text
        raise Unreadable(f'{text!r} is no value: write a number, a word, or "a text"') from None


def _at(result: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(result, Mapping) or name not in result:
            return MISSING
        result = result[name]
    return result


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": lambda found, value: found == value and isinstance(found, bool) == isinstance(value, bool),
    "!=": operator.ne,
    "<": lambda found, value: _number(found) < _number(value),
    "<=": lambda found, value: _number(found) <= _number(value),
    ">": lambda found, value: _number(found) > _number(value),
    ">=": lambda found, value: _number(found) >= _number(value),
    "in": lambda found, value: found in value,
    "contains": lambda found, value: (
        str(value).casefold() in found.casefold() if isinstance(found, str) else value in found
    ),
}


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value
