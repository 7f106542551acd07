"""A real Chromium against a live server, and everything in it that a reviewer must never see."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pytest
from django.core.signals import request_finished, request_started
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, Route, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.cast import PASSWORD

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
UNFOLD = """document.querySelectorAll("main details:not(.menu)").forEach((each) => {
  each.removeAttribute("name");
  each.open = true;
})"""
# A machine that does other things too may be slow; what a page owes in time is measured by `make bench`.
expect.set_options(timeout=20_000)
WATCH_CSP = """
window.reports = [];
document.addEventListener("securitypolicyviolation", (report) =>
  window.reports.push(`${report.violatedDirective} ${report.blockedURI} ${report.sample}`));
"""


@dataclass
class Desk:
    """A browser page in which somebody is signed in, and what went wrong in it."""

    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def unfold(self) -> None:
        """Open every form and every step at once."""
        self.page.evaluate(UNFOLD)

    def reports(self) -> list[str]:
        """What the browser's Content-Security-Policy had to stop."""
        found: list[str] = self.page.evaluate("window.reports")
        return found


class SitDown(Protocol):
    def __call__(self, name: str, scheme: Literal["light", "dark"] = "light") -> Desk: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; nothing we ask the database is asked from inside it.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        # Inside the loop this thread had connections of its own, which nobody could reach once it has ended.
        connections.close_all()


@pytest.fixture
def _quiet_at_the_end(live_server: LiveServer) -> Iterator[None]:
    """Let the server answer what a page sent as it went: the database is emptied after that."""
    under_way: list[object] = []

    def began(**_: object) -> None:
        under_way.append(None)

    def ended(**_: object) -> None:
        under_way.pop()

    request_started.connect(began)
    request_finished.connect(ended)
    yield
    quiet_until = time.monotonic() + 0.05
    for _ in range(500):
        if time.monotonic() > quiet_until:
            break
        time.sleep(0.01)
        if under_way:
            quiet_until = time.monotonic() + 0.05
    request_started.disconnect(began)
    request_finished.disconnect(ended)


@pytest.fixture
def sit_down(chromium: Browser, live_server: LiveServer, _quiet_at_the_end: None) -> Iterator[SitDown]:
    """Call it to sign somebody in; no desk may see an error, a dialog or a request that leaves."""
    desks: list[Desk] = []

    def sign_in(name: str, scheme: Literal["light", "dark"] = "light") -> Desk:
        context = chromium.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        context.add_init_script(WATCH_CSP)
        desk = Desk(context.new_page(), live_server.url)
        _watch(desk)
        desk.open("/login/")
        desk.page.fill("#id_username", name)
        desk.page.fill("#id_password", PASSWORD)
        desk.press("Enter")
        desk.page.wait_for_url("**/queue/")
        desks.append(desk)
        return desk

    yield sign_in
    troubles = [trouble for desk in desks for trouble in (*desk.troubles, *desk.reports())]
    for desk in desks:
        desk.page.goto("about:blank")
        desk.page.context.close()
    assert troubles == []


def _watch(desk: Desk) -> None:
    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            desk.troubles.append(message.text)

    def dialog(asked: Dialog) -> None:
        desk.troubles.append(f"dialog: {asked.message}")
        asked.dismiss()

    def request(route: Route, sent: Request) -> None:
        if sent.url.startswith(desk.address):
            return route.continue_()
        desk.troubles.append(f"request to {sent.url}")
        return route.abort()

    desk.page.on("console", console)
    desk.page.on("pageerror", lambda error: desk.troubles.append(str(error)))
    desk.page.on("dialog", dialog)
    desk.page.context.route("**/*", request)
