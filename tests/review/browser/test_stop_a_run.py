"""The stop button asks first, and leaves one page behind."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from agents.models import Run
from tests.cast import PASSWORD

pytestmark = pytest.mark.browser


def test_a_run_is_stopped_from_its_page(chromium: Browser, live_server: LiveServer, olga: User) -> None:
    run = Run.objects.create(agent="shop-desk", task="Where is it?", title="Where is it?", model="local")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{live_server.url}/login/?next=/runs/{run.pk}/")
    page.fill("#id_username", "olga")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.once("dialog", lambda asked: asked.accept())

    page.get_by_role("button", name="Stop this run").click()

    expect(page.locator("main")).to_contain_text("Stopped by olga.")
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.locator(f"#run-{run.pk}")).to_have_count(1)
    context.close()
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
