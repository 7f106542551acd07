"""What somebody reads or points at stays where it is while something else changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.cast import RaiseEscalation
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser

ASK = "document.querySelector('[data-poll]').dispatchEvent(new CustomEvent('news'))"
PLACES = """(selector) => [...document.querySelectorAll(selector)].map((each) => {
  const { left, top, width, height } = each.getBoundingClientRect();
  return [left, top, width, height].map(Math.round);
})"""


def places(desk: Desk, selector: str) -> Any:
    """Where each of these is on the screen, and how large."""
    return desk.page.evaluate(PLACES, selector)


def test_rows_stay_while_the_list_tells_what_is_new(
    sit_down: SitDown, an_escalation: RaiseEscalation, bob: User
) -> None:
    first = an_escalation(title="the first", priority=3)
    an_escalation(title="the second")
    desk = sit_down("alice")
    desk.settled()
    rows = ".row, .row-title, .row-confidence, .row-age, .filters"
    before = places(desk, rows)

    first.claim(bob)
    an_escalation(title="the third")
    desk.page.evaluate(ASK)
    expect(desk.page.locator(".pill")).to_have_text("1 new")
    expect(desk.page.locator(".row").first).to_contain_text("bob")
    with_a_holder = places(desk, rows)
    an_escalation(title="the fourth")
    desk.page.evaluate(ASK)
    expect(desk.page.locator(".pill")).to_have_text("2 new")

    assert with_a_holder == before
    assert places(desk, rows) == before
