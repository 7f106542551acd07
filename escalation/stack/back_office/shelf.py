"""What the demo's back office knows: help articles and orders. Looking things up is pure."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMMON = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can could did do does for from get had has have how i if in is it
        its me my no not of on or our so still that the their there they this to up was we were what when
        where which why will with would you your am please hi hello help need want""",
    )
)


@cache
def articles() -> list[dict[str, str]]:
    """The help centre: [{id, title, text}]."""
    loaded: list[dict[str, str]] = json.loads((HERE / "articles.json").read_text())
    return loaded


def search(query: str, *, most: int = 3) -> list[dict[str, Any]]:
    """The articles that share most words with the query, best first, with a score in 0-1."""
    wanted = _stems(query)
    scored = [
        (len(wanted & _stems(f"{article['title']} {article['text']}")) / max(1, len(wanted)), article)
        for article in articles()
    ]
    best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]["id"]))[:most]
    return [article | {"score": round(score, 2)} for score, article in best]


def order(number: str) -> dict[str, Any] | None:
    """An order by its five digits, 10001 to 10400, or None. The same number is always the same order."""
    if not re.fullmatch(r"10[0-3]\d\d|10400", number) or number == "10000":
        return None
    seed = int(number)
    states = ("being packed", "sent", "sent", "delivered", "delivered", "delivered", "returned")
    return {
        "number": number,
        "state": states[seed * 7919 % len(states)],
        "total_eur": round(5 + seed * 37 % 240 + 0.95, 2),
        "items": 1 + seed % 4,
        "days_since_order": seed * 13 % 29,
    }


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return {_stem(word) for word in words if word not in COMMON and len(word) > 1}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
