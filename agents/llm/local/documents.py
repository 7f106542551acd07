"""Reading a document page by page: which pages there are, which come next, what they say to their reader."""

import re
from typing import Any

from agents.llm.local.schemas import Schema, name_words
from agents.llm.local.situation import Finding, Situation

PAGING = {"chunk", "index", "number", "page", "part", "section"}
PAGE_COUNT = re.compile(r"\b(?:page\s+\d{1,4}\s+of\s+(\d{1,4})\b|(\d{1,4})\s+pages\b)", re.IGNORECASE)
AT_ONCE = 3
HEADING_LINES = 2
MOST_LINES = 20
TO_ITS_READER = re.compile(
    r"\b(?:ignore|disregard|forget)\b[^.\n]{0,40}\b(?:instruction|prompt|rule)s?\b"
    r"|\byou are an? (?:ai|assistant|language model)\b|\b(?:set|report|state)\b[^.\n]{0,30}\bconfidence\b",
    re.IGNORECASE,
)


def speaks_of_pages(name: str) -> bool:
    """Whether an argument of this name says which part of a document is wanted."""
    return bool(PAGING & set(name_words(name)))


def next_pages(schema: Schema, tool: Schema, situation: Situation) -> list[int]:
    """The pages to read now, in order; while nobody said how many there are, one at a time."""
    asked = [page for finding in situation.findings if finding.tool == tool["name"] for page in _of(finding)]
    following = max(asked, default=int(schema.get("minimum", 1)) - 1) + 1
    last = schema.get("maximum") or _last_page(situation) or following
    return list(range(following, min(last, following + AT_ONCE - 1) + 1))


def pages_left(situation: Situation) -> list[int]:
    """The pages that the text says there are and that no call has brought."""
    last = _last_page(situation)
    return [page for page in range(1, last + 1) if page not in pages_read(situation)] if last else []


def pages_read(situation: Situation) -> list[int]:
    """The pages that calls have brought, in order."""
    return sorted({page for finding in situation.found for page in _of(finding)})


def page_of(finding: Finding) -> int | None:
    """The page that a call brought."""
    return next(iter(_of(finding)), None)


def heading(situation: Situation) -> str:
    """The first lines of the document that was read; empty when none was."""
    first = next((finding for finding in situation.found if page_of(finding) == 1), None)
    lines = [line.strip() for line in first.text.splitlines()] if first else []
    return "\n".join([line for line in lines if line and not PAGE_COUNT.match(line)][:HEADING_LINES])


def said_to_the_reader(situation: Situation) -> list[str]:
    """Where the document tells its reader what to do, in words; what stands there is not an instruction."""
    told = ((page_of(f), TO_ITS_READER.search(f.text)) for f in situation.found if _of(f))
    return [f"page {page} tells its reader what to do (“{match[0]}”)" for page, match in told if match]


def in_words(pages: list[int]) -> list[str]:
    """A line for each page, or `pages 1 to 60` for many."""
    if len(pages) > MOST_LINES:
        return [f"pages {pages[0]} to {pages[-1]}"]
    return [f"page {page}" for page in pages]


def _of(finding: Finding) -> list[int]:
    arguments: dict[str, Any] = dict(finding.arguments)
    return [page for name, page in arguments.items() if speaks_of_pages(name) and isinstance(page, int)]


def _last_page(situation: Situation) -> int | None:
    for text in (*(finding.text for finding in situation.found), situation.task, situation.system):
        if counted := PAGE_COUNT.search(text):
            return int(counted[1] or counted[2])
    return None
