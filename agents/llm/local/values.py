"""Typed values in a text: dates, sums, currencies, spans of time, and what a pattern describes."""

import re
from datetime import datetime
from typing import Any

from agents.llm.local.schemas import Schema, kind_of, name_words

DATE = re.compile(
    r"\b(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|\d{1,2}\.? [A-Z][a-z]{2,8},? \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})\b"
)
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
CURRENCIES = r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)"
AMOUNT = r"\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
MONEY = re.compile(rf"{CURRENCIES}?\s*(-?(?:{AMOUNT}))(?![\d%]|\s?%)")
MARKED_MONEY = re.compile(rf"{CURRENCIES}\s*({AMOUNT})|({AMOUNT})\s*{CURRENCIES}")
CURRENCY = re.compile(r"\b(EUR|USD|GBP|CHF)\b|([€$£])")
CURRENCY_OF = {"€": "EUR", "$": "USD", "£": "GBP"}
SPAN = re.compile(
    r"\b(?:\d{1,3}|[a-z]+ \(\d{1,3}\)|one|two|three|six|twelve|fourteen|thirty|sixty|ninety)"
    r"(?: calendar| business| working)? (?:day|week|month|year)s?\b",
    re.IGNORECASE,
)
SUMS = {
    *("amount", "balance", "charge", "fee", "gross", "net", "paid"),
    *("price", "subtotal", "sum", "tax", "total", "vat"),
}
DATED = {"date", "day", "deadline", "due", "issued", "since", "until"}
SPANS = {"duration", "length", "period", "term"}


def typed(name: str, schema: Schema, text: str) -> Any:
    """The first value in `text` of the type that is asked for; None if there is none."""
    kind = kind_of(schema)
    if is_date(name, schema):
        return date_in(text)
    if kind in {"integer", "number"}:
        match = MONEY.search(text)
        number = number_of(match[1]) if match else None
        return int(number) if number is not None and kind == "integer" else number
    return text.strip() or None if kind == "string" else None


def is_date(name: str, schema: Schema) -> bool:
    """Whether a date is asked for, by the schema or by the name."""
    return schema.get("format") == "date" or bool(DATED & set(name_words(name)))


def date_in(text: str) -> str | None:
    """The first date in a text, as YYYY-MM-DD."""
    match = DATE.search(text)
    if match is None:
        return None
    written = re.sub(r"(?<=\d)\. |(?<=[a-z]), (?=\d)", " ", match[0]) if match[0][0].isdigit() else match[0]
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(written, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def number_of(written: str) -> float | None:
    """A number as people write it: 1.249,50 and 1,249.50 and 1 249.5."""
    digits = re.sub(r"[ ']", "", written)
    if re.search(r",\d{1,2}$", digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+", digits):
        digits = digits.replace(".", "")
    try:
        return float(digits.replace(",", "").rstrip("."))
    except ValueError:
        return None


def number_in(name: str, text: str, *, whole: bool) -> list[Any]:
    """The sums of money in a text, for a name that asks for one."""
    if not SUMS & set(name_words(name)):
        return []
    sums = [number_of(first or second) for first, second in MARKED_MONEY.findall(text)]
    return [int(value) if whole else value for value in sums if value is not None]


def currencies_in(text: str) -> list[tuple[str, str]]:
    """The different currencies of a text in order: (code, as it is written)."""
    found: dict[str, str] = {}
    for match in CURRENCY.finditer(text):
        found.setdefault(match[1] or CURRENCY_OF[match[2]], match[0])
    return list(found.items())


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
