"""Browsers of the cast, at the admin's door."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    # The hashed names exist once `collectstatic` has run; pages are what is tested here.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_olga(olga: User) -> Client:
    return signed_in(olga)


@pytest.fixture
def as_alice(alice: User) -> Client:
    """A reviewer, who has no business in the admin."""
    return signed_in(alice)


@pytest.fixture
def as_root(db: None) -> Client:
    """A superuser: may everything that anybody may."""
    return signed_in(User.objects.create(username="root", is_staff=True, is_superuser=True))
