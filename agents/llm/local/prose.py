"""Values that a sentence states: `made on 3 March 2026`, `X ("the Buyer")`, `governed by the laws of Y`."""

import re
from collections.abc import Iterator
from typing import Any

from agents.llm.local.reading import stem
from agents.llm.local.schemas import Schema, kind_of, name_words
from agents.llm.local.values import DATE, MARKED_MONEY, SPAN, SPANS, is_date, typed
from agents.llm.local.wanted import Wanted

SENTENCE = re.compile(r"(?<=[\w)”\"][.!?])(?<!\b[Nn]o\.)(?<!\b[Nn]r\.)\s+(?=[A-Z0-9])")
PARAGRAPH = re.compile(r"\n\s*\n")
DEFINED = re.compile(r"([A-Z][^,;()]{0,120}?),?\s*\([^()“\"]{0,30}[“\"](?:the )?([\w ]{2,30})[”\"]\)")
BEFORE_A_PARTY = re.compile(r"\b(?:between|and|by|with)\b\s*")
NUMBERED = re.compile(r"\b(?:[Nn]o|[Nn]r|[Nn]umber)\b\.?:?\s+([A-Z0-9][\w/-]*\d[\w/-]*|\d)")
CALLED = re.compile(r"\W+(?:of|is)\s+(?:the\s+)?([A-Z][\w-]*(?:\s+(?:of\s+|and\s+)?[A-Z][\w-]*){0,4})")

Stated = tuple[Any, str, float]


def stated(name: str, schema: Schema, wanted: Wanted, text: str) -> Iterator[Stated]:
    """The values that sentences of a text state: each with its sentence, and how well that fits."""
    for sentence in _sentences(text):
        found = _in(sentence, name, schema, wanted)
        yield from ((value, sentence, fits) for value, fits in found if value and fits)


def _sentences(text: str) -> Iterator[str]:
    for paragraph in PARAGRAPH.split(text):
        yield from SENTENCE.split(" ".join(paragraph.split()))


def _in(sentence: str, name: str, schema: Schema, wanted: Wanted) -> Iterator[tuple[Any, float]]:
    words = set(name_words(name))
    if is_date(name, schema):
        yield from _after_words(DATE, sentence, name, schema, wanted)
    elif kind_of(schema) == "number":
        yield from _after_words(MARKED_MONEY, sentence, name, schema, wanted)
    elif kind_of(schema) != "string":
        return
    elif words & SPANS:
        about = Wanted(wanted.named - {stem(word) for word in SPANS}, frozenset())
        yield from ((match[0], about.prose(sentence)) for match in SPAN.finditer(sentence))
    elif "number" in words:
        yield from _numbers(sentence, wanted)
    else:
        yield from _names(sentence, wanted)


def _after_words(
    look: re.Pattern[str], sentence: str, name: str, schema: Schema, wanted: Wanted
) -> Iterator[tuple[Any, float]]:
    """Values of a look, each judged by the words since the one before it."""
    since = 0
    for match in look.finditer(sentence):
        yield typed(name, schema, match[0]), wanted.prose(sentence[since : match.start()])
        since = match.end()


def _numbers(sentence: str, wanted: Wanted) -> Iterator[tuple[str, float]]:
    kinds = Wanted(wanted.described - {"number"}, frozenset())
    for match in NUMBERED.finditer(sentence):
        yield match[1], kinds.prose(" ".join(sentence[: match.start()].split()[-2:]))


def _names(sentence: str, wanted: Wanted) -> Iterator[tuple[str, float]]:
    for match in DEFINED.finditer(sentence):
        yield BEFORE_A_PARTY.split(match[1])[-1].strip(), wanted.prose(match[2])
    for word in re.finditer(r"\w+", sentence):
        called = CALLED.match(sentence, word.end()) if stem(word[0].lower()) in wanted.named else None
        if called:
            yield called[1], wanted.prose(word[0])
