"""The line in each of its orders, page by page, and the indexes that serve them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escalation.queue.models import Escalation
from escalation.review import line
from tests.cast import RaiseEscalation
from tests.review.test_queue import titles


@pytest.fixture
def six_waiting(an_escalation: RaiseEscalation, bob: User) -> None:
    """Raised in another order than they are urgent or sure; the audit hides how sure its agent was."""
    for title, confidence, priority, reason in (
        ("low", 0.2, 0, "low_confidence"),
        ("silent", None, 3, "error"),
        ("audit", 0.9, 1, "audit"),
        ("high", 0.7, 2, "low_confidence"),
        ("high again", 0.7, 1, "low_confidence"),
        ("held", 0.4, 0, "low_confidence"),
    ):
        an_escalation(title=title, confidence=confidence, priority=priority, reason=reason)
    Escalation.objects.get(title="held").claim(bob)


EXPECTED = {
    "": ["silent", "high", "audit", "high again", "low", "held"],
    "least_sure": ["low", "held", "high", "high again", "silent", "audit"],
    "surest": ["high again", "high", "held", "low", "audit", "silent"],
    "newest": ["held", "high again", "high", "audit", "silent", "low"],
}


@pytest.mark.parametrize("order", EXPECTED)
def test_the_pages_of_each_order_hold_every_row_once(
    as_alice: Client, six_waiting: None, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(line, "PAGE", 2)
    pages, address = [], {"order": order}

    for _ in range(3):
        listed = as_alice.get("/queue/", address).context["list"]
        pages.append([row.title for row in listed.escalations])
        address["after"] = listed.later

    assert [title for page in pages for title in page] == EXPECTED[order]
    assert [len(page) for page in pages] == [2, 2, 2]
    assert address["after"] == ""


@pytest.mark.parametrize("order", EXPECTED)
def test_a_filtered_page_of_each_order_looks_a_bounded_way(
    as_alice: Client, six_waiting: None, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(line, "REACH", 2)
    found, address, pages = [], {"order": order, "priority": "1"}, 0

    while pages == 0 or (address["after"] and pages < 5):
        listed = as_alice.get("/queue/", address).context["list"]
        found += [row.title for row in listed.escalations]
        address["after"] = listed.later
        pages += 1

    assert found == [title for title in EXPECTED[order] if title in ("audit", "high again")]
    assert pages == 3


@pytest.mark.parametrize("after", ["x~1", "0.5", "0.5~x", "~", "inf~-1", "2026-01-01~1", "9" * 30 + "~1"])
@pytest.mark.parametrize("order", EXPECTED)
def test_a_cursor_of_another_order_does_no_harm(
    as_alice: Client, an_escalation: RaiseEscalation, order: str, after: str
) -> None:
    an_escalation(title="first")

    assert as_alice.get("/queue/", {"order": order, "after": after}).status_code == 200


def test_what_is_decided_is_always_listed_newest_first(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    for title in ("one", "two"):
        row = an_escalation(title=title)
        row.claim(alice)
        row.decide(alice, "accept")

    page = as_alice.get("/queue/?show=decided&order=least_sure")

    assert [row.title for row in page.context["list"].escalations] == ["two", "one"]
    assert b'name="order"' not in page.content


def test_the_order_stays_in_every_address_of_the_list(as_alice: Client, six_waiting: None) -> None:
    text = as_alice.get("/queue/?order=surest&partial=false&tag=eu").content.decode()

    assert 'href="/queue/?order=surest&amp;partial=false"' in text
    assert '<option value="surest" selected' in text


def test_groups_fold_in_order_of_urgency_alone(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    for number in range(3):
        an_escalation(title=f"timed out {number}", fingerprint="orders: timeout")

    assert titles(as_alice) == ["timed out 0"]
    assert len(titles(as_alice, "?order=newest")) == 3


@pytest.mark.parametrize(
    ("order", "index"),
    [
        ("", "waiting_by_urgency"),
        ("least_sure", "waiting_by_confidence"),
        ("surest", "waiting_by_confidence"),
        ("newest", "newest_waiting"),
    ],
)
def test_each_order_is_read_by_its_index(
    as_alice: Client, six_waiting: None, order: str, index: str, settings: Any
) -> None:
    with CaptureQueriesContext(connection) as queries:
        as_alice.get("/queue/", {"order": order})
    (page,) = [query["sql"] for query in queries if "unnest" in query["sql"]]

    with connection.cursor() as cursor:
        # Six rows are sorted sooner than any index is read.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(text for (text,) in cursor.fetchall())

    assert f"using {index}" in plan
