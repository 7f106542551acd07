"""What was typed is kept on the machine for an hour, for whoever typed it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from escalation.queue.models import Decision, Escalation
from tests.cast import PASSWORD, RaiseEscalation
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser

KEPT = "Object.keys(localStorage).filter((name) => name.startsWith('otherwise.draft.'))"
AGE = """for (const name of Object.keys(localStorage)) {
  const draft = JSON.parse(localStorage.getItem(name));
  localStorage.setItem(name, JSON.stringify({ ...draft, at: draft.at - 3_601_000 }));
}"""


@pytest.fixture
def alice_typing(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice holds the only escalation and has half an answer."""
    an_escalation(title="the only one", output="It is on its way.")
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("#lease")).to_be_visible()
    desk.press("w")
    desk.page.keyboard.type("half an answer")
    return desk


def answer(desk: Desk) -> str:
    return desk.page.input_value("#answer-text")


def test_it_is_back_after_a_reload_until_it_is_discarded(alice_typing: Desk) -> None:
    desk = alice_typing
    desk.press("Escape")
    desk.press("Escape")
    desk.press("e")
    desk.page.fill("#edit-output", "It is on her way.")

    desk.page.reload()

    expect(desk.page.locator(".draft")).to_contain_text("What you typed at ")
    expect(desk.page.locator(".verdict-edit")).to_have_attribute("open", "")
    expect(desk.page.locator(".verdict-edit .diff ins")).to_have_text("her")
    assert answer(desk) == "half an answer"
    desk.page.get_by_role("button", name="Discard").click()
    assert (answer(desk), desk.page.evaluate(KEPT)) == ("", [])


def test_it_is_gone_once_it_is_decided_or_an_hour_old(alice_typing: Desk) -> None:
    desk = alice_typing
    desk.page.evaluate(AGE)
    desk.page.reload()
    expect(desk.page.locator("#escalation[data-restored]")).to_be_visible()
    expect(desk.page.locator(".draft")).to_have_count(0)
    desk.press("w")
    desk.page.keyboard.type("another")

    desk.press("Control+Enter")

    expect(desk.page.locator("#toasts")).to_contain_text("Answered the only one")
    assert desk.page.evaluate(KEPT) == []


def test_it_is_back_when_what_a_lead_took_is_claimed_again(
    alice_typing: Desk, alice: User, bob: User
) -> None:
    desk, row = alice_typing, Escalation.objects.get()
    row.queue.memberships.filter(user=bob).update(role="lead")
    row.take_from(bob, alice)

    desk.press("Control+Enter")

    expect(desk.page.locator(".refused")).to_contain_text("bob took it from you")
    expect(desk.page.locator(".draft")).to_contain_text("is kept until you hold this again")
    desk.page.get_by_role("button", name="Claim it and decide").click()
    expect(desk.page.locator("#answer-text")).to_have_value("half an answer")
    assert not Decision.objects.exists()
    desk.troubles.clear()  # Chromium itself notes every 4xx answer in its console.


def test_nobody_else_finds_it_in_the_same_browser(alice_typing: Desk, alice: User, bob: User) -> None:
    desk, row = alice_typing, Escalation.objects.get()
    row.release(alice)
    row.claim(bob)
    desk.page.context.clear_cookies()
    desk.open(f"/escalations/{row.pk}/")
    desk.page.fill("#id_username", "bob")
    desk.page.fill("#id_password", PASSWORD)

    desk.press("Enter")

    expect(desk.page.locator("#escalation[data-restored] #lease")).to_be_visible()
    expect(desk.page.locator(".draft")).to_have_count(0)
    assert (answer(desk), desk.page.evaluate(KEPT)) == ("", [])
