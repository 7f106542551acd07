"""Who is signed in, and how htmx asks."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    # Names with a hash exist only once the files were collected.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def as_mallory(mallory: User) -> Client:
    return _signed_in(mallory)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
