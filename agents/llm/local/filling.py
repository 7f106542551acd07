"""Filling the asked-for JSON from what is known, and saying what is not known and how sure it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agents.llm.local.choosing import NONE_OF_THESE, Choice, choose
from agents.llm.local.drafting import backing, draft, gist
from agents.llm.local.extracting import Found, extract
from agents.llm.local.lookups import next_calls, pages_left, pages_read, wanting
from agents.llm.local.reading import stems
from agents.llm.local.schemas import Schema, allows_null, kind_of, name_words, resolved
from agents.llm.local.situation import Situation

CONFIDENCE = {"certainty", "confidence", "probability"}
COMPLETED = {"completed", "done", "steps"}
MISSING = {"gaps", "missing", "open", "unknown", "unknowns", "unanswered"}
EVIDENCE = {"citations", "evidence", "source", "sources"}
REPLIES = {"answer", "draft", "message", "reply", "response"}
REASONS = {"explanation", "rationale", "reason", "reasoning", "summary"}
QUOTED = re.compile(r"\b(quote|verbatim|words of|passage|line|sentence)", re.IGNORECASE)
AFTER_A_FAILURE, FROM_A_CACHE, WITHOUT_SOMETHING, WITHOUT_A_REPLY, CUT_SHORT = 0.7, 0.9, 0.8, 0.7, 0.6
READ_WELL = 0.95
NO_REPLY = "nothing was found that answers the message"


class Form:
    """One output being filled. `choices` and `found` are kept, since the confidence rests on them."""

    def __init__(self, schema: Schema, situation: Situation) -> None:
        self.root = schema
        self.situation = situation
        self.pages = "\n".join([situation.task, *(finding.text for finding in situation.found)])
        self.choices: list[tuple[int, Choice]] = []
        self.sought = 0
        self.quotes: list[str] = []
        self.lacking: list[str] = []

    def fill(self) -> Any:
        """The output, valid for its schema. What reports on the rest of it is filled last."""
        return self._object(self.root)

    @property
    def best_choice(self) -> Choice | None:
        """The choice among most values: what the task is about."""
        return max(self.choices, key=lambda choice: choice[0], default=(0, None))[1]

    def confidence(self) -> float:
        """How likely the output is right, from 0 to 1."""
        if self.best_choice:
            sure = self.best_choice.confidence
        elif self.sought:
            sure = READ_WELL * len(self.quotes) / self.sought
        else:
            sure = READ_WELL * backing(self.situation)
        sure *= AFTER_A_FAILURE if self.situation.failed else 1
        sure *= WITHOUT_A_REPLY if NO_REPLY in self.lacking else 1
        sure *= FROM_A_CACHE if any(finding.stale for finding in self.situation.found) else 1
        sure *= WITHOUT_SOMETHING if wanting(self.situation) else 1
        return min(sure, CUT_SHORT) if self._unfinished() else sure

    def missing(self) -> list[str]:
        """What is not known, in words."""
        failed = [f"{finding.tool} gave no answer" for finding in self.situation.failed]
        return list(dict.fromkeys([*self.lacking, *wanting(self.situation), *failed, *self._unfinished()]))

    def _unfinished(self) -> list[str]:
        if self.situation.may_call:
            return []
        pages = pages_left(self.situation)
        left = [f"pages {pages[0]} to {pages[-1]} were not read"] if pages else []
        open_calls = next_calls(replace(self.situation, may_call=True))
        return left or [f"{name} was not called" for name, _ in open_calls]

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties", {})
        last = [name for name in properties if set(name_words(name)) & (CONFIDENCE | MISSING | EVIDENCE)]
        filled = {name: self._value(name, part) for name, part in properties.items() if name not in last}
        filled |= {name: self._value(name, properties[name]) for name in sorted(last, key=_confidence_last)}
        return {name: filled[name] for name in properties}

    def _value(self, name: str, part: Schema) -> Any:
        schema = resolved(part, self.root)
        words = set(name_words(name))
        if "const" in schema:
            return schema["const"]
        if words & CONFIDENCE:
            return _scaled(self.confidence(), schema)
        if "enum" in schema:
            return self._chosen(schema)
        kind = kind_of(schema)
        if kind == "object":
            return (
                self._field(name, schema) if "value" in schema.get("properties", {}) else self._object(schema)
            )
        filler: dict[str, Callable[[str, Schema, set[str]], Any]] = {
            "array": self._list,
            "boolean": self._yes_or_no,
            "string": self._string,
        }
        value = filler[kind](name, schema, words) if kind in filler else self._extracted(name, schema)
        if value is None and not allows_null(part, self.root):
            return {"string": "", "integer": 0, "number": 0}.get(kind)
        return value

    def _chosen(self, schema: Schema) -> Any:
        values = tuple(str(value) for value in schema["enum"] if value is not None)
        meanings = f"{schema.get('description', '')}\n{self.situation.system}"
        choice = choose(self.situation.task, values, meanings, said="\n".join(self.situation.notes))
        self.choices.append((len(values), choice))
        if choice.value in NONE_OF_THESE:
            self.lacking.append("what the message is about is not among the known kinds")
        return next(value for value in schema["enum"] if str(value) == choice.value)

    def _string(self, name: str, schema: Schema, words: set[str]) -> str | None:
        if words & REPLIES:
            self.lacking += [] if backing(self.situation) else [NO_REPLY]
            return draft(self.situation)
        if words & REASONS:
            return gist(self.situation)
        found = self._extracted(name, schema)
        return None if found is None else str(found)

    def _extracted(self, name: str, schema: Schema) -> Any:
        found = self._find(name, schema)
        return found.value if found else None

    def _field(self, name: str, schema: Schema) -> dict[str, Any]:
        """A field that comes with where it was read."""
        properties = schema["properties"]
        value_schema = resolved(properties["value"], self.root)
        found = self._find(name, value_schema)
        about = {"value": found.value if found else None, "page": self._page_of(found)}
        empty = {"string": "", "integer": 0, "number": 0}
        filled: dict[str, Any] = {}
        for part_name, part in properties.items():
            value = about.get(part_name, found.quote if found else None)
            if value is None and not allows_null(part, self.root):
                value = empty.get(kind_of(resolved(part, self.root)), "")
            filled[part_name] = value
        return filled

    def _find(self, name: str, schema: Schema) -> Found | None:
        self.sought += 1
        found = extract(name, schema, self.pages)
        if found:
            self.quotes.append(found.quote)
        else:
            self.lacking.append(f"no {' '.join(name_words(name))} found")
        return found

    def _page_of(self, found: Found | None) -> int | None:
        for finding in self.situation.found:
            if found and found.quote in finding.text:
                return next((value for value in finding.arguments.values() if isinstance(value, int)), None)
        return None

    def _list(self, name: str, schema: Schema, words: set[str]) -> list[Any]:
        items = resolved(schema.get("items", {}), self.root)
        if kind_of(items) == "integer" and words & {"page", "pages"}:
            return pages_left(self.situation) if words & (MISSING | {"left"}) else pages_read(self.situation)
        if kind_of(items) != "string":
            return []
        if words & MISSING:
            return self.missing()
        if words & COMPLETED:
            return [f"{f.tool}({_shown(f.arguments)})" for f in self.situation.found]
        if words & EVIDENCE:
            wanted = f"{schema.get('description', '')} {items.get('description', '')}"
            return self.quotes if QUOTED.search(wanted) else [finding.id for finding in self.situation.found]
        return []

    def _yes_or_no(self, name: str, schema: Schema, words: set[str]) -> bool:
        spoken = set(stems(self.situation.task))
        return bool(
            spoken & set(stems(" ".join(words - {"is", "has", "needs", "should", "wants", "requires"})))
        )


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _confidence_last(name: str) -> bool:
    return bool(set(name_words(name)) & CONFIDENCE)


def _scaled(sure: float, schema: Schema) -> Any:
    """The largest allowed number that does not claim more than `sure`."""
    if "enum" in schema:
        numbers = sorted(value for value in schema["enum"] if isinstance(value, int | float))
        top = 100 if numbers[-1] > 1 else 1
        return max((value for value in numbers if value <= sure * top + 1e-9), default=numbers[0])
    return round(sure * 100) if kind_of(schema) == "integer" else round(sure, 2)
