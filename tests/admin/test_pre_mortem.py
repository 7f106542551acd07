"""Olga writes down how an agent can fail, has it rehearsed, and stops what must be stopped."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Agent, Drill, FailureMode, Gate, Outcome, Result


def page_of(agent: Agent) -> str:
    return f"/admin/gating/agent/{agent.pk}/pre-mortem/"


def form_of(agent: Agent, *modes: dict[str, Any]) -> dict[str, Any]:
    """The page's form with these modes, all of them new."""
    head = {"form-TOTAL_FORMS": len(modes), "form-INITIAL_FORMS": 0}
    rows = {f"form-{n}-{name}": value for n, mode in enumerate(modes) for name, value in mode.items()}
    return head | rows


def a_mode(gate: Gate, **said: Any) -> dict[str, Any]:
    words = {"name": "It promises refunds", "effect": "Money is lost.", "detection": "A reviewer sees it."}
    numbers = {"severity": 9, "occurrence": 4, "detectability": 7}
    return (
        words | numbers | {"gate": gate.pk, "reason": "low_confidence", "injection": "", "owner": ""} | said
    )


def test_she_writes_a_failure_mode(gate: Gate, as_olga: Client) -> None:
    FailureMode.objects.all().delete()

    as_olga.post(page_of(gate.agent), form_of(gate.agent, a_mode(gate)))

    mode = FailureMode.objects.get()
    assert (mode.agent, mode.name, mode.priority) == (gate.agent, "It promises refunds", "H")


@pytest.mark.parametrize("wrong", [{"severity": 11}, {"occurrence": 0}, {"name": ""}, {"reason": "audit"}])
def test_a_mode_that_makes_no_sense_is_not_saved(wrong: dict[str, Any], gate: Gate, as_olga: Client) -> None:
    FailureMode.objects.all().delete()

    answer = as_olga.post(page_of(gate.agent), form_of(gate.agent, a_mode(gate, **wrong)))

    assert not FailureMode.objects.exists()
    assert "Nothing was saved" in answer.content.decode()


def test_another_agents_gate_is_no_choice(gate: Gate, as_olga: Client) -> None:
    FailureMode.objects.all().delete()
    other = Gate.objects.create(agent=Agent.objects.create(slug="other", name="Other"))

    as_olga.post(page_of(gate.agent), form_of(gate.agent, a_mode(other)))

    assert not FailureMode.objects.exists()


def test_the_catalogue_fills_in_what_is_not_written_yet(gate: Gate, as_olga: Client) -> None:
    for _ in range(2):
        as_olga.post(f"{page_of(gate.agent)}suggest/")

    assert FailureMode.objects.filter(agent=gate.agent).count() == 13
    assert FailureMode.objects.filter(agent=gate.agent, injection="loop").get().reason == "loop_detected"


def test_the_page_has_the_urgent_first_and_what_was_measured(gate: Gate, as_olga: Client) -> None:
    FailureMode.objects.all().delete()
    as_olga.post(f"{page_of(gate.agent)}suggest/")
    for confidence in (0.1, 0.9):
        Outcome.objects.pass_gate("support-triage", "default", Result("task", "output", confidence))

    page = as_olga.get(page_of(gate.agent)).content.decode()

    assert page.index("It guesses") < page.index("The model refuses")
    assert "Measured: <b>10</b>, 1 of 2 in 30 days" in page


def test_she_has_it_rehearsed_and_sees_how_far_it_is(gate: Gate, olga: User, as_olga: Client) -> None:
    answer = as_olga.post(f"{page_of(gate.agent)}drills/", headers={"HX-Request": "true"})

    drills = Drill.objects.under_way()
    assert set(drills.values_list("actor", flat=True)) == {olga.pk}
    assert f"0 of {drills.count()} have ended." in answer.content.decode()


@pytest.mark.parametrize("act", ["", "suggest/", "drills/"])
def test_staff_without_the_permission_change_nothing(
    act: str, gate: Gate, olga: User, as_olga: Client
) -> None:
    olga.groups.clear()

    answer = as_olga.post(page_of(gate.agent) + act, form_of(gate.agent))

    assert answer.status_code == 403


def test_she_stops_one_gate_and_opens_it_again(gate: Gate, olga: User, as_olga: Client) -> None:
    switch = f"/admin/gating/gate/{gate.pk}/pause/"
    sure = Result("task", "output", 0.99)

    as_olga.post(switch, {"note": "it promises refunds"})
    while_paused, _ = Outcome.objects.pass_gate("support-triage", "default", sure)
    as_olga.post(switch, {"note": "mended", "open": "1"})
    afterwards, _ = Outcome.objects.pass_gate("support-triage", "default", sure)

    assert (while_paused.exit, while_paused.reason) == ("human", "not_live")
    assert while_paused.detail == "the gate is paused: every result goes to a human"
    assert afterwards.exit == "accepted"
    events = gate.events.order_by("pk").values_list("state", "actor", "note")
    assert list(events) == [("paused", olga.pk, "it promises refunds"), ("live", olga.pk, "mended")]


def test_she_stops_everything_at_once(gate: Gate, olga: User, as_olga: Client) -> None:
    Agent.objects.create(slug="other", name="Other")

    as_olga.post("/admin/gating/agent/pause-everything/", {"note": "something is very wrong"})

    assert set(Agent.objects.values_list("state", flat=True)) == {"paused"}
    event = gate.agent.events.order_by("pk").last()
    assert event is not None
    assert (event.actor, event.note) == (olga, "something is very wrong")
    assert "Pause every agent" in as_olga.get("/admin/gating/agent/").content.decode()


def test_the_record_of_drills_cannot_be_changed(gate: Gate, as_olga: Client) -> None:
    drill = Drill.objects.first()
    assert drill is not None

    page = as_olga.get(f"/admin/gating/drill/{drill.pk}/change/").content.decode()

    assert "model-down" in page
    assert 'name="_save"' not in page
