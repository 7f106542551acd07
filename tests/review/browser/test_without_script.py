"""Everything works as plain forms, for whom scripts are off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from escalation.queue.models import Decision
from tests.cast import PASSWORD, RaiseEscalation

pytestmark = pytest.mark.browser


def test_a_reviewer_claims_edits_undoes_and_gives_back(
    chromium: Browser, live_server: LiveServer, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="the first", output="helo", priority=3)
    an_escalation(title="the second")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("button", name="Claim next").click()
    page.locator("summary", has_text="Edit and accept").click()
    page.fill("#edit-output", "hello")
    page.locator(".verdict-edit .verdict-send").click()
    expect(page.locator("main h1")).to_have_text("the second")
    assert Decision.objects.get().output == "hello"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("main h1")).to_have_text("the first")
    page.get_by_role("button", name="Give back").click()

    expect(page.locator(".row")).to_have_count(2)
    context.close()
