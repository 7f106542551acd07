"""What people are told, in words (PURE). A link shows; it never decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What there is to hear of, and what somebody hears of unless they say otherwise.
TOPICS = {
    "waiting": "An urgent or important escalation waits",
    "mention": "Somebody mentions you",
    "reminder": "An escalation nears its deadline",
    "widened": "An escalation needs a wider circle",
    "agent_paused": "An agent was paused",
    "breaker_opened": "A circuit opened",
    "drift": "Results are not what they were",
    "overload": "A review queue has more than it can do",
}
USUAL = ["waiting", "mention", "reminder", "widened"]
# What wakes somebody up, in the words of PagerDuty.
SEVERITY = {"widened": "critical", "overload": "error", "breaker_opened": "error", "agent_paused": "warning"}
LONGEST_TITLE = 150
MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell: its topic, the facts, and where on this site it is shown."""

    topic: str
    facts: Mapping[str, Any]
    path: str = "/"
    key: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a subject, a text, and where to look; `key` is the same on every try."""

    subject: str
    text: str
    url: str
    key: str
    severity: str


def compose(news: Sequence[News], site: str) -> Message:
    """One message of one piece of news, or a digest of several."""
    first = news[0]
    severity = next((SEVERITY[each.topic] for each in news if each.topic in SEVERITY), "info")
    if len(news) == 1:
        text = f"{line_of(first)}\n\nLook at it: {site}{first.path}\n"
        return Message(subject_of(first), text, f"{site}{first.path}", first.key, severity)
    lines = [f"- {line_of(each)}\n  {site}{each.path}" for each in news[:MOST_LINES]]
    subject = f"{len(news)} pieces of news from Otherwise"
    return Message(subject, "\n".join(lines) + "\n", f"{site}/queue/", first.key, severity)


def subject_of(news: News) -> str:
    about = news.facts.get("title") or news.facts.get("about") or ""
    return f"{TOPICS[news.topic]}: {_plain(about)}" if about else TOPICS[news.topic]


def line_of(news: News) -> str:
    """One line with everything that is known: text of agents is cut, and cannot begin a line of its own."""
    facts = [
        f"{name.replace('_', ' ')} {_plain(value)}" for name, value in news.facts.items() if name not in SHOWN
    ]
    return " · ".join([subject_of(news), *facts])


SHOWN = ("title", "about")


def _plain(value: Any) -> str:
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())
    return f"{text[: LONGEST_TITLE - 1]}…" if len(text) > LONGEST_TITLE else text
