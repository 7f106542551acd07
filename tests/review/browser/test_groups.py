"""Those that failed alike, as one; views that are saved; news that moves nothing; tables by cell."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from escalation.queue.models import Decision
from tests.cast import RaiseEscalation
from tests.review.browser.conftest import SitDown
from tests.review.browser.test_bulk import ASK

pytestmark = pytest.mark.browser


def test_all_alike_are_decided_at_once_and_undone_at_once(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    for number in range(4):
        an_escalation(title=f"timed out {number}", fingerprint="orders: timeout")
    an_escalation(title="another")
    desk = sit_down("alice")
    expect(desk.page.locator(".row-title")).to_have_text(["timed out 0", "another"])
    desk.page.get_by_role("link", name="4 alike").click()
    desk.page.get_by_label("All 4 alike").check()

    desk.press("a")

    expect(desk.page.locator("#toasts")).to_contain_text("Accepted 4 escalations")
    assert Decision.objects.count() == 4
    desk.press("u")
    expect(desk.page.locator("#toasts")).to_contain_text("Undone 4 escalations")
    desk.open("/queue/")
    expect(desk.page.locator(".badge.alike")).to_have_text("4 alike")


def test_a_view_is_saved_counted_opened_and_dropped(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="broken", reason="tool_failed")
    an_escalation(title="doubtful")
    desk = sit_down("alice")
    desk.open("/queue/?reason=tool_failed&order=newest")
    desk.page.get_by_text("Save view").click()
    desk.page.get_by_label("Name").fill("What broke")
    desk.page.get_by_role("button", name="Save", exact=True).click()
    desk.page.wait_for_url("**/queue/?order=newest&reason=tool_failed")
    desk.open("/queue/")

    desk.page.get_by_role("link", name="What broke").click()

    expect(desk.page.locator(".row-title")).to_have_text(["broken"])
    assert desk.page.url.endswith("/queue/?order=newest&reason=tool_failed")
    expect(desk.page.locator(".saved-views .count")).to_have_text("1")
    desk.page.get_by_label("Drop the view What broke").click()
    expect(desk.page.locator(".row-title")).to_have_count(2)
    expect(desk.page.locator(".saved-views")).to_have_count(0)


def test_twelve_new_wait_behind_a_pill_and_move_no_row(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    for number in range(3):
        an_escalation(title=f"old {number}")
    desk = sit_down("alice")
    rows = desk.page.locator(".row-title")
    expect(rows).to_have_count(3)
    for number in range(12):
        an_escalation(title=f"urgent {number}", priority=3)

    desk.page.evaluate(ASK)

    expect(desk.page.locator(".pill")).to_have_text("12 new")
    expect(rows).to_have_text(["old 0", "old 1", "old 2"])
    desk.page.locator(".pill").click()
    expect(rows).to_have_count(15)


def test_a_cell_of_a_table_is_edited_with_what_it_changes_in_sight(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    an_escalation(output=[{"part": "bolt", "price": 5}, {"part": "nut", "price": 7}])
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("#lease")).to_be_visible()
    desk.press("e")

    desk.page.get_by_label("price, row 2").fill("8")

    expect(desk.page.locator(".verdict-edit .diff")).to_have_text("price, row 2: 78")
    expect(desk.page.locator(".verdict-edit .diff ins")).to_have_text("8")
    desk.press("Control+Enter")
    expect(desk.page.locator("#toasts")).to_contain_text("Edited and accepted")
    decision = Decision.objects.get()
    assert decision.output == [{"part": "bolt", "price": 5}, {"part": "nut", "price": 8}]
    desk.open(f"/escalations/{decision.escalation_id}/")
    expect(desk.page.locator(".changes dt")).to_have_text("row 2, price")
    expect(desk.page.locator(".changes ins")).to_have_text("8")
