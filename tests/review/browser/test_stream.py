"""From one escalation to the next: it is there before it is asked for, and nothing that was typed is lost."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Route, expect

from escalation.queue.models import Decision, Escalation
from tests.cast import RaiseEscalation
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser


@pytest.fixture
def alice_at_the_first(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice holds the first of two; the second has been claimed for her ahead."""
    an_escalation(title="the first", priority=3, output="It is on its way.")
    an_escalation(title="the second")
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("main h1")).to_have_text("the first")
    desk.settled()
    return desk


def test_the_next_is_shown_before_the_decision_is_saved(alice_at_the_first: Desk) -> None:
    desk = alice_at_the_first
    held: list[Route] = []
    desk.page.route("**/decision/", lambda route: held.append(route))

    desk.press("a")

    shown = "document.querySelector('main h1').textContent"
    assert desk.page.evaluate(shown) == "the second"
    assert desk.page.evaluate("document.querySelector('#toasts').textContent.trim()") == ""
    desk.until(lambda: bool(held))
    held.pop().continue_()
    expect(desk.page.locator("#toasts")).to_contain_text("Accepted the first")


def test_a_refusal_brings_back_what_was_typed_and_keeps_what_was_begun_since(
    alice_at_the_first: Desk, bob: User
) -> None:
    desk = alice_at_the_first
    desk.press("w")
    desk.page.keyboard.type("my long answer")
    first = Escalation.objects.get(title="the first")
    Escalation.objects.filter(pk=first.pk).update(claimed_by=bob)

    desk.press("Control+Enter")

    expect(desk.page.locator(".refused")).to_contain_text("Your decision was not saved")
    expect(desk.page.locator("pre.kept")).to_have_text("my long answer")
    desk.settled()
    assert not Decision.objects.exists()
    assert Escalation.objects.get(title="the second").claimed_by == first.claimed_by
    desk.troubles.clear()  # Chromium itself notes every 4xx answer in its console.


def test_what_was_claimed_ahead_is_given_back_when_its_reviewer_leaves(alice_at_the_first: Desk) -> None:
    desk = alice_at_the_first
    second = Escalation.objects.get(title="the second")
    assert (second.status, second.claimed_ahead) == ("claimed", True)

    desk.press("Escape")

    expect(desk.page.locator(".row")).to_have_count(2)
    expect(desk.page.locator(".holder")).to_have_count(0)
    desk.settled()
    second.refresh_from_db()
    assert second.status == "waiting"


def test_bob_is_not_held_off_by_what_alice_has_not_begun(
    alice_at_the_first: Desk, sit_down: SitDown, bob: User
) -> None:
    desk = sit_down("bob")

    desk.press("n")
    expect(desk.page.locator("main h1")).to_have_text("the second")
    alice_at_the_first.press("a")

    expect(alice_at_the_first.page.locator("#lease")).to_contain_text("bob holds it")
    expect(alice_at_the_first.page.locator("#toasts")).to_contain_text("Accepted the first")
    assert Decision.objects.count() == 1
    alice_at_the_first.troubles.clear()
