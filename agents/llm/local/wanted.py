"""What a field is called and described as, and how well a label or a sentence fits that."""

import re
from dataclasses import dataclass

from agents.llm.local.reading import FUNCTION_WORDS, WORD, stem
from agents.llm.local.schemas import Schema, name_words

BY_DESCRIPTION = 0.9  # of a label whose every word stands in the description
OF_SOMETHING_ELSE = 0.8
IN_PROSE, IN_PROSE_BY_ONE_WORD = 0.8, 0.65
NUMBER = re.compile(r"\b(?:no|nr)\b\.?", re.IGNORECASE)
ASIDE = re.compile(r"\([^)]*\)")
SCOPE = re.compile(r"\A(?:only (?:in|of|for) [^:]*:)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The stems of a field's name, and those of its name and description."""

    named: frozenset[str]
    described: frozenset[str]

    @classmethod
    def of(cls, name: str, schema: Schema) -> "Wanted":
        named = frozenset(map(stem, name_words(name)))
        return cls(named, named | _stems(SCOPE.sub("", str(schema.get("description", "")))))

    def label(self, label: str) -> float:
        """How well a label names the field, from 0 to 1."""
        words = _stems(ASIDE.sub(" ", label))
        if not words:
            return 0.0
        by_name = len(self.named & words) / len(self.named | words)
        # A telephone number is not the number: more words than were asked for name something else.
        by_name *= 1.0 if words <= self.described else OF_SOMETHING_ELSE
        return max(by_name, BY_DESCRIPTION * len(self.described & words) / len(words))

    def prose(self, text: str) -> float:
        """How well the words before a value fit the field: by its name, or by its description."""
        words = _stems(text)
        if self.named & words or len(self.described & words) > 1:
            return IN_PROSE
        return IN_PROSE_BY_ONE_WORD if self.described & words else 0.0


def scope_of(schema: Schema) -> str:
    """What a description restricts its field to, as `Only in a contract:`; empty when to nothing."""
    begins = SCOPE.match(str(schema.get("description", "")))
    return begins[0] if begins else ""


def _stems(text: str) -> frozenset[str]:
    words = WORD.findall(NUMBER.sub("number", text).lower())
    return frozenset(stem(word) for word in words if word not in FUNCTION_WORDS)
