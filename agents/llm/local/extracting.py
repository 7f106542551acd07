"""Finding values in a text by the name of what is wanted: after a label, in a sentence, or by their look."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.llm.local.prose import stated
from agents.llm.local.schemas import Schema, name_words
from agents.llm.local.values import by_pattern, currencies_in, typed
from agents.llm.local.wanted import Wanted

LABELLED = re.compile(
    r"^[\s>*|#-]*([^:\n|]{2,60}?)[^\S\n]*(?:[:|][^\S\n]*\n?|[^\S\n]{3,}|\t|\.{3,})[^\S\n]*([^\s.:|][^\n]*)$",
    re.MULTILINE,
)
LEAST_LIKENESS, LIKELY, NEARLY_AS_GOOD = 0.46, 0.75, 0.15
AS_LABELLED, BY_A_GUESS, OF_SEVERAL = 1.0, 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """A value, the words that hold it, in which of the texts they stand, and how sure it is, from 0 to 1.

    `others` are different values that fit nearly as well.
    """

    value: Any
    quote: str
    place: int
    sure: float = AS_LABELLED
    others: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    fits: float
    value: Any
    quote: str
    place: int


def extract(
    name: str, schema: Schema, texts: Sequence[str], beside: Mapping[str, Schema] | None = None
) -> Found | None:
    """Find the value that `name` asks for, in the type the schema asks for; nothing rather than a guess.

    A label that fits one of the fields `beside` it better is theirs.
    """
    if "pattern" in schema:
        pattern = schema["pattern"]
        return _by_look(texts, lambda text: [(value, str(value)) for value in by_pattern(pattern, text)])
    if "currency" in name_words(name):
        return _by_look(texts, currencies_in)
    others = [Wanted.of(other, part) for other, part in (beside or {}).items() if other != name]
    search = _Search(name, schema, Wanted.of(name, schema), others)
    found = [one for place, text in enumerate(texts) for one in search.in_text(text, place)]
    return _best(found)


def _by_look(texts: Sequence[str], look: Callable[[str], list[tuple[Any, str]]]) -> Found | None:
    found = [
        Found(value, _line_with(written, text), place)
        for place, text in enumerate(texts)
        for value, written in look(text)
    ]
    return _doubted(found[0], [one.value for one in found]) if found else None


def _best(candidates: Sequence[_Candidate]) -> Found | None:
    # The first of equals: what comes later may repeat it, or contradict it.
    best = max(candidates, key=lambda one: one.fits, default=None)
    if best is None:
        return None
    rivals = [one.value for one in candidates if one.fits >= best.fits - NEARLY_AS_GOOD]
    found = Found(best.value, best.quote, best.place, AS_LABELLED if best.fits >= LIKELY else BY_A_GUESS)
    return _doubted(found, rivals)


def _doubted(found: Found, values: list[Any]) -> Found:
    others = tuple(value for value in dict.fromkeys(values) if value != found.value)
    return replace(found, sure=OF_SEVERAL, others=others) if others else found


@dataclass(frozen=True, slots=True)
class _Search:
    name: str
    schema: Schema
    wanted: Wanted
    others: Sequence[Wanted]

    def in_text(self, text: str, place: int) -> Iterator[_Candidate]:
        for match in LABELLED.finditer(text):
            fits = self.wanted.label(match[1])
            if fits < LEAST_LIKENESS or any(other.label(match[1]) > fits for other in self.others):
                continue
            value = typed(self.name, self.schema, match[2].strip(" |*"))
            if value is not None:
                yield _Candidate(fits, value, match[0].strip(), place)
        for value, quote, fits in stated(self.name, self.schema, self.wanted, LABELLED.sub("", text)):
            yield _Candidate(fits, value, quote, place)


def _line_with(value: str, text: str) -> str:
    return next((line.strip() for line in text.splitlines() if value.lower() in line.lower()), value)
