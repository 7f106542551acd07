"""What the page of one escalation shows, read when the template asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import QueryDict
from django.utils.timezone import now

from escalation.gating.models import Policy
from escalation.queue.legible import legible
from escalation.queue.models import Escalation, Event, Note
from escalation.queue.models.alike import alike_to
from escalation.review.decided import Decided
from escalation.review.folding import MOST_LINES, Lines, Room, folded, lines_of
from escalation.review.forms import VerdictForm, arguments_of, forms_for
from escalation.review.people import is_watched, may_lead, may_review, places_for
from escalation.review.shapes import Shown, cell, shown
from escalation.review.timeline import Timeline, timeline
from escalation.review.untrusted import has_hidden
from escalation.review.why import why

USAGE = (
    ("cost_usd", "cost"),
    ("turns", "turns"),
    ("tool_calls", "tool calls"),
    ("input_tokens", "tokens in"),
    ("output_tokens", "tokens out"),
    ("seconds", "at work"),
)
MOST_SHOWN = 5
# The parts of an escalation that can be had whole.
WHOLE = ("task", "output", "question", "explanation", "evidence", "completed", "missing", "trace")
SNOOZES = [(900, "15 minutes"), (3600, "1 hour"), (14_400, "4 hours"), (86_400, "1 day")]


class EscalationPage:
    """One escalation as one person sees it now."""

    def __init__(self, escalation: Escalation, viewer: User, typed: QueryDict | None = None) -> None:
        self.escalation = escalation
        self.viewer = viewer
        self.typed = typed

    @property
    def why(self) -> str:
        return why(self.escalation)

    @property
    def detail(self) -> str:
        """The guard's own sentence, where it says more than ours and may be seen."""
        detail = self.escalation.detail.strip()
        repeats = detail.rstrip(".").lower() in self.why.lower() or self.escalation.reason == "low_confidence"
        return "" if self.escalation.is_blind or (repeats and len(detail) < 80) else Room().take(detail)

    @cached_property
    def policy(self) -> Policy | None:
        """The version of the policy that was in force, with who set it."""
        row = self.escalation
        if row.policy_version is None or row.is_blind:
            return None
        at_gate = Policy.objects.filter(gate__agent__slug=row.agent, gate__slug=row.gate)
        return at_gate.filter(version=row.policy_version).select_related("author").first()

    @property
    def usage(self) -> list[tuple[str, str, Any]]:
        """What it cost: (name, label, amount), as far as the agent said."""
        given = self.escalation.usage if isinstance(self.escalation.usage, dict) else {}
        stated = [(name, label) for name, label in USAGE if isinstance(given.get(name), int | float)]
        return [
            (name, label.removesuffix("s") if given[name] == 1 else label, given[name])
            for name, label in stated
        ]

    @property
    def task(self) -> Shown:
        return folded(shown(self.escalation.task))

    @property
    def output(self) -> Shown:
        return folded(shown(self.escalation.output, self._order))

    def whole(self, part: str) -> str | None:
        """One part as the agent sent it; None where there is none, or where a blind check hides it."""
        if part not in WHOLE or (part == "trace" and self.escalation.is_blind):
            return None
        value = getattr(self.escalation, part)
        return value if isinstance(value, str) else legible(value)

    @property
    def arguments(self) -> Shown:
        """What is approved, whole: nobody approves what was cut off."""
        return shown(arguments_of(self.escalation), self._order)

    @property
    def _order(self) -> list[str]:
        order = self.escalation.key_order
        return order if isinstance(order, list) else []

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """What the agent cites; a piece that is no object is its own text."""
        pieces = self.escalation.evidence if isinstance(self.escalation.evidence, list) else []
        room = Room()
        return [
            {name: room.take(cell(value).text) for name, value in piece.items()}
            if isinstance(piece, dict)
            else {"text": room.take(cell(piece).text)}
            for piece in pieces[:MOST_LINES]
        ]

    @property
    def completed(self) -> Lines:
        return lines_of(self.escalation.completed)

    @property
    def missing(self) -> Lines:
        return lines_of(self.escalation.missing)

    @property
    def words(self) -> Shown:
        """The agent's own explanation."""
        return folded(shown(self.escalation.explanation))

    @property
    def question(self) -> Shown:
        return folded(shown(self.escalation.question))

    @cached_property
    def timeline(self) -> Timeline:
        """The steps; on a blind check what tools did alone, for the model's words hold the number it gave."""
        return timeline(self.escalation.trace, only_tools=self.escalation.is_blind)

    @property
    def has_hidden(self) -> bool:
        row = self.escalation
        texts = _texts(
            [row.title, row.task, row.output, row.action, row.question, row.explanation, row.evidence]
        )
        return any(has_hidden(text) for text in texts)

    @cached_property
    def events(self) -> list[Event]:
        return list(self.escalation.events.select_related("actor"))

    @cached_property
    def alike(self) -> list[Escalation]:
        """What was decided last of those that failed alike; for a blind check there are none."""
        row = self.escalation
        if not row.fingerprint or row.is_blind:
            return []
        decided = Escalation.objects.filter(alike_to(row), status=Escalation.Status.DECIDED).exclude(
            pk=row.pk
        )
        named = decided.select_related("decision__reviewer").without_bodies()
        return list(named.order_by("-due_at", "-pk")[:MOST_SHOWN])

    @cached_property
    def notes(self) -> list[Note]:
        """What colleagues said about it."""
        noted = any(event.kind == Event.Kind.NOTED for event in self.events)
        return list(self.escalation.notes.select_related("author")) if noted else []

    @cached_property
    def watches(self) -> bool:
        """Whether the viewer keeps it in sight, as its history tells."""
        return is_watched(self.events, self.viewer)

    @cached_property
    def places(self) -> list[tuple[str, str]]:
        """Where it can go: every other line, and every colleague who may decide in this one."""
        return places_for(self.escalation, self.viewer)

    @cached_property
    def run(self) -> Model | None:
        """The run that waits for this, when one of our own agents raised it."""
        return self.escalation.runs.first()

    @cached_property
    def may_review(self) -> bool:
        return may_review(self.viewer, self.escalation)

    @property
    def may_lead(self) -> bool:
        return may_lead(self.viewer, self.escalation)

    @property
    def taken_by(self) -> User | None:
        """Who took it from the viewer, if that is how it came to be where it is."""
        moves = [event for event in self.events if event.kind not in Event.NO_MOVES]
        is_taken = moves[-1].kind == Event.Kind.RELEASED and moves[-1].data.get("holder") == self.viewer.pk
        return moves[-1].actor if is_taken else None

    @property
    def is_mine(self) -> bool:
        return (
            self.escalation.status == Escalation.Status.CLAIMED and self.escalation.claimed_by == self.viewer
        )

    @property
    def holder(self) -> User | None:
        """Who else holds it now, if anybody does."""
        row = self.escalation
        is_taken = row.status == Escalation.Status.CLAIMED and not row.claimed_ahead
        is_held = is_taken and row.claimed_until and row.claimed_until > now()
        return row.claimed_by if is_held and not self.is_mine else None

    @property
    def sleeps(self) -> bool:
        row = self.escalation
        return bool(
            row.status == Escalation.Status.WAITING and row.snoozed_until and row.snoozed_until > now()
        )

    @property
    def is_claimable(self) -> bool:
        is_open = self.escalation.status in (Escalation.Status.WAITING, Escalation.Status.CLAIMED)
        return is_open and not (self.is_mine or self.holder or self.sleeps) and self.may_review

    @cached_property
    def decided(self) -> Decided | None:
        """The standing decision, where it may be seen: on a blind check, by its author alone."""
        decision = self.escalation.decision
        is_seen = decision and (not self.escalation.is_blind or decision.reviewer == self.viewer)
        return Decided(self.escalation, decision, self._order) if decision and is_seen else None

    @property
    def snoozes(self) -> list[tuple[int, str]]:
        return SNOOZES

    @property
    def seconds_left(self) -> int:
        until = self.escalation.claimed_until
        return max(0, int((until - now()).total_seconds())) if until else 0

    @cached_property
    def forms(self) -> list[VerdictForm]:
        """The forms of the verdicts that fit, while this person holds it."""
        return forms_for(self.escalation, self.typed) if self.is_mine and self.may_review else []

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What was typed and could not be saved, once there is no form left to put it in."""
        if not self.typed or self.forms:
            return []
        ours = (
            "_method",
            "csrfmiddlewaretoken",
            "version",
            "seconds_spent",
            "queue",
            "agent",
            "reason",
            "leaving",
            "verdict",
            "behind",
        )
        sent = {name: str(self.typed[name]) for name in self.typed if name not in ours}
        return [(name.removeprefix("field."), text) for name, text in sent.items() if text.strip()]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _texts(list(pair))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
