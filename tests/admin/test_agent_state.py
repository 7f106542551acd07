"""Olga lets an agent act without a human, and stops it at once."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Agent


def test_a_pause_needs_a_reason(agent: Agent, as_olga: Client) -> None:
    answer = as_olga.post(f"/admin/gating/agent/{agent.pk}/pause/", {"note": " "}, follow=True)

    assert Agent.objects.get(pk=agent.pk).is_live
    assert "Say why it is paused." in answer.content.decode()


def test_a_pause_stops_it_under_her_name(agent: Agent, olga: User, as_olga: Client) -> None:
    as_olga.post(f"/admin/gating/agent/{agent.pk}/pause/", {"note": "it promises refunds"})

    event = agent.events.last()
    assert event is not None
    assert not Agent.objects.get(pk=agent.pk).is_live
    assert (event.state, event.actor, event.note) == ("paused", olga, "it promises refunds")


def test_a_ready_agent_goes_live(agent: Agent, as_olga: Client) -> None:
    agent.pause(None, "for a test")

    as_olga.post(f"/admin/gating/agent/{agent.pk}/go-live/", {"note": ""})

    assert Agent.objects.get(pk=agent.pk).is_live


def test_an_unready_agent_is_told_what_is_missing(as_olga: Client) -> None:
    draft = Agent.objects.create(slug="new", name="New", owner="Olga", on_call="olga")

    answer = as_olga.post(f"/admin/gating/agent/{draft.pk}/go-live/", {"note": ""}, follow=True)

    assert Agent.objects.get(pk=draft.pk).state == "draft"
    assert "New: it has no gate" in answer.content.decode()


@pytest.mark.parametrize("act", ["go-live", "pause"])
def test_a_link_changes_nothing(act: str, agent: Agent, as_olga: Client) -> None:
    assert as_olga.get(f"/admin/gating/agent/{agent.pk}/{act}/").status_code == 405


@pytest.mark.parametrize("act", ["go-live", "pause"])
def test_staff_without_the_permission_change_no_state(
    act: str, agent: Agent, olga: User, as_olga: Client
) -> None:
    olga.groups.clear()

    answer = as_olga.post(f"/admin/gating/agent/{agent.pk}/{act}/", {"note": "why not"})

    assert answer.status_code == 403
    assert agent.events.count() == 1


def test_its_page_shows_state_gaps_and_history(agent: Agent, as_olga: Client) -> None:
    agent.pause(None, "it promises refunds")
    Agent.objects.filter(pk=agent.pk).update(owner="")

    page = as_olga.get(f"/admin/gating/agent/{agent.pk}/change/").content.decode()

    assert "no owner is named" in page
    assert "it promises refunds" in page


def test_the_state_is_not_a_field_to_edit(agent: Agent, as_root: Client) -> None:
    form = {"name": "Triage", "owner": "Olga", "on_call": "olga", "state": "draft", "slug": "other"}

    as_root.post(f"/admin/gating/agent/{agent.pk}/change/", form)

    after = Agent.objects.get(pk=agent.pk)
    assert (after.name, after.state, after.slug) == ("Triage", "live", "support-triage")
