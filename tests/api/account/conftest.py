from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    # Names with a hash exist only once the files were collected.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's, which sends no form without the CSRF token of the page."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client
