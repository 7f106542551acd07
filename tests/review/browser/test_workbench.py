"""The workbench of a gate in a real browser: the slider answers at once, and everybody can read it."""

from __future__ import annotations

from typing import Literal

import pytest
from django.contrib.auth.models import User

from escalation.gating.models import Gate
from tests.review.browser.axe import violations
from tests.review.browser.conftest import SitDown
from tests.tuning.seen import seen_enough

pytestmark = pytest.mark.browser


def test_who_slides_gets_an_answer_without_a_new_page(
    sit_down: SitDown, gate: Gate, alice: User, olga: User
) -> None:
    seen_enough(gate, alice)
    desk = sit_down("olga")
    desk.open(f"/admin/tuning/label/risk/{gate.pk}/")
    desk.page.evaluate("window.same = true")

    desk.page.locator("#id_slide").fill("0.5")
    desk.page.locator("#id_slide").dispatch_event("change")

    desk.page.get_by_role("columnheader", name="If it were 0.5").wait_for()
    assert desk.page.input_value("#id_threshold") == "0.5"
    assert desk.page.evaluate("window.same") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_violations(
    sit_down: SitDown, gate: Gate, alice: User, olga: User, scheme: Literal["light", "dark"]
) -> None:
    seen_enough(gate, alice)
    desk = sit_down("olga", scheme)

    desk.open(f"/admin/tuning/label/risk/{gate.pk}/?threshold=0.5")
    desk.unfold()

    assert violations(desk.page) == []
