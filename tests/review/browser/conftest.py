"""A real Chromium against a live server, and everything in it that a reviewer must never see."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import connections
from django.test import Client
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

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
PATIENCE_S = 60
expect.set_options(timeout=PATIENCE_S * 1000)
# What scripts have asked for and not yet got. The browser says it too, but not of each request that a page
# gives up itself.
WATCH_FETCHES = """
window.asked = new Set();
const ask = window.fetch;
window.fetch = (...given) => {
  const request = { address: String(given[0]) };
  window.asked.add(request);
  const answer = ask(...given);
  answer
    .then((headers) => headers.clone().arrayBuffer())
    .catch(() => {})
    .finally(() => window.asked.delete(request));
  return answer;
};
"""
ASKED = "[...window.asked].map(({ address }) => address)"
# After two frames: what an answer has changed is laid out then, and the observers of the page have heard of
# it.
IS_CALM = """new Promise((over) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => over(!window.asked.size)))))"""
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
        # htmx begins a moment after the page has loaded: until then a key would post a form as a new page,
        # whose heading can be seen before its keys work.
        self.settled()

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression of JavaScript is true in the page; returns its value."""
        # As a function: a bare expression is evaluated anew at each look, which the page's policy refuses.
        return self.page.wait_for_function(f"() => {expression}").json_value()

    def settled(self) -> None:
        """Wait until each request of the page is answered, and what the answers change is shown."""
        self.until(self._is_calm)

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the page go on until something holds; AssertionError if it never does."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s; asked: {self.page.evaluate(ASKED)}"
            self.page.wait_for_timeout(5)

    def _is_calm(self) -> bool:
        try:
            self.page.wait_for_load_state()
            return bool(self.page.evaluate(IS_CALM))
        except Error:
            return False  # it was being left for another page

    def leave(self) -> None:
        """Close the page when it has given back what was claimed ahead for it, and nothing is under way."""
        self.settled()
        self.page.evaluate("dispatchEvent(new Event('pagehide'))")
        self.settled()
        self.page.context.close()

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
    the_test_s = threading.get_ident()
    under_way: list[int] = []

    def began(**_: object) -> None:
        if threading.get_ident() != the_test_s:
            under_way.append(threading.get_ident())

    def ended(**_: object) -> None:
        if threading.get_ident() != the_test_s:
            under_way.remove(threading.get_ident())

    request_started.connect(began)
    request_finished.connect(ended)
    yield
    deadline = time.monotonic() + PATIENCE_S
    quiet_until = time.monotonic() + 0.05
    while time.monotonic() < quiet_until:
        assert time.monotonic() < deadline, f"{len(under_way)} requests are still being answered"
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
        context.set_default_timeout(PATIENCE_S * 1000)
        context.add_init_script(WATCH_CSP)
        context.add_init_script(WATCH_FETCHES)
        cookie = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": cookie, "value": _session_of(name), "url": live_server.url}])
        desk = Desk(context.new_page(), live_server.url)
        _watch(desk)
        desks.append(desk)
        desk.open("/queue/")
        return desk

    yield sign_in
    troubles = [trouble for desk in desks for trouble in (*desk.troubles, *desk.reports())]
    for desk in desks:
        desk.leave()
    assert troubles == []


def _session_of(name: str) -> str:
    # Signing in by its form has tests of its own, and hashing is slow by design.
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


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
