"""What is stored of a second factor is of no use without SECRET_KEY."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.access.conftest import SECRET, code, sign_in


def enters(shown: str) -> bool:
    client, _ = sign_in("alice")
    return bool(client.post("/login/code/", {"code": shown}).status_code == 302)


def test_the_database_holds_no_key(alice: User, second_factor: list[str]) -> None:
    stored = repr(list(Authenticator.objects.values_list("data", flat=True)))

    assert SECRET not in stored
    assert not any(each in stored for each in second_factor)


def test_a_secret_key_that_is_being_replaced_still_opens_them(
    alice: User, second_factor: list[str], settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10

    assert enters(code())


def test_a_lost_secret_key_lets_nobody_in(alice: User, second_factor: list[str], settings: Settings) -> None:
    settings.SECRET_KEY = "another" * 10

    assert [enters(shown) for shown in (code(), second_factor[0])] == [False, False]
