"""Olga makes, replaces and ends tokens; each is shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.api.models import Token
from escalation.gating.models import Agent
from tests.api.caller import Caller

LIST = "/admin/api/token/"


def shown(answer: Any) -> list[str]:
    return re.findall(r"otw_\w{8}_\w{43}_\w{8}", answer.content.decode())


def add(client: Client, **said: Any) -> Any:
    return client.post(f"{LIST}add/", {"name": "nightly", "days": 30} | said)


def test_what_she_makes_works_for_its_agent(agent: Agent, as_olga: Client) -> None:
    (made,) = shown(add(as_olga, agent=agent.pk, scopes=["escalations"]))

    token = Token.objects.get()
    assert Caller(made).get("/escalations/").status_code == 200
    assert (token.agent, token.scopes, token.name) == (agent, ["escalations"], "nightly")


def test_it_is_shown_once_and_its_hash_never(agent: Agent, as_olga: Client) -> None:
    answer = add(as_olga, agent=agent.pk, scopes=["escalations"])
    (made,) = shown(answer)
    token = Token.objects.get()

    pages = [as_olga.get(path).content.decode() for path in (LIST, f"{LIST}{token.pk}/change/")]

    assert not [page for page in pages if made in page or token.secret_hash in page]
    assert all(token.prefix in page for page in pages[:1])
    assert made not in repr([answer.cookies, dict(as_olga.session)])


@pytest.mark.parametrize(
    ("owners", "scopes"),
    [
        ([], ["escalations"]),
        (["agent", "reviewer"], ["escalations"]),
        (["agent"], ["review"]),
        (["reviewer"], ["escalations"]),
        (["agent"], []),
    ],
)
def test_what_does_not_fit_is_refused(
    agent: Agent, alice: User, as_olga: Client, owners: list[str], scopes: list[str]
) -> None:
    known = {"agent": agent.pk, "reviewer": alice.pk}

    answer = add(as_olga, scopes=scopes, **{owner: known[owner] for owner in owners})

    assert (answer.status_code, shown(answer)) == (200, [])
    assert not Token.objects.exists()


def test_a_replaced_one_works_beside_the_new_one(agent: Agent, as_olga: Client) -> None:
    old, text = Token.objects.issue(agent=agent, scopes=["escalations"])

    (made,) = shown(as_olga.post(LIST, {"action": "rotate", "_selected_action": [old.pk]}))

    assert [Caller(one).get("/escalations/").status_code for one in (text, made)] == [200, 200]


def test_a_revoked_one_works_no_more(agent: Agent, as_olga: Client) -> None:
    token, text = Token.objects.issue(agent=agent, scopes=["escalations"])

    as_olga.post(LIST, {"action": "revoke", "_selected_action": [token.pk]})

    assert Caller(text).get("/escalations/").status_code == 401


def test_reviewers_have_no_business_here(as_alice: Client) -> None:
    assert as_alice.get(LIST).status_code == 302


def test_not_even_a_superuser_edits_one(agent: Agent, as_root: Client) -> None:
    token, _ = Token.objects.issue(agent=agent, scopes=["escalations"])

    answer = as_root.post(f"{LIST}{token.pk}/change/", {"name": "x", "scopes": ["runs"], "days": 1})

    token.refresh_from_db()
    assert (answer.status_code, token.scopes) == (403, ["escalations"])
