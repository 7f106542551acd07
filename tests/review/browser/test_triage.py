"""What a reviewer does all day, by key."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from escalation.queue.models import Decision
from escalation.review.keys import KEYS
from tests.cast import RaiseEscalation
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser

ASK = "document.querySelector('[data-poll]').dispatchEvent(new CustomEvent('news'))"

# Presses a key the moment the next page stands, before anything else can happen; keeps where the focus ends.
PRESS_AT_ONCE = """(key) => {
  const { port1, port2 } = new MessageChannel();
  const watch = new MutationObserver(() => {
    if (!document.getElementById("lease")) return;
    watch.disconnect();
    port2.postMessage("");
  });
  watch.observe(document.getElementById("main"), { childList: true, subtree: true });
  port1.onmessage = () => {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    setTimeout(() => { window.focused = document.activeElement.id; }, 100);
  };
}"""


@pytest.fixture
def alice_at_work(sit_down: SitDown, an_escalation: RaiseEscalation) -> Desk:
    """Alice at the queue, with a first and a second escalation in it."""
    an_escalation(title="the first", priority=3, output="It is on its way.")
    an_escalation(title="the second")
    desk = sit_down("alice")
    desk.page.evaluate("window.sameDocument = true")
    return desk


def heading(desk: Desk, text: str) -> None:
    expect(desk.page.locator("main h1")).to_have_text(text)


def not_reloaded(desk: Desk) -> bool:
    return bool(desk.page.evaluate("window.sameDocument === true"))


def test_claim_read_accept_and_undo_without_a_reload(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    expect(desk.page.locator(".why-sentence")).to_have_text("Confidence 0.62 is under the threshold 0.75.")
    desk.press("a")
    heading(desk, "the second")
    expect(desk.page.locator("#toasts")).to_contain_text("Accepted the first")
    assert Decision.objects.get().verdict == "accept"

    desk.press("u")

    heading(desk, "the first")
    expect(desk.page.locator("#lease")).to_contain_text("You hold this")
    expect(desk.page.locator("#toasts")).to_contain_text("Undone the first")
    expect(desk.page.locator("#toasts")).not_to_contain_text("Accepted")
    assert not_reloaded(desk)


def test_the_list_is_walked_with_j_and_k_and_opened_with_enter(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("j")
    desk.press("j")
    desk.press("k")
    expect(desk.page.locator(".row-title").first).to_be_focused()

    desk.press("Enter")
    heading(desk, "the first")
    desk.press("Enter")

    expect(desk.page.locator("#lease")).to_contain_text("You hold this")
    assert desk.page.url.split("/")[3] == "escalations"
    assert not_reloaded(desk)


def test_reject_asks_for_a_reason_that_a_digit_chooses(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    desk.press("r")
    desk.press("2")

    desk.press("Control+Enter")

    heading(desk, "the second")
    expect(desk.page.locator("#toasts")).to_contain_text("Rejected")
    decision = Decision.objects.get()
    assert (decision.verdict, decision.reason_code) == ("reject", "incomplete")
    assert decision.seconds_spent is not None


def test_a_key_pressed_the_moment_a_page_changes_leads_into_its_form(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.page.evaluate(PRESS_AT_ONCE, "e")

    desk.press("n")

    assert desk.wait_for("window.focused") == "edit-output"


def test_a_key_pressed_the_moment_a_page_changes_decides_without_a_reload(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="the only one")
    desk = sit_down("alice")
    desk.page.evaluate("window.sameDocument = true")
    desk.page.evaluate(PRESS_AT_ONCE, "a")

    desk.press("n")

    expect(desk.page.locator("#toasts")).to_contain_text("Accepted the only one")
    assert not_reloaded(desk)


def test_an_edit_is_typed_and_sent_from_inside_the_field(
    sit_down: SitDown, an_escalation: RaiseEscalation
) -> None:
    an_escalation(output="It is on its way")
    desk = sit_down("alice")
    desk.press("n")
    expect(desk.page.locator("#lease")).to_be_visible()
    desk.press("e")
    expect(desk.page.locator("#edit-output")).to_be_focused()
    desk.page.keyboard.type(", and adrn is no command here.")

    desk.press("Control+Enter")

    expect(desk.page.locator("#toasts")).to_contain_text("Edited and accepted")
    assert Decision.objects.get().output == "It is on its way, and adrn is no command here."


def test_the_key_of_a_form_that_stands_open_leads_into_it(
    alice_at_work: Desk, an_escalation: RaiseEscalation
) -> None:
    an_escalation(
        title="which?", kind="question", reason="input_requested", question="Which?", output=None, priority=3
    )
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    desk.press("a")
    heading(desk, "which?")

    desk.press("w")
    desk.page.keyboard.type("the blue one")
    desk.press("Control+Enter")

    heading(desk, "the second")
    expect(desk.page.locator("#toasts")).to_contain_text("Answered")
    desk.settled()
    answers = dict(Decision.objects.values_list("escalation__title", "answer"))
    assert answers == {"the first": None, "which?": "the blue one"}


def test_what_does_not_fit_is_said_beside_the_field(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    desk.press("r")
    desk.press("6")

    desk.press("Control+Enter")

    expect(desk.page.locator(".field-error")).to_have_text("Say what the reason is.")
    assert not Decision.objects.exists()
    desk.troubles.clear()  # Chromium itself notes every 4xx answer in its console.


def test_escape_gives_back_and_returns_to_the_queue(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")

    desk.press("Escape")

    heading(desk, "Open")
    expect(desk.page.locator(".holder")).to_have_count(0)


def test_bob_cannot_take_what_alice_holds(alice_at_work: Desk, sit_down: SitDown, bob: User) -> None:
    alice_at_work.press("n")
    heading(alice_at_work, "the first")
    desk = sit_down("bob")
    desk.page.get_by_role("link", name="the first").click()

    expect(desk.page.locator(".standing")).to_contain_text("alice holds this until")
    desk.press("a")
    desk.settled()

    heading(desk, "the first")
    assert not Decision.objects.exists()


def test_a_row_that_alice_takes_changes_on_bobs_screen(
    alice_at_work: Desk, sit_down: SitDown, bob: User
) -> None:
    desk = sit_down("bob")
    alice_at_work.press("n")
    heading(alice_at_work, "the first")

    desk.page.evaluate(ASK)

    expect(desk.page.locator(".row").first.locator(".holder")).to_have_text("Aalice")


def test_asking_for_news_where_there_is_none_gets_304(alice_at_work: Desk) -> None:
    desk = alice_at_work
    with desk.page.expect_response("**/news/**") as first:
        desk.page.evaluate(ASK)
    desk.wait_for("document.querySelector('[data-poll]').dataset.etag")

    with desk.page.expect_response("**/news/**") as second:
        desk.page.evaluate(ASK)

    assert (first.value.status, second.value.status) == (200, 304)
    expect(desk.page.locator(".row")).to_have_count(2)


def test_what_is_new_waits_behind_a_pill(alice_at_work: Desk, an_escalation: RaiseEscalation) -> None:
    desk = alice_at_work
    an_escalation(title="urgent news", priority=3, deadline_s=1)

    desk.page.evaluate(ASK)
    pill = desk.page.locator(".pill")
    expect(pill).to_have_text("1 new")
    expect(desk.page.locator(".row")).to_have_count(2)
    pill.click()

    expect(desk.page.locator(".row-title")).to_have_text(["the first", "urgent news", "the second"])


def test_the_heartbeat_renews_the_lease_in_place(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    desk.press("w")
    desk.page.keyboard.type("half an answer")

    desk.page.evaluate("document.getElementById('lease').dispatchEvent(new CustomEvent('beat'))")
    desk.settled()

    expect(desk.page.locator("#lease")).to_contain_text("You hold this")
    expect(desk.page.locator("#answer-text")).to_have_value("half an answer")


def test_the_sheet_shows_every_key(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("?")

    expect(desk.page.locator("#shortcuts")).to_be_visible()
    expect(desk.page.locator("#shortcuts dt")).to_have_count(len(KEYS))
    desk.press("Escape")
    expect(desk.page.locator("#shortcuts")).to_be_hidden()


def test_a_filter_narrows_the_list_and_the_back_key_widens_it_again(
    alice_at_work: Desk, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="broken", reason="tool_failed")
    desk = alice_at_work
    desk.page.select_option("select[name=reason]", "tool_failed")
    expect(desk.page.locator(".row-title")).to_have_text(["broken"])
    assert "reason=tool_failed" in desk.page.url

    desk.page.go_back()

    expect(desk.page.locator(".row")).to_have_count(3)


def test_losing_the_connection_is_said_and_loses_nothing(alice_at_work: Desk) -> None:
    desk = alice_at_work
    desk.press("n")
    heading(desk, "the first")
    desk.press("w")
    desk.page.keyboard.type("half an answer")
    desk.page.context.set_offline(True)

    desk.press("Control+Enter")

    expect(desk.page.locator("#offline")).to_be_visible()
    expect(desk.page.locator("#answer-text")).to_have_value("half an answer")
    desk.page.context.set_offline(False)
    desk.press("Control+Enter")
    heading(desk, "the second")
    desk.troubles.clear()  # the failed request is in the console
