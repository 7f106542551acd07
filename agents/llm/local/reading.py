"""Reading text the plain way: words, stems, sentences, and how alike two texts are."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
ENDINGS = (
    "ations",
    "ation",
    "ingly",
    "ments",
    "ment",
    "ness",
    "able",
    "ings",
    "ing",
    "ied",
    "ies",
    "ers",
    "est",
)
SHORT_ENDINGS = ("ed", "er", "es", "ly", "s", "e", "y", "i")
FUNCTION_WORDS = frozenset(
    WORD.findall("""
    a about above after again all also am an and any anyone are aren't as ask asked asking at be because
    been before being below between both but by can can't cannot could couldn't did didn't do does
    doesn't doing don't down during each else even ever every few for from further get gets getting give
    given go going gone got had hadn't has hasn't have haven't having he hello help her here hers hey hi
    him his how i i'd i'll i'm i've if in into is isn't it it's its itself just know let like make many
    may me might more most much must my need needs no nor not now of off ok on once only or other our
    ours out over own please really same say see seem she should shouldn't so some someone something
    such tell than thank thanks that that's the their them then there these they thing things this those
    through till to too try trying under until up us use very want was wasn't way we were what what's
    when where which while who whom why will with won't would wouldn't yet you your yours
    """)
)


def words(text: str) -> list[str]:
    """The words of a text, in lower case, in order."""
    return WORD.findall(text.lower())


def salient(text: str) -> list[str]:
    """The words that carry the meaning: function words left out, in order, as written."""
    return [word for word in words(text) if word not in FUNCTION_WORDS and len(word) > 1]


def stems(text: str) -> list[str]:
    """The stems of the words that carry the meaning."""
    return [stem(word) for word in salient(text)]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Cut a word to what its inflections share: `refunded`, `refunds` and `refunding` become `refund`."""
    word = word.removesuffix("'s")
    for endings in (ENDINGS, SHORT_ENDINGS):
        for ending in endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)]
                break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that say something."""
    return [part for part in (piece.strip() for piece in SENTENCE.split(text)) if len(salient(part)) > 1]


def trigrams(stemmed: Iterable[str]) -> Counter[str]:
    """Counts of three letters in a row, within words, so that near spellings still meet."""
    padded = [f" {word} " for word in stemmed]
    return Counter(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How alike two weighted bags are, from 0 to 1."""
    if len(one) > len(other):
        one, other = other, one
    shared = sum(weight * other[key] for key, weight in one.items() if key in other)
    if not shared:
        return 0.0
    return shared / (_norm(one) * _norm(other))


def _norm(bag: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in bag.values()))
