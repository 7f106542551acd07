"""Drafting a short reply out of what the tools said: their own sentences that fit the question best."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from agents.llm.local.reading import cosine, sentences, stems
from agents.llm.local.schemas import name_words
from agents.llm.local.situation import Finding, Situation

SENTENCES = 3
FACTS = 8
PROSE = 60  # characters from which a field is text and not a value
ALIKE = 0.2
NOTHING_FOUND = "I could not find an answer to this in what I can look up."


def draft(situation: Situation) -> str:
    """A reply of a few sentences, each of which stands in a result; or plainly that there is none."""
    chosen = _chosen(situation)
    return " ".join(chosen) if chosen else NOTHING_FOUND


def backing(situation: Situation) -> float:
    """How much of what the task speaks of the draft speaks of too, from 0 to 1."""
    asked = set(stems(situation.task))
    said = set(stems(" ".join(_chosen(situation))))
    return len(asked & said) / len(asked) if asked else 0.0


def gist(situation: Situation) -> str:
    """The sentence of the task that says most of it."""
    asked = sentences(situation.task)
    whole = Counter(stems(situation.task))
    return max(
        asked, key=lambda one: cosine(Counter(stems(one)), whole), default=situation.task.strip()[:200]
    )


def _chosen(situation: Situation) -> list[str]:
    """Records that were asked for by name, and the sentences most like the question, the likest first."""
    asked = Counter(stems(situation.task))
    facts = list(dict.fromkeys(fact for finding in situation.found for fact in _facts(finding)))
    likeness = {fact: 1.0 if is_record else cosine(asked, Counter(stems(fact))) for fact, is_record in facts}
    ranked = sorted(
        (fact for fact, like in likeness.items() if like >= ALIKE), key=lambda one: -likeness[one]
    )
    return ranked[:SENTENCES]


def _facts(finding: Finding) -> list[tuple[str, bool]]:
    if isinstance(finding.data, dict | list):
        return list(_stated(finding.data))
    return [(sentence, False) for sentence in sentences(finding.text) or [finding.text.strip()]]


def _stated(data: Any) -> Iterator[tuple[str, bool]]:
    """What JSON says: its prose as it stands, a record's short fields as `name: value` in one sentence."""
    if not isinstance(data, dict | list):
        yield from ((sentence, False) for sentence in sentences(str(data)))
        return
    values = data if isinstance(data, list) else data.values()
    prose = [value for value in values if isinstance(value, str) and len(value) > PROSE]
    if isinstance(data, dict) and not prose:
        yield from _record(data)
    for value in values:
        if isinstance(value, dict | list) or value in prose:
            yield from _stated(value)


def _record(data: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    plain = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
    fields = [f"{' '.join(name_words(name))}: {_shown(value)}" for name, value in plain.items()]
    if fields:
        yield "; ".join(fields[:FACTS]) + ".", True


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
