"""What all dialects share: putting their payloads to a human, and reading what the human said."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from escalation.api.raising import raise_for
from escalation.api.shapes.escalations import EscalationIn, EscalationOut
from escalation.api.shapes.fields import Slug
from escalation.api.validation import read, read_query
from escalation.api.views.base import AgentView, found
from escalation.api.waiting import watch
from escalation.queue.models import Escalation

SETTLED = ("decided", "withdrawn", "expired")


class GateQuery(Struct, forbid_unknown_fields=True):
    """At which of the agent's gates this stands: no dialect has a word for it."""

    gate: Slug | None = None


class CompatView(AgentView):
    """A resource in another product's words, over the same escalations."""

    tag = "compat"
    scopes = dict.fromkeys(("GET", "POST"), ("escalations",))

    def put_to_a_human(self, key: str | None, written: dict[str, Any]) -> tuple[EscalationOut, bool]:
        """Raise `written`, fields of our own contract, once per key; returns it, and whether it is new."""
        gate = read_query(GateQuery, self.request.query_params).gate
        written |= {"gate": gate} if gate else {}
        row, is_new = raise_for(self.agent_caller.agent, read(EscalationIn, written), written, key)
        return self.agent_caller.shown(row), is_new

    def raised_under(self, dialect: str, name: str, **which: Any) -> Escalation:
        """The caller's escalation that came in this dialect; raises Http404."""
        rows = self.caller.escalations().filter(**which)
        row = rows.first()
        return found(row if row and dialect in row.metadata else None, name)

    def awaited(self, dialect: str, name: str, **which: Any) -> EscalationOut:
        """The same, as the caller sees it once it is settled, or as long as they wait for that."""
        row = watch.awaited(self.request, lambda: self.raised_under(dialect, name, **which))
        return self.caller.shown(row)


def approval_or_words(
    name: str, arguments: dict[str, Any], explanation: str, *, may_run: bool
) -> dict[str, Any]:
    """The fields that ask whether a call may run; where nothing could run, the sender wants words."""
    if may_run:
        return approval(name, arguments, explanation)
    return question(explanation or f"{name}: {as_text(arguments)}", name)


def approval(name: str, arguments: dict[str, Any], explanation: str) -> dict[str, Any]:
    """The fields of an escalation that asks whether a call may run."""
    action = {"name": name, "arguments": arguments}
    title = one_line(f"{name}({', '.join(f'{key}={as_text(value)}' for key, value in arguments.items())})")
    asked = {"kind": "approval", "reason": "approval_required", "title": title}
    return asked | {"action": action, "explanation": explanation}


def question(text: str, title: str = "") -> dict[str, Any]:
    """The fields of an escalation that asks for an answer."""
    asked = {"kind": "question", "reason": "input_requested", "question": text}
    return asked | {"title": one_line(title or text)}


def one_line(text: str) -> str:
    """As much of a text as a title holds."""
    line = " ".join(text.split()) or "Untitled"
    return line if len(line) <= 200 else f"{line[:199]}…"


def as_text(value: Any) -> str:
    """A text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def verdict_of(shown: EscalationOut) -> str | None:
    """What the human said; None while nobody has, and when it ended without a decision."""
    return shown.decision.verdict if shown.decision else None


def why_not(shown: EscalationOut) -> str:
    """In one text, why the call must not run as it was asked for."""
    decision = shown.decision
    if decision is None:
        return "Nobody decided in time." if shown.status == "expired" else "It was withdrawn."
    if decision.verdict == "edit":
        instead = f"Use these arguments instead: {as_text(decision.arguments)}"
        return f"{instead}\n{decision.note}".rstrip()
    words = {"dismiss": "It was dismissed: no answer is needed.", "accept": "It was accepted."}
    return decision.note or words.get(decision.verdict, "It was rejected.")
