"""Every page, seen in Chromium: light and dark, from 360 px to wide, for screen readers, without a jump."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from playwright.sync_api import Route
from pytest_django import Settings

from escalation.gating.models import Gate
from escalation.queue.models import ReviewQueue
from tests.cast import RaiseEscalation
from tests.review.browser.axe import violations
from tests.review.browser.conftest import Desk, SitDown
from tests.review.browser.pages import NOT_SAMPLED, every_address, pages_of
from tests.review.browser.world import World, make_world

pytestmark = pytest.mark.browser

DARK = "{resultTypes: ['violations'], preload: false, runOnly: ['color-contrast', 'link-in-text-block']}"
NARROW = (
    "{resultTypes: ['violations'], preload: false, runOnly: ['target-size', 'scrollable-region-focusable']}"
)
WIDTHS = (1920, 768, 390, 360)
# The tables of Django's own admin find their widths as their rows arrive: a shift of a tenth is what browsers
# call good. Nothing of ours may move.
WATCH_SHIFTS = """
window.shifts = [];
const isDjangos = () => document.querySelector("#header #branding");
new PerformanceObserver((list) => {
  for (const { value, sources, hadRecentInput } of list.getEntries())
    if (!hadRecentInput && value > (isDjangos() ? 0.1 : 0.001))
      window.shifts.push(`${value} ${sources.map(({ node }) => node?.outerHTML ?? "").join(" ")}`);
}).observe({ type: "layout-shift", buffered: true });
"""
STICKS_OUT = """() => {
  const wide = document.scrollingElement.scrollWidth;
  if (wide <= innerWidth) return "";
  const isOut = (each) => each.getBoundingClientRect().right > innerWidth + 1;
  const out = [...document.querySelectorAll("body *")].filter(isOut).slice(0, 3);
  return `${wide} px: ${out.map((each) => each.outerHTML.slice(0, 90)).join(" … ")}`;
}"""
# Swagger's own page: its colours and its order are not ours.
FOREIGN = ("api:docs",)
# Where the page is Django's own, these stand for all models.
STOCK = re.compile("_(add|delete|history|change)$|:auth_|password|:app_list")
ALIKE = re.compile("reviewqueue_|(gate|agent|policy|escalation|endpoint)_change$")


@pytest.fixture
def world(
    settings: Settings,
    gate: Gate,
    queue: ReviewQueue,
    olga: User,
    bob: User,
    an_escalation: RaiseEscalation,
    redis_client: object,
) -> World:
    settings.LOCAL_MODEL = True  # the header is at its widest
    return make_world(gate, queue, olga, bob, an_escalation)


@pytest.fixture
def addresses(world: World) -> dict[str, str]:
    """The pages by the names of their views, as the URLconf has them."""
    client = Client()
    client.force_login(world.olga)
    return pages_of(client, every_address(world))


def test_every_address_has_a_sample(world: World) -> None:
    addresses = every_address(world)

    missing = [
        name for name, address in addresses.items() if not address and not name.startswith(NOT_SAMPLED)
    ]

    assert missing == []


def test_no_page_of_reviewers_is_amiss(world: World, addresses: dict[str, str], sit_down: SitDown) -> None:
    states = {name: (address, "") for name, address in addresses.items() if not name.startswith("admin:")}
    desk = sit_down("olga")

    assert troubles_of(desk, states | states_of(world)) == []


def test_no_page_of_ops_is_amiss(addresses: dict[str, str], sit_down: SitDown) -> None:
    desk = sit_down("olga")
    states = {
        name: (address, "")
        for name, address in addresses.items()
        if name.startswith("admin:") and (ALIKE.search(name) or not STOCK.search(name))
    }

    assert troubles_of(desk, states) == []


def states_of(world: World) -> dict[str, tuple[str, str]]:
    """What a page can also show: its address, and the key pressed or the part of it clicked there."""
    kinds = {kind: (f"/escalations/{row.pk}/", "") for kind, row in world.kinds.items()}
    return kinds | {
        "editing": (kinds["text"][0], "e"),
        "editing a table": (kinds["table"][0], "e"),
        "held by Bob": (f"/escalations/{world.held.pk}/", ""),
        "decided": (f"/escalations/{world.decided.pk}/", ""),
        "the queue, decided": ("/queue/?show=decided", ""),
        "the queue, none snoozed": ("/queue/?show=snoozed", ""),
        "the queue, all hidden": ("/queue/?reason=tool_failed", ""),
        "the queue, alike": (f"/queue/?alike={world.held.pk}", ""),
        "the queue, some chosen": ("/queue/", "[data-row] input"),
        "the queue, more filters": ("/queue/?q=x", ".more summary"),
        "the sheet of keys": ("/queue/", "?"),
        "the palette": ("/queue/", "."),
    }


def test_nothing_to_see_is_shown_well(
    sit_down: SitDown, alice: User, mallory: User, queue: ReviewQueue
) -> None:
    for name in ("alice", "mallory"):
        assert (
            troubles_of(sit_down(name), {"the queue": ("/queue/", ""), "insights": ("/insights/", "")}) == []
        )


def test_all_done_and_signed_out_are_shown_well(
    sit_down: SitDown, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    desk = sit_down("alice")

    assert troubles_of(desk, {"all done": ("/queue/", "")}) == []
    desk.page.context.clear_cookies()
    assert troubles_of(desk, {"sign in": ("/login/", "")}) == []


def test_what_went_wrong_is_shown_well(sit_down: SitDown, alice: User) -> None:
    desk = sit_down("alice")
    pages = {name: render_to_string(f"{name}.html") for name in ("403", "403_csrf", "404", "429", "500")}

    def fulfill(route: Route) -> None:
        route.fulfill(body=pages[route.request.url.rsplit("/", 1)[-1]], content_type="text/html")

    # The status is another: Chromium itself notes every 4xx answer in its console.
    desk.page.route("**/wrong/*", fulfill)

    assert troubles_of(desk, {name: (f"/wrong/{name}", "") for name in pages}) == []


def troubles_of(desk: Desk, states: dict[str, tuple[str, str]]) -> list[str]:
    """What is amiss on some pages, in any theme and at any width."""
    # A colour on its way from one scheme to the other has no contrast.
    desk.page.emulate_media(reduced_motion="reduce")
    desk.page.add_init_script(WATCH_SHIFTS)
    found = []
    for name, (address, act) in states.items():
        known = len(desk.troubles)
        troubles = [*seen(desk, address, act, foreign=name in FOREIGN), *desk.troubles[known:]]
        found += [f"{name}: {trouble}" for trouble in troubles]
    return found


def seen(desk: Desk, address: str, act: str, *, foreign: bool) -> Iterator[str]:
    page = desk.page
    page.set_viewport_size({"width": 1280, "height": 900})
    desk.wait_for("innerWidth === 1280")
    page.emulate_media(color_scheme="light")
    desk.open(address)
    desk.settled()
    yield from (f"moved by {shift[:200]}" for shift in page.evaluate("window.shifts"))
    if len(act) > 1:
        page.locator(act).first.click()
    elif act:
        desk.press(act)
    else:
        desk.unfold()
    if not foreign:
        yield from violations(page)
        page.emulate_media(color_scheme="dark")
        yield from violations(page, DARK)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 780})
        if out := page.evaluate(STICKS_OUT):
            yield f"sticks out at {width}: {out}"
    if not foreign:
        yield from violations(page, NARROW)
