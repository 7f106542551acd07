"""What people do among themselves: notes, moves to another line, and to a colleague."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from escalation.delivery.payloads import of_decision
from escalation.queue.models import Escalation, ReviewQueue
from tests.cast import RaiseEscalation
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser


@pytest.fixture
def alice_at_the_first(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice holds the first of two; there is another line."""
    ReviewQueue.objects.create(slug="refunds", name="Refunds")
    an_escalation(title="the first", priority=3)
    an_escalation(title="the second")
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("main h1")).to_have_text("the first")
    return desk


def test_a_note_stands_beside_what_is_being_typed_and_never_reaches_the_agent(
    alice_at_the_first: Desk, alice: User
) -> None:
    desk = alice_at_the_first
    desk.press("r")
    desk.page.locator("#reject-note").fill("half a reason")
    desk.press("Escape")
    desk.press("Escape")
    desk.press("i")
    desk.page.keyboard.type("**between us**, @bob")

    desk.press("Control+Enter")

    expect(desk.page.locator(".note-list strong", has_text="between us")).to_be_visible()
    assert desk.page.input_value("#reject-note") == "half a reason"
    row = Escalation.objects.get(title="the first")
    assert "between us" not in str(of_decision(row.decide(alice, "accept")))


@pytest.mark.parametrize(("to", "holder"), [("Refunds", None), ("@bob", "bob")])
def test_what_is_moved_is_gone_and_the_next_is_there(
    alice_at_the_first: Desk, to: str, holder: str | None
) -> None:
    desk = alice_at_the_first
    desk.press("m")
    desk.page.get_by_label("To which review queue, or to whom").select_option(label=to)

    desk.page.get_by_role("button", name="Move it").click()

    expect(desk.page.locator("main h1")).to_have_text("the second")
    expect(desk.page.locator("#toasts")).to_contain_text("Moved to")
    row = Escalation.objects.select_related("queue", "claimed_by").get(title="the first")
    assert (row.queue.slug == "refunds") == (holder is None)
    assert (row.claimed_by.username if row.claimed_by else None) == holder
