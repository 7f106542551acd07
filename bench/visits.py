"""What `bench.inside` does for the pages: what they show, where they are, what they ask the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode
from django.utils.timezone import now

from bench import seeding
from bench.acts import QUEUES, session_of
from escalation.gating.models import Gate
from escalation.queue.models import Decision, Escalation, Membership, ReviewQueue, Watch
from escalation.review.insights.models import DailyCount
from escalation.review.line import PAGE
from escalation.review.orders import ORDERS, Cursor
from escalation.review.saved_view import SavedView

# A table of so many rows is never read from end to end for a page.
BIG = 5000
# Most narrow the line to something common; those without a match are looked for as far as a page looks.
NARROWED: dict[str, dict[str, str]] = {
    "by agent": {"agent": "support-triage"},
    "by gate": {"gate": "default"},
    "by reason": {"reason": "low_confidence"},
    "by priority": {"priority": "3"},
    "PARTIAL only, of which there are none": {"partial": "true"},
    "by confidence": {"confidence_min": "0.3", "confidence_max": "0.31"},
    "by age": {"age": "7d"},
    "by tag, of which there are none": {"tag": "late"},
    "by holder": {"assignee": "bob"},
    "one review queue": {"queue": QUEUES[0]},
    "held by me": {"show": "mine"},
    "held by others": {"show": "others"},
    "snoozed": {"show": "snoozed"},
    "watched": {"show": "watched"},
    "decided": {"show": "decided"},
    "decided, by reviewer": {"show": "decided", "assignee": "alice"},
    **{f"in the order {order.name}": {"order": order.name} for order in ORDERS if order.name},
    "the least sure first, by tag, of which there are none": {"order": "least_sure", "tag": "late"},
    "search, a word of many": {"q": "order"},
    "search, a word of none": {"q": "zeppelin"},
    "search among the decided, a word of none": {"show": "decided", "q": "zeppelin"},
}
SAVED = {"queue": QUEUES[1], "agent": "invoice-reader", "reason": "budget_exhausted", "age": "1d"}
BODY = {"message": seeding.PROSE}


def furnish() -> dict[str, str]:
    """Put beside the line what a used installation has; returns the path of every page by its name."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    rows = Escalation.objects.count()
    seeding.let_pass(rows, rows // 10, Gate.objects.earliest("pk").pk)
    alice, bob = (User.objects.get(username=name) for name in ("alice", "bob"))
    Membership.objects.filter(user=alice, queue__slug=QUEUES[0]).update(role=Membership.Role.LEAD)
    Membership.objects.filter(user=bob).update(role=Membership.Role.REVIEWER)
    _people_at_work(alice, bob)
    SavedView.objects.create(owner=alice, name="Invoices without money", query=urlencode(SAVED))
    while DailyCount.objects.counted_until() != now().date():
        DailyCount.objects.count_on(now().date())
    return {**_queue_pages(), **_escalation_pages(), **_other_pages()}


def _people_at_work(alice: User, bob: User) -> None:
    waiting = Escalation.objects.filter(status="waiting", queue__slug=QUEUES[0]).order_by("due_at", "id")
    ids = list(waiting.values_list("pk", flat=True)[: 4 * PAGE])
    for place, row in enumerate(Escalation.objects.filter(pk__in=ids).order_by("due_at", "id")):
        Watch.objects.get_or_create(escalation=row, person=alice)
        # Everything in front is held by somebody, and as many sleep.
        row.claim(alice if place < 3 else bob)
        if place > PAGE:
            row.snooze(bob, seconds=86_400)


def _queue_pages() -> dict[str, str]:
    paths = {f"queue, {name}": f"/queue/?{urlencode(query)}" for name, query in NARROWED.items()}
    line = Escalation.objects.filter(status="waiting").order_by("due_at", "id")
    place = line.count() // 2
    middle = line.values_list("due_at", "pk")[place : place + 1].get()
    one = line.exclude(fingerprint="").values_list("pk", flat=True)[0]
    return {
        "queue": "/queue/",
        **paths,
        "queue, from the middle on": f"/queue/?{urlencode({'after': str(Cursor(*middle))})}",
        "queue, one group": f"/queue/?alike={one}",
        "queue, a saved view": f"/queue/?{urlencode(SAVED)}",
        "queue, the list of saved views": "/views/",
        "queue, what is new": news_path(),
    }


def news_path() -> str:
    """What the list of the most urgent asks for while it is open."""
    line = Escalation.objects.filter(status="waiting").order_by("due_at", "id")
    shown = list(map(str, line.values_list("pk", flat=True)[:PAGE]))
    newest = str(Escalation.objects.latest("pk").pk)
    return f"/queue/news/?{urlencode({'shown': ','.join(shown), 'newest': newest})}"


def _escalation_pages() -> dict[str, str]:
    facts: dict[str, Any] = {"agent": "support-triage", "title": "Is this right?", "task": BODY}
    facts |= {"reason": "low_confidence", "output": BODY, "confidence": 0.62, "threshold": 0.75}
    kinds: dict[str, dict[str, Any]] = {
        "approval": {
            "kind": "approval",
            "reason": "approval_required",
            "action": {"name": "refund", "arguments": {"amount": 40, "why": seeding.PROSE}},
        },
        "question": {"kind": "question", "reason": "input_requested", "question": "Which of the two?"},
        "PARTIAL": {"partial": True, "reason": "budget_exhausted", "completed": ["a"], "missing": ["b", "c"]},
        "blind check": {"reason": "audit"},
        "one of a group": {"fingerprint": "burst-1"},
    }
    queue = ReviewQueue.objects.get(slug=QUEUES[0])
    raised = {
        name: Escalation.objects.raise_once(**(facts | more), queue=queue)[0].pk
        for name, more in kinds.items()
    }
    waiting = Escalation.objects.filter(status="waiting").order_by("-id")
    raised["result"] = waiting[500].pk
    raised["decided"] = Escalation.objects.filter(status="decided").order_by("-id")[50].pk
    raised["held by me"] = Escalation.objects.filter(claimed_by__username="alice").earliest("pk").pk
    return {f"escalation, {name}": f"/escalations/{pk}/" for name, pk in raised.items()}


def _other_pages() -> dict[str, str]:
    return {
        "insights of a month": "/insights/?days=30",
        "insights of a year": "/insights/?days=365",
        "quality of decisions": "/insights/quality/",
        "agents": "/agents/",
        "one agent": "/agents/support-triage/",
    }


def decisions() -> int:
    """How many decisions there are."""
    return Decision.objects.count()


def asked_of_the_database(paths: dict[str, str]) -> dict[str, dict[str, Any]]:
    """For each page: how many SQL statements it takes, and which big tables it reads from end to end."""
    client, big = session_of("alice"), _big_tables()
    found = {}
    for name, path in paths.items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            response = client.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"
        statements = [each["sql"] for each in seen.captured_queries]
        scanned = {table for sql in statements for table in _read_whole(sql)} & big
        found[name] = {"statements": len(statements), "scanned": sorted(scanned)}
    return found


def _big_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [BIG])
        return {name for (name,) in cursor.fetchall()}


def _read_whole(statement: str) -> Iterator[str]:
    """Which tables PostgreSQL would read from end to end for a statement."""
    if not statement.lstrip("( ").startswith(("SELECT", "WITH")):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.replace('%', '%%')}", [])
        (plan,) = cursor.fetchone()
    nodes = [plan[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan":
            yield node["Relation Name"]
