"""Keys are changed, switched off, and found by name."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from escalation.queue.models import Decision
from tests.cast import RaiseEscalation
from tests.review.browser.axe import violations
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser


@pytest.fixture
def alice_at_one(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice holds the only escalation."""
    an_escalation(title="the only one")
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("#lease")).to_be_visible()
    return desk


def test_another_key_takes_the_place_of_a_key_and_says_so(alice_at_one: Desk) -> None:
    desk = alice_at_one
    desk.press("?")
    assert violations(desk.page) == []
    desk.page.get_by_role("link", name="Change keys").click()
    desk.page.get_by_label("Accept: it is right").fill("r")
    desk.page.get_by_role("button", name="Save").click()
    expect(desk.page.locator(".field-error")).to_contain_text("r is taken: Reject")
    assert violations(desk.page) == []
    desk.page.get_by_label("Accept: it is right").fill("y")
    desk.page.get_by_role("button", name="Save").click()
    desk.wait_for("document.querySelectorAll('.field-error').length === 0")
    desk.open("/queue/")
    desk.press("j")
    desk.press("Enter")
    expect(desk.page.locator(".verdict-accept kbd")).to_have_text("Y")
    desk.press("a")
    desk.settled()
    expect(desk.page.locator("#lease")).to_be_visible()

    desk.press("y")

    expect(desk.page.locator("#toasts")).to_contain_text("Accepted the only one")
    desk.troubles.clear()  # Chromium itself notes every 4xx answer in its console.


def test_single_keys_can_be_switched_off(alice_at_one: Desk) -> None:
    desk = alice_at_one
    at = desk.page.url
    desk.open("/shortcuts/")
    desk.page.get_by_label("Single keys work").uncheck()
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name="Save").click()
    desk.page.goto(at)

    desk.press("a")

    desk.settled()
    expect(desk.page.locator("#lease")).to_be_visible()
    assert not Decision.objects.exists()


def test_an_action_is_found_by_its_name(alice_at_one: Desk) -> None:
    desk = alice_at_one
    desk.press("Control+k")
    desk.page.keyboard.type("right as it")
    assert violations(desk.page) == []

    desk.press("Enter")

    expect(desk.page.locator("#toasts")).to_contain_text("Accepted the only one")
