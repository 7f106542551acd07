from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from escalation.queue.models import Decision, Escalation
from tests.cast import PASSWORD, RaiseEscalation
from tests.review.browser.axe import violations
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser

ASK = "document.querySelector('[data-poll]').dispatchEvent(new CustomEvent('news'))"
WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
  .observe({ type: "layout-shift", buffered: false });
"""


@pytest.fixture
def alice_at_four(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice at the queue, with four escalations in it."""
    for name in ("one", "two", "three", "four"):
        an_escalation(title=name)
    return sit_down("alice")


def test_a_range_is_chosen_accepted_and_undone_by_keys(alice_at_four: Desk) -> None:
    desk = alice_at_four
    desk.page.evaluate(WATCH_SHIFTS)
    for key in ("j", "x", "j", "j", "Shift+X"):
        desk.press(key)
    expect(desk.page.locator("[data-chosen]")).to_have_text("3 chosen")
    desk.settled()
    assert desk.page.evaluate("window.shifts") == 0

    desk.press("a")

    expect(desk.page.locator("#toasts")).to_contain_text("Accepted 3 escalations")
    expect(desk.page.locator(".row-title")).to_have_text(["four"])
    assert Decision.objects.filter(verdict="accept").count() == 3
    desk.press("u")
    expect(desk.page.locator("#toasts")).to_contain_text("Undone 3 escalations")
    expect(desk.page.locator(".row")).to_have_count(4)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"waiting"}


def test_a_digit_chooses_the_reason_for_all(alice_at_four: Desk) -> None:
    desk = alice_at_four
    desk.press("j")
    desk.press("x")
    desk.press("r")
    desk.press("2")

    desk.press("Control+Enter")

    expect(desk.page.locator("#toasts")).to_contain_text("Rejected 1 escalation")
    assert Decision.objects.get().reason_code == "incomplete"


def test_the_mouse_does_the_same_and_escape_lets_go(alice_at_four: Desk) -> None:
    desk = alice_at_four
    boxes = desk.page.locator(".row-choose input")
    boxes.nth(3).click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(desk.page.locator("[data-chosen]")).to_have_text("3 chosen")
    desk.page.locator("[data-choose-all]").click()
    expect(desk.page.locator("[data-chosen]")).to_have_text("4 chosen")

    desk.press("Escape")

    expect(desk.page.locator(".bulk")).to_be_hidden()
    assert desk.page.locator(".row-choose input:checked").count() == 0


def test_what_was_chosen_stays_chosen_when_news_comes(alice_at_four: Desk, bob: User) -> None:
    desk = alice_at_four
    desk.page.locator(".row-choose input").nth(0).click()
    Escalation.objects.get(title="four").claim(bob)

    desk.page.evaluate(ASK)

    expect(desk.page.locator(".row").nth(3).locator(".holder")).to_have_text("Bbob")
    expect(desk.page.locator(".row-choose input")).to_have_count(3)
    expect(desk.page.locator(".row-choose input").nth(0)).to_be_checked()


def test_the_search_is_reached_by_key_and_stays_in_the_address(alice_at_four: Desk) -> None:
    desk = alice_at_four
    desk.press("/")
    desk.page.keyboard.type("thr")
    desk.press("Enter")
    expect(desk.page.locator(".row-title")).to_have_text(["three"])
    assert desk.page.url.endswith("/queue/?q=thr")

    desk.page.reload()

    expect(desk.page.locator("#search")).to_have_value("thr")
    expect(desk.page.locator(".row-title")).to_have_text(["three"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_bar_and_filters_have_no_violations(
    sit_down: SitDown, an_escalation: RaiseEscalation, scheme: str
) -> None:
    an_escalation(tags=["eu"])
    desk = sit_down("alice", scheme)  # type: ignore[arg-type]
    desk.open("/queue/?tag=eu&colour=red")
    desk.press("j")
    desk.press("x")
    desk.press("r")
    found = violations(desk.page)

    desk.press("Escape")
    desk.page.locator(".more summary").click()

    assert found + violations(desk.page) == []


def test_without_scripts_it_is_a_plain_form(
    chromium: Browser, live_server: LiveServer, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="one")
    an_escalation(title="two")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_label("Choose one").check()
    page.locator(".bulk summary", has_text="Dismiss").click()
    page.locator(".verdict-dismiss").get_by_text("Seen before").click()
    page.get_by_role("button", name="Dismiss all chosen").click()
    expect(page.locator(".row-title")).to_have_text(["two"])
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".row")).to_have_count(2)
    context.close()
