"""The reviewer's desk in a real Chromium: from the key to the next escalation on the screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

from playwright.sync_api import Page, sync_playwright

from bench.ground import Ground, Site
from bench.table import Line, Spread

WAITING, KEYS = 100_000, 100
P95_MS = 100.0
# Nobody reads faster; meanwhile the next one is fetched.
READING_MS = 500
SAVED_WITHIN_S = 10
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# From the key, by the browser's clock, to the frame after the one in which another escalation stands there.
WATCH = """
window.painted = [];
const standing = () => document.querySelector(".escalation")?.dataset.escalation;
document.addEventListener("keydown", ({ key, timeStamp }) => {
  if (key !== "a") return;
  const before = standing();
  const look = () => requestAnimationFrame(() => {
    if (standing() === before) return look();
    requestAnimationFrame(() => window.painted.push(performance.now() - timeStamp));
  });
  look();
}, true);
"""


def measure(ground: Ground) -> list[Line]:
    """Accept a hundred escalations with a hundred keys, in each round."""
    program = next(filter(None, map(which, NAMES)), None)
    if program is None:
        print("desk: no Chromium is installed, so nothing is measured", file=sys.stderr)
        return []
    site = ground.site(WAITING)
    with _desk(ground, site, program) as page:
        before = site.inside.call("visits.decisions")
        rounds = [_accept(page, KEYS) for _ in range(ground.scale.rounds)]
        decided = _saved(site, before + KEYS * len(rounds)) - before
    p50, p95 = (Spread(tuple(_at(one, share) for one in rounds), "ms") for share in (0.5, 0.95))
    return [
        Line(work=f"key to next escalation painted, {WAITING:,} waiting, p50", ours=p50),
        Line(
            work=f"key to next escalation painted, {WAITING:,} waiting, p95",
            ours=p95,
            promise=f"≤ {P95_MS:.0f} ms",
            kept=p95.median <= P95_MS,
        ),
        Line(
            work="decisions, one for each key",
            ours=Spread((decided,), ""),
            promise=f"{KEYS * len(rounds)}",
            kept=decided == KEYS * len(rounds),
        ),
    ]


@contextmanager
def _desk(ground: Ground, site: Site, program: str) -> Iterator[Page]:
    """Chromium, with Alice at the first escalation of the stream."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        address = f"http://127.0.0.1:{site.web.port}"
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        name, _, value = ground.keys["session"].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": address}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"{address}/queue/")
        page.keyboard.press("n")
        page.wait_for_selector("#lease")
        yield page
        browser.close()


def _accept(page: Page, number: int) -> list[float]:
    """Press the key so often, each time after reading; returns what the browser measured, in ms."""
    page.evaluate("window.painted = []")
    for done in range(number):
        page.wait_for_timeout(READING_MS)
        page.keyboard.press("a")
        page.wait_for_function("(number) => window.painted.length > number", arg=done)
    found: list[float] = page.evaluate("window.painted")
    return found


def _saved(site: Site, wanted: int) -> int:
    """How many decisions there are, once those on their way have arrived."""
    end = time.monotonic() + SAVED_WITHIN_S
    while (number := site.inside.call("visits.decisions")) < wanted and time.monotonic() < end:
        time.sleep(0.1)
    return int(number)


def _at(milliseconds: list[float], share: float) -> float:
    return sorted(milliseconds)[int(len(milliseconds) * share)]
