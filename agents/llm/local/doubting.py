"""Doubting an answer: does what it says stand in what was asked and looked up? Word by word, no more."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.local.choosing import LISTED, NONE_OF_THESE, choose
from agents.llm.local.reading import sentences, stems
from agents.llm.local.schemas import CONFIDENCE, Schema, kind_of, name_words, resolved, scaled
from agents.llm.local.values import DATE, date_in

PARTS = {"task", "evidence", "answer"}
EXACT = re.compile(r"[\w-]*\d(?:[\w.,:/-]*\w)?")
DECIMALS = re.compile(r"([\d.,]*\d)[.,](\d{1,2})")
SURE, AFTER_A_DEFECT, AFTER_A_FAILURE = 0.9, 0.5, 0.8
BACKED = 0.5  # of a sentence's words that carry meaning
FOUND_NOTHING = "What it says stands in what was asked and looked up."


def material_of(body: Schema) -> Mapping[str, Any] | None:
    """What is to be doubted, when the request is that: one JSON object with task, evidence and answer."""
    content = body["messages"][0]["content"]
    try:
        data = json.loads(content if isinstance(content, str) else content[0].get("text", ""))
    except ValueError:
        return None
    asks = set(body.get("output_config", {}).get("format", {}).get("schema", {}).get("properties", {}))
    return data if isinstance(data, dict) and data.keys() >= PARTS and asks & CONFIDENCE else None


def opinion(material: Mapping[str, Any], schema: Schema) -> tuple[dict[str, Any], str]:
    """The opinion in the shape that is asked for, and the thought behind it."""
    found = list(defects(material))
    failed = [piece for piece in material["evidence"] if isinstance(piece, dict) and "failed" in piece]
    sure = SURE * AFTER_A_DEFECT ** len(found) * (AFTER_A_FAILURE if failed else 1)
    reason = " ".join(f"{defect[:1].upper()}{defect[1:]}." for defect in found) or FOUND_NOTHING
    filled = {
        name: _value(name, resolved(part, schema), sure, reason, found)
        for name, part in schema.get("properties", {}).items()
    }
    return filled, f"{len(found)} of the answer's parts are in doubt, {len(failed)} calls failed."


def defects(material: Mapping[str, Any]) -> Iterator[str]:
    """What the answer says that nothing before it says, a clause each."""
    given = " ".join(_texts([material["task"], material["evidence"]]))
    exact, said = _exact(given), set(stems(given))
    kinds = [name.strip() for name, _ in LISTED.findall(str(material.get("instructions", "")))]
    for name, value in _leaves(material["answer"], "answer"):
        if value in kinds:
            yield from _misplaced(name, value, kinds, material)
            continue
        unheard = [written for bare, written in _exact(value).items() if bare not in exact]
        if unheard:
            yield f"{name} says {', '.join(unheard)}, which stands nowhere else"
        unbacked = [one for one in sentences(value) if not _is_backed(one, said)]
        if unbacked:
            yield f"{name} says “{unbacked[0][:80]}”, of which little stands elsewhere"


def _misplaced(name: str, value: str, kinds: list[str], material: Mapping[str, Any]) -> Iterator[str]:
    choice = choose(str(material["task"]), tuple(kinds), str(material["instructions"]))
    if choice.value not in {value, *NONE_OF_THESE}:
        yield f"{name} is {value}, though the task reads more like {choice.value}"


def _is_backed(sentence: str, said: set[str]) -> bool:
    # What holds a digit is held against what is exactly so written.
    meant = {stem for stem in stems(sentence) if stem.isalpha()}
    return not meant or len(meant & said) >= BACKED * len(meant)


def _exact(text: str) -> dict[str, str]:
    """Numbers, dates and ids as they are written, each by its letters and digits alone."""
    found = {_bare(written): written for written in EXACT.findall(text)}
    days = (date_in(match[0]) for match in DATE.finditer(text))
    return found | {_bare(day): day for day in days if day}


def _bare(written: str) -> str:
    """1,249.50 and 1249.5 are one number."""
    if decimals := DECIMALS.fullmatch(written):
        written = decimals[1] + decimals[2].rstrip("0")
    return re.sub(r"[^a-z0-9]", "", written.lower())


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, str(key))
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, name)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)


def _texts(value: Any) -> Iterator[str]:
    yield from (text for _, text in _leaves(value, ""))


def _value(name: str, schema: Schema, sure: float, reason: str, found: list[str]) -> Any:
    if set(name_words(name)) & CONFIDENCE:
        return scaled(sure, schema)
    return found if kind_of(schema) == "array" else reason
