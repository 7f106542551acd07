"""Attacks in every field that an agent fills, in a real browser: nothing runs, nothing leaves its box."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from agents.models import BreakerEvent, Run, Step, ToolCall
from escalation.delivery.models import Delivery, Notification
from escalation.delivery.news import News, compose
from escalation.gating.models import Gate, Outcome
from escalation.queue.models import Escalation, ReviewQueue
from escalation.review.untrusted import is_renderable
from tests.cast import RaiseEscalation
from tests.review.browser.attacks import ATTACKS
from tests.review.browser.conftest import Desk, SitDown
from tests.review.browser.pages import every_address, pages_of
from tests.review.browser.world import make_world

pytestmark = pytest.mark.browser

AT_ONCE = 36
TOLD: dict[str, Any] = {}
RUN = {"kind": "approval", "reason": "approval_required"}
STEP = ("kind", "name", "at", "seconds", "input", "output", "error", "tokens")
ASK = {"kind": "question", "reason": "input_requested"}
# The picture of a second factor's key, and what the admin's own scripts add to its forms.
OURS = re.compile(
    '<img class="qr" src="data:image/svg|'
    '<td colspan="[0-9]+" style="display: none;"><a role="button" class="addlink"'
)
# Pages that show nothing an agent sent. The admin's pages of history are all one: an escalation's stays.
OTHER_PAGES = re.compile("^api:docs$|:auth_|_(add|delete)$|(?<!queue_escalation)_history$")
# What no page of ours holds, wherever an attack would have put it.
FOREIGN = """() => {
  const all = (selector) => [...document.body.querySelectorAll(selector)];
  const leads = (to) => to.startsWith(location.origin) || /^(https?:|mailto:)/.test(to);
  const isStatic = ({ src }) => !src || src.startsWith(`${location.origin}/static/`);
  const bad = /^on|^style$|^hx-on|^data-hx/;
  const count = {};
  for (const { id } of all("[id]")) count[id] = (count[id] ?? 0) + 1;
  const never = "iframe, object, embed, base, link, style, meta, video, audio, source, math, marquee, slot";
  const boxes = ".untrusted, .row-title, .timeline, .evidence, .ticks, .call, .json, .field-title, .readonly";
  const active = "form, input, button, select, textarea, dialog, template, [id], [role=alert], .button";
  return [
    ...all(`${never}, dialog[open]`),
    ...all("script:not([src], [type='application/json'])"),
    ...all("script, img").filter((each) => !isStatic(each)),
    ...all("a[href], area[href]").filter((each) => !leads(each.href)),
    ...all("form[action]").filter((each) => !leads(new URL(each.getAttribute("action"), location).href)),
    ...all("form[action^=http], form[action^='//']"),
    ...all("[formaction]"),
    ...all("*").filter((each) => each.getAttributeNames().some((name) => bad.test(name))),
    ...all(boxes).flatMap((box) => [...box.querySelectorAll(`${active}, [hx-get], [hx-post]`)]),
    ...all("[id]").filter(({ id }) => count[id] > 1),
  ].map((each) => each.outerHTML.slice(0, 160));
}"""
FRAME = "main#main, header.topbar, .why, aside.panel"
BOXES = """() => document.scrollingElement.scrollWidth <= innerWidth
  && [...document.querySelectorAll(".untrusted, .timeline, .evidence li, .rows")]
    .every((box) => box.getBoundingClientRect().right <= innerWidth)"""


def everywhere(attacks: list[str]) -> dict[str, Any]:
    """An escalation in which every text is an attack."""
    first, prose = attacks[0], "\n\n".join(attacks)
    return {
        "title": first[:200],
        "detail": prose,
        "task": {attack: attack for attack in attacks} | {"deep": [{first: attacks}]},
        "completed": attacks,
        "missing": attacks,
        "partial": True,
        "explanation": prose,
        "question": prose,
        "options": [{"value": attack, "label": attack} for attack in attacks],
        "action": {"name": first, "arguments": {attack: attack for attack in attacks}},
        "trace": [dict.fromkeys(STEP, attack) for attack in attacks],
        "usage": {"cost_usd": first, first: 1},
        "evidence": [{"title": attack, "text": attack, "url": attack} for attack in attacks] + attacks,
        "tags": attacks,
        "metadata": {first: first},
        "external_id": first[:255],
        "fingerprint": first[:255],
        "key_order": attacks,
    }


def foreign(desk: Desk) -> list[str]:
    """The elements of a page that are none of ours."""
    found: list[str] = desk.page.evaluate(FOREIGN)
    return found


def thirds(attacks: list[str]) -> Iterable[list[str]]:
    third = len(attacks) // 3
    return attacks[:third], attacks[third : 2 * third], attacks[2 * third :]


def test_there_are_attacks_enough() -> None:
    assert len(set(ATTACKS)) > 300


@pytest.mark.parametrize("start", range(0, len(ATTACKS), AT_ONCE))
def test_no_attack_gets_out_of_its_box(
    sit_down: SitDown, an_escalation: RaiseEscalation, alice: User, start: int
) -> None:
    attacks = ATTACKS[start : start + AT_ONCE]
    rows = [{attack: attack} for attack in attacks]
    desk = sit_down("alice")

    outputs = ("\n\n".join(attacks[: AT_ONCE // 3]), rows[0] | rows[1], rows)
    for kind, output, told in zip((TOLD, RUN, ASK), outputs, thirds(attacks), strict=True):
        words = "\n\n".join(told)
        assert is_renderable(words)
        escalation = an_escalation(**(everywhere(attacks) | kind | {"explanation": words}), output=output)
        escalation.claim(alice)
        desk.open(f"/escalations/{escalation.pk}/")
        desk.unfold()
        desk.page.mouse.move(400, 300)
        desk.settled()
        assert foreign(desk) == []
        assert desk.page.locator(FRAME).count() == 4
        assert desk.page.evaluate(BOXES)


def test_no_attack_gets_out_of_its_row(sit_down: SitDown, an_escalation: RaiseEscalation) -> None:
    for attack in ATTACKS:
        an_escalation(**everywhere([attack]) | {"fingerprint": "", "title": attack[:200]})
    desk = sit_down("alice")

    seen = 0
    while True:
        assert foreign(desk) == []
        assert desk.page.evaluate(BOXES)
        seen += desk.page.locator("[data-row]").count()
        later = desk.page.locator("a.later")
        if not later.count():
            break
        desk.open(str(later.get_attribute("href")))

    assert seen == len(ATTACKS)


def test_no_attack_gets_out_on_any_page(
    sit_down: SitDown,
    gate: Gate,
    queue: ReviewQueue,
    olga: User,
    bob: User,
    an_escalation: RaiseEscalation,
    client: Client,
) -> None:
    world = make_world(gate, queue, olga, bob, an_escalation)
    client.force_login(olga)
    pages = pages_of(client, every_address(world))
    _poison(ATTACKS[::9])
    desk = sit_down("olga")

    found = []
    for name, address in pages.items():
        if OTHER_PAGES.search(name):
            continue
        desk.open(address)
        found += [f"{name}: {each}" for each in foreign(desk) if not OURS.match(each)]

    assert found == []


def _poison(attacks: list[str]) -> None:
    """Put attacks into whatever an agent, its tools and its receivers fill, in every row there is."""
    first, prose, each = attacks[0], "\n".join(attacks), dict.fromkeys(attacks, attacks)
    facts = everywhere(attacks)
    facts.pop("partial")
    Escalation.objects.update(**facts, output=each, receipt={"detail": prose, "status": "executed"})
    Outcome.objects.update(task=each, output=each, metadata=each, detail=prose, external_id=first[:255])
    Outcome.objects.update(exit_output=each, exit_detail=prose, model=first[:100], usage=each)
    Run.objects.update(task=each, title=first[:200], detail=prose, result=each, metadata=each)
    Step.objects.create(
        run=Run.objects.get(), number=9, sent=attacks, cut=first[:200], stop_reason=first[:50]
    )
    ToolCall.objects.update(name=first[:64], arguments=each, error=prose)
    BreakerEvent.objects.create(breaker=first[:200], before="closed", after="open", reason=prose)
    Delivery.objects.update(payload=each, last_answer=prose)
    Notification.objects.update(facts=each)


def test_a_decision_shows_what_was_typed_as_text(
    sit_down: SitDown, an_escalation: RaiseEscalation, bob: User
) -> None:
    escalation = an_escalation(output="x")
    escalation.claim(bob)
    escalation.decide(bob, "edit", output=ATTACKS[0], note=ATTACKS[1])
    desk = sit_down("alice")

    desk.open(f"/escalations/{escalation.pk}/")

    expect(desk.page.locator(".standing")).to_contain_text("alert")
    assert foreign(desk) == []


def test_endless_text_stays_in_its_frame(
    sit_down: SitDown, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation(output="APPROVED\n\n" + "\n" * 5000 + "x" * 20_000 + "\u0301" * 5000)
    escalation.claim(alice)
    desk = sit_down("alice")

    desk.open(f"/escalations/{escalation.pk}/")

    box = desk.page.locator(".part-output .untrusted").bounding_box()
    assert box is not None
    assert box["height"] < 600
    assert desk.page.evaluate(BOXES)


def test_a_huge_edit_is_compared_without_a_pause(
    sit_down: SitDown, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation(output="word and some more text " * 20_000)
    escalation.claim(alice)
    desk = sit_down("alice")
    desk.open(f"/escalations/{escalation.pk}/")
    desk.press("e")

    field = desk.page.locator(".verdict-edit textarea").first
    field.evaluate("(each) => { each.value = `Z${each.value.toUpperCase()}`; }")
    field.press("End")
    field.press("!")

    expect(desk.page.locator(".verdict-edit .diff ins").first).to_be_visible(timeout=30_000)
    assert (
        int(field.evaluate("(each) => each.parentElement.querySelector('.diff').textContent.length"))
        < 100_000
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_are_told_is_one_line_of_visible_text(attack: str) -> None:
    news = News("waiting", {"title": attack, "agent": attack}, "/escalations/1/")

    message = compose([news], "https://otherwise.example")

    assert message.subject.isprintable()
    assert [line for line in message.text.split("\n") if not line.isprintable()] == []
    assert message.text.count("\n") == 3
