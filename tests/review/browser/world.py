"""A product in which every page has something on it, and the escalations of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils.timezone import now

from agents.models import BreakerEvent, LedgerEntry, Run, Step, ToolCall
from escalation.api.models import Token
from escalation.delivery.models import Channel, Delivery, Endpoint, Notification
from escalation.gating.models import Gate
from escalation.queue.models import Check, Escalation, Membership, Note, QueueEvent, ReviewQueue
from escalation.review.insights.models import DailyCount
from escalation.review.saved_view import SavedView
from escalation.tuning.models import Calibration, Draft, GateCosts, GateRails, GateTarget, Proposal, Watch
from tests.cast import RaiseEscalation
from tests.tuning.seen import decided, seen_enough

STEP = {"kind": "tool", "name": "track", "seconds": 5, "input": {"a": 1}, "error": "timed out", "tokens": 10}
ROWS = [{"part": f"hinge {at}", "count": at, "supplier": "unknown", "remark": "x" * 90} for at in range(6)]
RICH: dict[str, Any] = {
    "output": "# A reply\n\n- with a [link](https://docs.example/) and `code`\n\n|a|b|\n|-|-|\n|1|2|",
    "explanation": "My *own* words.",
    "trace": [STEP, STEP | {"error": ""}],
    "evidence": [{"title": "Policy", "text": "A rule.", "url": "https://docs.example/" + "path/" * 30}],
    "usage": {"cost_usd": 0.4, "turns": 6, "seconds": 71, "input_tokens": 12_345, "output_tokens": 6_789},
    "tags": ["delivery", "a-tag-that-goes-on-" + "and-on-" * 8],
}
KINDS: dict[str, dict[str, Any]] = {
    "text": RICH,
    "partial": RICH | {"partial": True, "reason": "budget_exhausted", "completed": ["a"], "missing": ["b"]},
    "fields": {
        "title": "a\u202eb",
        "output": {"total": 1, "hidden": "c\u200bd", "note": "x" * 400, "parts": [1, 2], "none": None},
    },
    "table": {"output": ROWS, "title": "Which hinge is it, and who delivers it to the " + "warehouse " * 12},
    "columns": {
        "output": "\n".join(f"hinge {at}" + " " * 40 + f"{at}.00 EUR" + " " * 40 + "19%" for at in "123")
    },
    "json": {"output": [1, "two", [3, {"four": "5" * 200}]]},
    "approval": {
        "kind": "approval",
        "reason": "approval_required",
        "action": {"name": "refund", "arguments": {"order": "A-1", "lines": ROWS}},
        "priority": 3,
        "deadline_s": 1800,
    },
    "question": {
        "kind": "question",
        "reason": "input_requested",
        "question": "Which of the two?",
        "options": ["the first", "the second"],
        "output": None,
    },
    "blind": {"reason": "audit"},
}


@dataclass
class World:
    """Who looks (a superuser who leads the review queue), and where escalations of every kind are."""

    olga: User
    gate: Gate
    queue: ReviewQueue
    kinds: dict[str, Escalation]
    decided: Escalation
    held: Escalation
    dispute: Check


def make_world(gate: Gate, queue: ReviewQueue, olga: User, bob: User, raised: RaiseEscalation) -> World:
    """Fill every table that a page shows."""
    olga.is_superuser = True
    olga.save()
    Membership.objects.create(queue=queue, user=olga, role=Membership.Role.LEAD)
    said, dispute = _disputed(queue, olga, bob, raised)
    kinds = {kind: raised(**facts) for kind, facts in KINDS.items()}
    for escalation in kinds.values():
        escalation.claim(olga)
    held = raised(fingerprint="alike", tags=["delivery"])
    raised(fingerprint="alike", deadline_s=1)
    held.claim(bob)
    Note.objects.write(kinds["text"], olga, "@bob look at *this*: https://docs.example/")
    SavedView.objects.create(owner=olga, name="Those that wait for a decision of mine", query="q=x")
    DailyCount.objects.count_on(now().date())
    _tune(gate, olga, bob)
    _run(kinds["partial"], olga)
    _deliver(gate, queue, olga, said)
    return World(olga, gate, queue, kinds, said, held, dispute)


def _disputed(queue: ReviewQueue, olga: User, bob: User, raised: RaiseEscalation) -> tuple[Escalation, Check]:
    queue.second_review_share = 1.0
    queue.save()
    first = raised(output="x")
    first.claim(bob)
    first.decide(bob, "edit", output="y" * 200, note="better")
    check = Check.objects.get()
    check.escalation.claim(olga)
    check.escalation.decide(olga, "reject", seconds_spent=9.0)
    queue.second_review_share = 0.0
    queue.save()
    QueueEvent.objects.create(queue=queue, pressure="over", load={"waiting": 3})
    return first, check


def _tune(gate: Gate, olga: User, bob: User) -> None:
    seen_enough(gate, bob)
    Proposal.objects.make_now(gate, olga)
    Draft.objects.create(gate=gate, threshold=0.7, made_from=2, reason="swamped", author=bob)
    GateCosts.objects.create(gate=gate, error=12, minutes=3, minute=0.5, author=olga, reason="refunds")
    GateRails.objects.create(gate=gate, author=olga, reason="slowly", **_RAILS)
    GateTarget.objects.create(gate=gate, alpha=0.05, delta=0.1, author=olga, reason="as agreed")
    Calibration.objects.make(gate)
    decided(0.9, bob, right=False, number=60)
    Watch.objects.feed_all(now() + timedelta(minutes=1))


_RAILS = {"largest_step": 0.1, "smallest_evidence": 80, "cooling_h": 12}


def _run(escalation: Escalation, olga: User) -> None:
    run = Run.objects.create(
        agent="support-triage",
        task={"message": "Where is it?"},
        title="Where is my order, and when does it come, and who brings it to which of the doors?",
        model="claude",
        budget={"cost_usd": 0.4, "turns": 6},
        escalation=escalation,
        state=Run.State.WAITING_HUMAN,
        detail="it waits for a human, who has to say which of the orders was meant",
    )
    step = Step.objects.create(run=run, number=0, sent=[], chain="0" * 64)
    called = {"tool_use_id": "toolu_1", "name": "track", "arguments": {"order": "A-1"}, "effect": "read"}
    ToolCall.objects.create(run=run, step=step, **called)
    spent = {"reservation": "r1", "kind": LedgerEntry.Kind.SETTLED, "micro_usd": 4000, "model": "claude"}
    LedgerEntry.objects.create(run=run, agent=run.agent, step=0, **spent)
    BreakerEvent.objects.create(
        breaker="tool:track", before="closed", after="open", reason="3 timeouts in a row", actor=olga
    )


def _deliver(gate: Gate, queue: ReviewQueue, olga: User, said: Escalation) -> None:
    endpoint = Endpoint.objects.create(agent=gate.agent, url="https://hooks.example/" + "otherwise/" * 12)
    told = {"url": endpoint.url, "escalation": said, "event": "escalation.decided", "payload": {}}
    Delivery.objects.create(receiver=endpoint.receiver, endpoint=endpoint, **told)
    channel = Channel.objects.create(user=olga, address="olga@hooks.example")
    Channel.objects.create(queue=queue, address="support@hooks.example")
    Notification.objects.create(channel=channel, topic="mention", key="1", facts={})
    Token.objects.issue(scopes=["decisions:read"], name="nightly export", reviewer=olga)
