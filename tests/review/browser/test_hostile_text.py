"""Attacks in every field that an agent fills, in a real browser: nothing runs, nothing leaves its box."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.cast import RaiseEscalation
from tests.review.browser.attacks import ATTACKS
from tests.review.browser.conftest import Desk, SitDown

pytestmark = pytest.mark.browser

AT_ONCE = 20
TOLD: dict[str, Any] = {}
RUN = {"kind": "approval", "reason": "approval_required"}
STEP = ("kind", "name", "at", "seconds", "input", "output", "error", "tokens")
ASK = {"kind": "question", "reason": "input_requested"}
FOREIGN = "main :is(script, iframe, img, style, base, meta)"
INTACT = """() => {
  const count = (selector) => document.querySelectorAll(selector).length;
  const isOurs = (name) => !name.startsWith("on") && name !== "style";
  return count("main#main, header.topbar, .why, aside.panel") === 4
    && count("main :is(script, iframe, object, embed, base, meta, link, img, style)") === 0
    && count(".untrusted :is(form, input, button, [hx-get], [hx-post], [data-hx-get])") === 0
    && [...document.querySelectorAll("main *")].every((each) => each.getAttributeNames().every(isOurs));
}"""


def everywhere(attacks: list[str]) -> dict[str, Any]:
    """An escalation in which every text is an attack; Markdown holds them all."""
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
    }


def settle(desk: Desk) -> None:
    desk.unfold()
    desk.page.mouse.move(400, 300)
    desk.page.wait_for_timeout(30)


def intact(desk: Desk) -> bool:
    """Whether our own parts are there once each, and no foreign element has come into the page."""
    return bool(desk.page.evaluate(INTACT))


@pytest.mark.parametrize("start", range(0, len(ATTACKS), AT_ONCE))
def test_no_attack_gets_out_of_its_box(
    sit_down: SitDown, an_escalation: RaiseEscalation, alice: User, start: int
) -> None:
    attacks = ATTACKS[start : start + AT_ONCE]
    rows = [{attack: attack} for attack in attacks]
    desk = sit_down("alice")

    for kind, output in ((TOLD, "\n\n".join(attacks)), (RUN, rows[0] | rows[1]), (ASK, rows)):
        escalation = an_escalation(**(everywhere(attacks) | kind), output=output)
        escalation.claim(alice)
        desk.open(f"/escalations/{escalation.pk}/")
        settle(desk)
        assert intact(desk)


def test_no_attack_gets_out_of_its_row(sit_down: SitDown, an_escalation: RaiseEscalation) -> None:
    for attack in ATTACKS:
        an_escalation(**everywhere([attack]) | {"fingerprint": ""})
    desk = sit_down("alice")

    for _ in range(len(ATTACKS) // 50 - 1):
        expect(desk.page.locator(".row")).to_have_count(50)
        assert desk.page.locator(FOREIGN).count() == 0
        desk.open(str(desk.page.locator("a.later").get_attribute("href")))

    expect(desk.page.locator(".row")).to_have_count(50)
    assert desk.page.locator(FOREIGN).count() == 0


def test_no_attack_runs_in_the_admin(sit_down: SitDown, an_escalation: RaiseEscalation, olga: User) -> None:
    # Whoever reads facts in the admin has the permission of ops.
    olga.is_superuser = True
    olga.save()
    made = [an_escalation(**everywhere(ATTACKS[start : start + 40])) for start in range(0, len(ATTACKS), 40)]
    desk = sit_down("olga")

    desk.open("/admin/queue/escalation/")
    found = desk.page.locator("#result_list :is(script, iframe, img:not([src^='/static/']))").count()
    for escalation in made:
        desk.open(f"/admin/queue/escalation/{escalation.pk}/change/")
        found += desk.page.locator("#content :is(iframe, object, embed, base, link)").count()

    assert found == 0


def test_a_decision_shows_what_was_typed_as_text(
    sit_down: SitDown, an_escalation: RaiseEscalation, bob: User
) -> None:
    escalation = an_escalation(output="x")
    escalation.claim(bob)
    escalation.decide(bob, "edit", output=ATTACKS[0], note=ATTACKS[1])
    desk = sit_down("alice")

    desk.open(f"/escalations/{escalation.pk}/")

    expect(desk.page.locator(".standing")).to_contain_text("alert")
    assert intact(desk)


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
    assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
