"""People who sign in as a browser does, and their authenticators."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.cast import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PERIOD_S = 10**10
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    # Names with a hash exist only once the files were collected.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


@pytest.fixture(autouse=True)
def _codes_do_not_change(settings: Settings) -> None:
    # An authenticator's code would end with its half minute, between being read and being asked for.
    settings.MFA_TOTP_PERIOD = PERIOD_S


def sign_in(name: str, password: str = PASSWORD, **said: Any) -> tuple[Client, Any]:
    """A browser in which the sign-in form was sent, and what it was answered."""
    client = Client(headers={"user-agent": FIREFOX})
    return client, client.post("/login/", {"login": name, "password": password, **said})


def grown_old(client: Client) -> Client:
    """The browser as it is an hour after somebody signed in."""
    session = client.session
    session["confirmed_at"] = time.time() - 3600
    session.save()
    return client


def code(secret: str = SECRET) -> str:
    """What an authenticator shows now."""
    shown: str = format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S))
    return shown


@pytest.fixture
def second_factor(alice: User) -> list[str]:
    """Alice has one with the key SECRET; these are her recovery codes."""
    TOTP.activate(alice, SECRET)
    codes: list[str] = RecoveryCodes.activate(alice).generate_codes()
    return codes


def stored() -> list[str]:
    """What the database has of second factors."""
    types: list[str] = list(Authenticator.objects.values_list("type", flat=True).order_by("type"))
    return types
