"""Who signs in at the organisation's OpenID Connect provider is somebody who is known here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.access.conftest import grown_old
from tests.access.provider import CLIENT, Provider, running_provider

ALICE = {"sub": "a-1", "email": "alice@example.com", "email_verified": True, "preferred_username": "alice"}


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with running_provider() as provider:
        app: dict[str, Any] = {"provider_id": "oidc", "name": "Example", "client_id": CLIENT[0]}
        app |= {"secret": CLIENT[1]}
        app["settings"] = {"server_url": provider.address, "oauth_pkce_enabled": True}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        settings.OIDC_NAME = "Example"
        provider.claims = ALICE
        yield provider


@pytest.fixture
def known_alice(alice: User) -> User:
    """Alice, with the address that the provider knows."""
    alice.email = "Alice@example.com"
    alice.save()
    return alice


def come_back(client: Client, provider: Provider, **asked: str) -> Any:
    """Go there, sign in, and come back."""
    sent = client.get("/login/with/oidc/", asked)
    assert sent["Location"].startswith(f"{provider.address}/authorize?")
    return client.get(provider.send_back(sent["Location"]))


def test_alice_signs_in_there_and_goes_on_here(known_alice: User, provider: Provider, client: Client) -> None:
    answer = come_back(client, provider, next="/runs/")

    assert answer["Location"] == "/runs/"
    assert client.get("/account/").context["user"] == known_alice
    assert provider.asked["redirect_uri"] == "http://testserver/login/with/oidc/back/"


def test_from_then_on_she_is_known_by_the_providers_own_name_for_her(
    known_alice: User, provider: Provider, client: Client
) -> None:
    come_back(client, provider)
    client.post("/logout/")
    provider.claims = ALICE | {"email": "alice@elsewhere.example"}

    come_back(client, provider)

    assert client.get("/account/").context["user"] == known_alice
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize(
    "claims",
    [{"email": "zoe@example.com"}, {"email_verified": False}, {"email": ""}, {"email_verified": "true"}],
    ids=["unknown", "unverified", "none", "a word"],
)
def test_nobody_else_comes_in(
    known_alice: User, provider: Provider, client: Client, claims: dict[str, Any]
) -> None:
    provider.claims = ALICE | claims

    answer = come_back(client, provider)

    assert answer.status_code == 403
    assert b"Nobody here goes by your account at Example" in answer.content
    assert (client.get("/queue/").status_code, User.objects.count()) == (302, 1)


def test_two_with_one_address_are_told_apart_by_nobody(
    known_alice: User, bob: User, provider: Provider, client: Client
) -> None:
    User.objects.update(email="alice@example.com")

    assert come_back(client, provider).status_code == 403


def test_another_claim_may_name_the_user(
    alice: User, provider: Provider, client: Client, settings: Settings
) -> None:
    settings.OIDC_CLAIM = "preferred_username"

    come_back(client, provider)

    assert client.get("/account/").context["user"] == alice


def test_the_unknown_become_users_only_where_the_settings_say_so(
    provider: Provider, client: Client, settings: Settings, db: None
) -> None:
    settings.OIDC_CREATE_USERS = True

    come_back(client, provider)

    made = User.objects.get()
    assert (made.username, made.has_usable_password(), made.is_staff) == ("alice@example.com", False, False)
    assert made.get_all_permissions() == set()


def test_who_was_switched_off_does_not_come_in(known_alice: User, provider: Provider, client: Client) -> None:
    known_alice.is_active = False
    known_alice.save()

    answer = come_back(client, provider)

    assert b"switched off" in answer.content
    assert client.get("/queue/").status_code == 302


def test_the_second_factor_is_asked_for_all_the_same(
    known_alice: User, second_factor: list[str], provider: Provider, client: Client
) -> None:
    answer = come_back(client, provider)

    assert answer["Location"] == "/login/code/"
    assert client.get("/queue/").status_code == 302


@pytest.mark.parametrize("back", ["?error=access_denied", "?code=made-up", "?code=made-up&state=made-up"])
def test_what_the_provider_never_said_signs_nobody_in(
    known_alice: User, provider: Provider, client: Client, back: str
) -> None:
    answer = client.get(f"/login/with/oidc/back/{back}")

    assert answer.status_code == 403
    assert b"did not work" in answer.content


def test_who_has_no_password_shows_there_who_they_are_and_goes_on(
    known_alice: User, provider: Provider, client: Client
) -> None:
    known_alice.set_unusable_password()
    known_alice.save()
    come_back(client, provider)
    grown_old(client)
    said = {"name": "nightly", "days": "30"}

    asked = client.post("/account/tokens/", said)
    back = come_back(client, provider, process="redirect", next="/account/confirmation/")
    answer = client.post("/account/tokens/", said)

    assert (asked.status_code, back["Location"]) == (202, "/account/confirmation/")
    assert b"Sign in again at Example" in asked.content
    assert b"Your new token" in answer.content


def test_somebody_elses_account_there_shows_nothing(
    known_alice: User, bob: User, provider: Provider, client: Client
) -> None:
    come_back(client, provider)
    other = Client()
    other.force_login(bob)
    grown_old(other)

    come_back(other, provider, process="redirect", next="/account/confirmation/")

    assert other.post("/account/tokens/", {"name": "x", "days": "30"}).status_code == 202
