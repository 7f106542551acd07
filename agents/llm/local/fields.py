"""The fields of an output that stand in the text: what was sought, what was found, and how sure that is."""

import re
from collections.abc import Mapping
from math import prod
from typing import Any

from agents.llm.local.documents import page_of
from agents.llm.local.extracting import Found, extract
from agents.llm.local.schemas import Schema, allows_null, kind_of, name_words, resolved
from agents.llm.local.situation import Situation
from agents.llm.local.wanted import scope_of

NOT_FOUND = 0.85
EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0}


class Fields:
    """What is sought in the task and in what tools brought. `lacking` says in words what is not known."""

    def __init__(self, root: Schema, situation: Situation) -> None:
        self.root = root
        self.situation = situation
        self.sought: list[Found | None] = []
        self.lacking: list[str] = []
        self._beside: dict[str, Schema] = {}
        self._kinds: dict[str, bool] = {}

    def stand_beside(self, properties: Mapping[str, Schema]) -> None:
        """Remember the fields of one object: what fits another of them better is not taken."""
        self._beside = {name: self._sought_in(part) for name, part in properties.items()}

    def belong_to(self, kind: str, kinds: tuple[str, ...]) -> None:
        """Remember which kind was chosen: fields of the other kinds alone need not be there."""
        self._kinds |= {each: each == kind for each in kinds}

    def stated(self, name: str, part: Schema) -> dict[str, Any] | None:
        """A field that comes with where it was read."""
        found = self._find(name, part)
        if found is None and allows_null(part, self.root):
            return None
        about = {"value": found.value, "page": self._page_of(found)} if found else {}
        filled: dict[str, Any] = {}
        for name_within, within in resolved(part, self.root)["properties"].items():
            value = about.get(name_within, found.quote if found else None)
            if value is None and not allows_null(within, self.root):
                value = EMPTY.get(kind_of(resolved(within, self.root)), "")
            filled[name_within] = value
        return filled

    def value(self, name: str, part: Schema) -> Any:
        """A field that is nothing but its value; None if it was not found."""
        found = self._find(name, part)
        return found.value if found else None

    def sureness(self) -> float:
        """How likely all that was sought is right, from 0 to 1."""
        return prod(found.sure if found else NOT_FOUND for found in self.sought)

    def found(self) -> list[Found]:
        """The values that were found, of those that were sought."""
        return [found for found in self.sought if found]

    def quotes(self) -> list[str]:
        """The words that hold the values."""
        return [found.quote for found in self.found()]

    def cited(self) -> list[str]:
        """The calls that the values were found in; all of them where no value was found."""
        places = {found.place - 1 for found in self.found()}
        return [f.id for number, f in enumerate(self.situation.found) if number in places or not places]

    def _find(self, name: str, part: Schema) -> Found | None:
        schema = self._sought_in(part)
        texts = [self.situation.task, *(finding.text for finding in self.situation.found)]
        found = extract(name, schema, texts, self._beside)
        if found or self._is_expected(schema):
            self.sought.append(found)
            self.lacking += _doubts(" ".join(name_words(name)), found)
        return found

    def _sought_in(self, part: Schema) -> Schema:
        """The schema of the value itself, with what is said of the field."""
        schema = resolved(part, self.root)
        value = resolved(schema["properties"]["value"], self.root) if is_field(schema) else schema
        return {**value, "description": part.get("description", value.get("description", ""))}

    def _is_expected(self, schema: Schema) -> bool:
        """Whether the field belongs to what was chosen: its description may begin `Only in a contract:`."""
        scope = scope_of(schema)
        named = [
            chosen for kind, chosen in self._kinds.items() if re.search(rf"\b{re.escape(kind)}\b", scope)
        ]
        return any(named) or not named

    def _page_of(self, found: Found) -> int | None:
        # The first text is the task itself.
        return page_of(self.situation.found[found.place - 1]) if found.place else None


def is_field(schema: Schema) -> bool:
    """Whether an object is one value with where it was read."""
    return "value" in schema.get("properties", {})


def _doubts(name: str, found: Found | None) -> list[str]:
    if found is None:
        return [f"no {name} found"]
    if found.sure >= NOT_FOUND:
        return []
    besides = f": {found.value}, or {found.others[0]}" if found.others else ""
    return [f"the {name} is in doubt{besides}"]
