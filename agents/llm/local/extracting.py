"""Finding values in a text by the name of what is wanted: after a label, by a pattern, or by their look."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.llm.local.reading import stem
from agents.llm.local.schemas import Schema, kind_of, name_words

LABELLED = re.compile(r"^[\s>*|#-]*([^:\n|]{2,60}?)\s*(?:[:|]|\s{3,}|\t)\s*(\S[^\n]*)$", re.MULTILINE)
DATE = re.compile(
    r"\b(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|\d{1,2}\.? [A-Z][a-z]{2,8},? \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})\b"
)
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
MONEY = re.compile(
    r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)?\s*(-?\d{1,3}(?:[ ,.']\d{3})*(?:[.,]\d{1,2})?|-?\d+(?:[.,]\d{1,2})?)"
)
MARKED_MONEY = re.compile(
    r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)\s*(\d[\d.,' ]*\d|\d)|(\d[\d.,']*)\s*(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)"
)
CURRENCY = re.compile(r"\b(EUR|USD|GBP|CHF)\b|([€$£])")
CURRENCY_OF = {"€": "EUR", "$": "USD", "£": "GBP"}
SUMS = {
    "amount",
    "balance",
    "charge",
    "fee",
    "gross",
    "net",
    "paid",
    "price",
    "subtotal",
    "sum",
    "tax",
    "total",
    "vat",
}
DATED = {"date", "day", "deadline", "due", "issued", "since", "until"}


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the words of the text that hold it."""

    value: Any
    quote: str


def extract(name: str, schema: Schema, text: str) -> Found | None:
    """Find the value that `name` asks for, in the type the schema asks for; nothing rather than a guess."""
    if "pattern" in schema:
        matches = by_pattern(schema["pattern"], text)
        return Found(matches[0], _line_with(str(matches[0]), text)) if matches else None
    if "currency" in name_words(name):
        return _currency(text)
    for label, value, line in _labelled_by_likeness(name, text):
        found = _typed(name, schema, value)
        if found is not None and label:
            return Found(found, line)
    return None


def by_pattern(pattern: str, text: str) -> list[Any]:
    """The different whole words of a text that match a schema's pattern, whatever their case, in order."""
    try:
        wanted = re.compile(pattern)
        bare = pattern.removeprefix("^").removesuffix("$")
        anywhere = re.compile(rf"(?<![\w-])(?:{bare})(?![\w-])", re.IGNORECASE)
    except re.error:
        return []
    spelled = (
        next((word for word in (match[0], match[0].upper(), match[0].lower()) if wanted.search(word)), None)
        for match in anywhere.finditer(text)
    )
    return list(dict.fromkeys(word for word in spelled if word and len(word) > 2))


def number_in(name: str, text: str, *, whole: bool) -> list[Any]:
    """The sums of money in a text, for a name that asks for one."""
    if not SUMS & set(name_words(name)):
        return []
    sums = [_number(first or second) for first, second in MARKED_MONEY.findall(text)]
    return [int(value) if whole else value for value in sums if value is not None]


def _labelled_by_likeness(name: str, text: str) -> list[tuple[float, str, str]]:
    """Labels and values of the lines, those whose label is most like the name first."""
    wanted = {stem(word) for word in name_words(name)}
    ranked: list[tuple[float, str, str]] = []
    for label, value, line in _labelled(text):
        words = {stem(word) for word in re.findall(r"\w+", label.lower())}
        likeness = len(wanted & words) / len(wanted | words)
        if likeness >= 0.3:
            ranked.append((likeness, value, line))
    return sorted(ranked, key=lambda found: -found[0])


def _labelled(text: str) -> Iterator[tuple[str, str, str]]:
    for match in LABELLED.finditer(text):
        yield match[1], match[2].strip(" |*"), match[0].strip()


def _typed(name: str, schema: Schema, value: str) -> Any:
    kind = kind_of(schema)
    if schema.get("format") == "date" or DATED & set(name_words(name)):
        return _date(value)
    if kind in {"integer", "number"}:
        match = MONEY.search(value)
        number = _number(match[1]) if match else None
        return int(number) if number is not None and kind == "integer" else number
    return value if kind == "string" else None


def _currency(text: str) -> Found | None:
    match = CURRENCY.search(text)
    if match is None:
        return None
    return Found(match[1] or CURRENCY_OF[match[2]], _line_with(match[0], text))


def _date(value: str) -> str | None:
    match = DATE.search(value)
    if match is None:
        return None
    written = re.sub(r"(?<=\d)\. |(?<=[a-z]), (?=\d)", " ", match[0]) if match[0][0].isdigit() else match[0]
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(written, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _number(written: str) -> float | None:
    digits = re.sub(r"[ ']", "", written)
    if re.search(r",\d{1,2}$", digits):
        digits = digits.replace(".", "").replace(",", ".")
    try:
        return float(digits.replace(",", "").rstrip("."))
    except ValueError:
        return None


def _line_with(value: str, text: str) -> str:
    return next((line.strip() for line in text.splitlines() if value.lower() in line.lower()), value)
