"""Filling the asked-for JSON from what is known, and saying what is not known and how sure it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agents.llm.local.choosing import NONE_OF_THESE, Choice, choose
from agents.llm.local.documents import heading, in_words, page_of, pages_left, pages_read, said_to_the_reader
from agents.llm.local.drafting import backing, draft, gist
from agents.llm.local.fields import EMPTY, Fields, is_field
from agents.llm.local.lookups import next_calls, wanting
from agents.llm.local.reading import stems
from agents.llm.local.schemas import CONFIDENCE, Schema, allows_null, kind_of, name_words, resolved, scaled
from agents.llm.local.situation import Situation

COMPLETED = {"completed", "done", "steps"}
MISSING = {"gaps", "missing", "open", "unknown", "unknowns", "unanswered"}
EVIDENCE = {"citations", "evidence", "source", "sources"}
REPLIES = {"answer", "draft", "message", "reply", "response"}
REASONS = {"explanation", "rationale", "reason", "reasoning", "summary"}
QUOTED = re.compile(r"\b(quote|verbatim|words of|passage|line|sentence)", re.IGNORECASE)
AFTER_A_FAILURE, FROM_A_CACHE, WITHOUT_SOMETHING, WITHOUT_A_REPLY, CUT_SHORT = 0.7, 0.9, 0.8, 0.7, 0.6
TOLD_WHAT_TO_SAY = 0.4
READ_WELL = 0.95
NO_REPLY = "nothing was found that answers the message"


class Form:
    """One output being filled. `choices` and `fields` are kept, since the confidence rests on them."""

    def __init__(self, schema: Schema, situation: Situation) -> None:
        self.root = schema
        self.situation = situation
        self.choices: list[tuple[int, Choice]] = []
        self.fields = Fields(schema, situation)
        self.lacking = self.fields.lacking

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
        elif self.fields.sought:
            sure = READ_WELL
        else:
            sure = READ_WELL * backing(self.situation)
        sure *= self.fields.sureness()
        sure *= TOLD_WHAT_TO_SAY if said_to_the_reader(self.situation) else 1
        sure *= AFTER_A_FAILURE if self.situation.failed else 1
        sure *= WITHOUT_A_REPLY if NO_REPLY in self.lacking else 1
        sure *= FROM_A_CACHE if any(finding.stale for finding in self.situation.found) else 1
        sure *= WITHOUT_SOMETHING if wanting(self.situation) else 1
        return min(sure, CUT_SHORT) if self._unfinished() else sure

    def missing(self) -> list[str]:
        """What is not known, in words."""
        failed = [f"{finding.tool} gave no answer" for finding in self.situation.failed]
        doubts = [*self.lacking, *said_to_the_reader(self.situation), *wanting(self.situation)]
        return list(dict.fromkeys([*self._unfinished(), *doubts, *failed]))

    def _unfinished(self) -> list[str]:
        if self.situation.may_call:
            return []
        pages = pages_left(self.situation)
        left = [f"{which} was not read" for which in in_words(pages)]
        open_calls = next_calls(replace(self.situation, may_call=True))
        return left or [f"{name} was not called" for name, _ in open_calls]

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties", {})
        self.fields.stand_beside(properties)
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
            return scaled(self.confidence(), schema)
        if "enum" in schema:
            return self._chosen(schema)
        kind = kind_of(schema)
        if kind == "object":
            return self.fields.stated(name, part) if is_field(schema) else self._object(schema)
        filler: dict[str, Callable[[str, Schema, set[str]], Any]] = {
            "array": self._list,
            "boolean": self._yes_or_no,
            "string": self._string,
        }
        value = filler[kind](name, schema, words) if kind in filler else self.fields.value(name, part)
        if value is None and not allows_null(part, self.root):
            return EMPTY.get(kind)
        return value

    def _chosen(self, schema: Schema) -> Any:
        values = tuple(str(value) for value in schema["enum"] if value is not None)
        meanings = f"{schema.get('description', '')}\n{self.situation.system}"
        title = heading(self.situation)
        said = "\n".join([*self.situation.notes, title.lower()])
        choice = choose(title or self.situation.task, values, meanings, said=said)
        self.choices.append((len(values), choice))
        self.fields.belong_to(choice.value, values)
        if choice.value in NONE_OF_THESE:
            self.lacking.append("what this is about is not among the known kinds")
        return next(value for value in schema["enum"] if str(value) == choice.value)

    def _string(self, name: str, schema: Schema, words: set[str]) -> str | None:
        if words & REPLIES:
            self.lacking += [] if backing(self.situation) else [NO_REPLY]
            return draft(self.situation)
        if words & REASONS:
            return gist(self.situation)
        found = self.fields.value(name, schema)
        return None if found is None else str(found)

    def _list(self, name: str, schema: Schema, words: set[str]) -> list[Any]:
        items = resolved(schema.get("items", {}), self.root)
        if kind_of(items) == "integer" and words & {"page", "pages"}:
            return pages_left(self.situation) if words & (MISSING | {"left"}) else pages_read(self.situation)
        if kind_of(items) != "string":
            return []
        if words & MISSING:
            return self.missing()
        if words & COMPLETED:
            return self._completed()
        if words & EVIDENCE:
            wanted = f"{schema.get('description', '')} {items.get('description', '')}"
            return self.fields.quotes() if QUOTED.search(wanted) else self.fields.cited()
        return []

    def _completed(self) -> list[str]:
        others = [finding for finding in self.situation.found if page_of(finding) is None]
        called = [f"{finding.tool}({_shown(finding.arguments)})" for finding in others]
        return in_words(pages_read(self.situation)) + called

    def _yes_or_no(self, name: str, schema: Schema, words: set[str]) -> bool:
        spoken = set(stems(self.situation.task))
        return bool(
            spoken & set(stems(" ".join(words - {"is", "has", "needs", "should", "wants", "requires"})))
        )


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _confidence_last(name: str) -> bool:
    return bool(set(name_words(name)) & CONFIDENCE)
