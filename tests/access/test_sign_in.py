"""Tries to sign in are limited; nobody signs up, and no page of allauth is open."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.access.conftest import sign_in
from tests.cast import PASSWORD


def test_too_many_wrong_passwords_close_the_door_for_a_while(alice: User) -> None:
    for _ in range(5):
        sign_in("alice", "wrong")

    client, answer = sign_in("alice")

    assert b"Too many failed login attempts" in answer.content
    assert client.get("/queue/").status_code == 302


def test_an_address_that_tries_too_often_is_told_to_wait(alice: User) -> None:
    answers = [sign_in(f"nobody-{number}", "wrong")[1] for number in range(31)]

    assert [answers[0].status_code, answers[-1].status_code] == [200, 429]
    assert answers[-1]["Retry-After"] == "60"
    assert b"Wait a minute" in answers[-1].content


def test_where_to_go_on_stays_on_this_site(alice: User) -> None:
    _, answer = sign_in("alice", next="https://evil.example/")

    assert answer["Location"] == "/"


def test_who_is_signed_in_is_not_asked_again(alice: User) -> None:
    client, _ = sign_in("alice")

    assert client.get("/login/")["Location"] == "/"


def test_who_was_switched_off_does_not_come_in(alice: User) -> None:
    alice.is_active = False
    alice.save()

    client, answer = sign_in("alice", PASSWORD)

    assert answer.status_code == 200
    assert client.get("/queue/").status_code == 302


@pytest.mark.parametrize("name", ["account_signup", "account_email", "mfa_index", "socialaccount_signup"])
def test_no_page_of_allauth_is_open_without_need(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_an_unknown_provider_is_not_there(db: None) -> None:
    assert Client().get("/login/with/oidc/").status_code == 404
