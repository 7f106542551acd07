"""Before tokens, secrets and policies, people show again who they are; a stop is never held up."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.api.models import Token
from escalation.delivery.models import Channel, Endpoint
from escalation.gating.models import Agent, Gate
from tests.access.conftest import code, grown_old
from tests.cast import PASSWORD


def signed_in_long_ago(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return grown_old(client)


def kept(answer: Any) -> dict[str, str]:
    """What the page that asks would send again."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_making_a_token_asks_and_then_goes_on_with_what_was_typed(alice: User) -> None:
    client = signed_in_long_ago(alice)
    typed = {"name": 'nightly "<b>"', "days": "30"}

    asked = client.post("/account/tokens/", typed)
    made_before = Token.objects.count()
    answer = client.post("/account/tokens/", kept(asked) | {"confirm_with": PASSWORD})

    assert (asked.status_code, kept(asked), made_before) == (202, typed, 0)
    assert b"Your new token" in answer.content
    assert Token.objects.get().name == typed["name"]


def test_a_wrong_password_goes_no_further(alice: User) -> None:
    client = signed_in_long_ago(alice)

    answer = client.post("/account/tokens/", {"name": "x", "days": "30", "confirm_with": "wrong"})

    assert answer.status_code == 202
    assert b"not your password" in answer.content
    assert kept(answer) == {"name": "x", "days": "30"}
    assert not Token.objects.exists()


def test_who_has_a_second_factor_shows_that(alice: User, second_factor: list[str]) -> None:
    client = signed_in_long_ago(alice)
    said = {"name": "x", "days": "30"}

    answers = [client.post("/account/tokens/", said | {"confirm_with": each}) for each in (PASSWORD, code())]

    assert [answer.status_code for answer in answers] == [202, 200]


def test_tries_are_limited(alice: User) -> None:
    client = signed_in_long_ago(alice)
    for _ in range(10):
        client.post("/account/confirmation/", {"confirm_with": "wrong"})

    answer = client.post("/account/confirmation/", {"confirm_with": PASSWORD})

    assert b"Too many tries" in answer.content


def test_a_policy_is_changed_by_who_shows_who_they_are(olga: User, gate: Gate) -> None:
    client = signed_in_long_ago(olga)
    path = f"/admin/tuning/label/risk/{gate.pk}/threshold/"
    said = {"made_from": "1", "threshold": "0.8", "reason": "safer"}

    asked = client.post(path, said)
    before = gate.policy
    answer = client.post(path, kept(asked) | {"confirm_with": PASSWORD})

    assert (asked.status_code, before and before.version) == (202, 1)
    assert answer.status_code == 302
    assert gate.policies.count() == 2


@pytest.mark.parametrize("what", ["{agent}/pause", "pause-everything"])
def test_a_stop_is_never_held_up(olga: User, gate: Gate, what: str) -> None:
    client = signed_in_long_ago(olga)

    client.post(f"/admin/gating/agent/{what.format(agent=gate.agent_id)}/", {"note": "it does harm"})

    assert Agent.objects.get().state == "paused"


def test_a_gate_stops_at_once_and_opens_after_a_look(olga: User, gate: Gate) -> None:
    client = signed_in_long_ago(olga)
    path = f"/admin/gating/gate/{gate.pk}/pause/"

    client.post(path, {"note": "it does harm"})
    stopped = gate.events.count()
    answer = client.post(path, {"note": "mended", "open": "1"})

    assert (stopped, answer.status_code, gate.events.count()) == (1, 202, 1)


def test_the_secret_of_an_endpoint_is_shown_after_a_look(olga: User, agent: Agent) -> None:
    endpoint = Endpoint.objects.create(agent=agent, url="https://hooks.example/")
    client = signed_in_long_ago(olga)
    page = f"/admin/delivery/endpoint/{endpoint.pk}/change/"

    before = client.get(page).content.decode()
    led = client.post(f"/account/confirmation/?next={page}", {"confirm_with": PASSWORD})

    assert endpoint.secret not in before
    assert f"/account/confirmation/?next={page.replace('/', '%2F')}" in before
    assert led["Location"] == page
    assert html.escape(endpoint.secret) in client.get(page).content.decode()


def test_the_secret_of_a_channel_is_shown_after_a_look(alice: User) -> None:
    channel = Channel.objects.create(user=alice, kind="webhook", address="https://hooks.example/")
    client = signed_in_long_ago(alice)

    before = client.get("/account/").content.decode()
    client.post("/account/confirmation/", {"confirm_with": PASSWORD})

    assert channel.secret not in before
    assert html.escape(channel.secret) in client.get("/account/").content.decode()
