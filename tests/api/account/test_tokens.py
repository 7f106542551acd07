"""Alice makes, sees, replaces and ends her own tokens, on her account page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.api.models import SHAPE, Token
from escalation.gating.models import Agent
from tests.api.caller import Caller

PAGE = "/account/"


def press(browser: Client, path: str = "tokens/", **said: Any) -> Any:
    """Send a form of the page as a browser without scripts does."""
    page = browser.get(PAGE).content.decode()
    csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert csrf
    return browser.post(PAGE + path, {"csrfmiddlewaretoken": csrf[1]} | said)


def shown(answer: Any) -> str:
    """The token in an answer."""
    found = re.findall(r"otw_\w{8}_\w{43}_\w{8}", answer.content.decode())
    assert len(found) == 1
    assert SHAPE.match(found[0])
    return str(found[0])


def test_what_she_makes_reviews_in_her_name(browser: Client, alice: User) -> None:
    answer = press(browser, name="nightly", days=30)

    token = Token.objects.get()
    assert Caller(shown(answer)).post("/escalations/next/", {}).status_code == 204
    assert (token.reviewer, token.scopes, token.name) == (alice, ["review"], "nightly")
    assert token.expires_at == token.created_at + timedelta(days=30)


def test_it_is_shown_once_and_kept_nowhere(browser: Client) -> None:
    answer = press(browser, name="nightly", days=30)

    made = shown(answer)
    assert made not in browser.get(PAGE).content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert made not in repr([answer.cookies, dict(browser.session)])


@pytest.mark.parametrize("said", [{"name": "", "days": 30}, {"name": "x", "days": 4000}, {"name": "x" * 101}])
def test_a_mistake_is_said_and_nothing_is_made(browser: Client, said: dict[str, Any]) -> None:
    answer = press(browser, **said)

    assert answer.status_code == 422
    assert b"field-error" in answer.content
    assert not Token.objects.exists()


def test_rotating_overlaps(browser: Client, alice: User) -> None:
    old, old_text = Token.objects.issue(reviewer=alice, scopes=["review"], name="nightly")

    new_text = shown(press(browser, f"tokens/{old.pk}/rotation/"))

    statuses = [Caller(text).post("/escalations/next/", {}).status_code for text in (old_text, new_text)]
    assert statuses == [204, 204]
    assert [row.state for row in Token.objects.order_by("pk")] == ["replaced", "valid"]


def test_it_is_replaced_once(browser: Client, alice: User) -> None:
    old, _ = Token.objects.issue(reviewer=alice, scopes=["review"])
    press(browser, f"tokens/{old.pk}/rotation/")

    answer = press(browser, f"tokens/{old.pk}/rotation/")

    assert (answer.status_code, Token.objects.count()) == (404, 2)


def test_a_revoked_one_works_no_more(browser: Client, alice: User) -> None:
    token, text = Token.objects.issue(reviewer=alice, scopes=["review"])

    answer = press(browser, f"tokens/{token.pk}/revocation/")

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert Caller(text).post("/escalations/next/", {}).status_code == 401
    assert "revoked" in browser.get(PAGE).content.decode()


@pytest.mark.parametrize("act", ["rotation", "revocation"])
def test_anothers_is_not_there(browser: Client, bob: User, agent: Agent, act: str) -> None:
    bobs, _ = Token.objects.issue(reviewer=bob, scopes=["review"], name="Bob's own")
    agents, _ = Token.objects.issue(agent=agent, scopes=["escalations"])

    statuses = [press(browser, f"tokens/{token.pk}/{act}/").status_code for token in (bobs, agents)]

    assert statuses == [404, 404]
    assert [token.state for token in Token.objects.all()] == ["valid", "valid"]
    assert "Bob&#x27;s own" not in browser.get(PAGE).content.decode()


def test_without_the_right_to_review_there_is_none_to_make(mallory: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(mallory)
    left_over, _ = Token.objects.issue(reviewer=mallory, scopes=["review"])

    statuses = [
        press(browser, path, name="x", days=30).status_code
        for path in ("tokens/", f"tokens/{left_over.pk}/rotation/", f"tokens/{left_over.pk}/revocation/")
    ]

    assert statuses == [403, 403, 302]
    assert [token.state for token in Token.objects.all()] == ["revoked"]


def test_a_form_from_elsewhere_does_nothing(browser: Client, alice: User) -> None:
    token, _ = Token.objects.issue(reviewer=alice, scopes=["review"])

    statuses = [
        browser.post(f"{PAGE}{path}", {"name": "x", "days": 30}).status_code
        for path in ("tokens/", f"tokens/{token.pk}/rotation/", f"tokens/{token.pk}/revocation/")
    ]

    assert statuses == [403, 403, 403]
    assert [token.state for token in Token.objects.all()] == ["valid"]


@pytest.mark.parametrize("path", ["", "tokens/", "tokens/1/rotation/", "tokens/1/revocation/"])
def test_a_stranger_is_asked_to_sign_in(db: None, path: str) -> None:
    answer: Any = Client().post(PAGE + path) if path else Client().get(PAGE)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_the_page_needs_no_script_and_no_inline_style(browser: Client) -> None:
    answer = press(browser, name="<b>&", days=30)

    page = answer.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script|\sstyle=|\son\w+=|hx-(get|post)|<b>", main)
