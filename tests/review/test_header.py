"""What stands on every page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_local", [True, False])
def test_the_local_model_is_never_taken_for_the_real_one(
    client: Client, alice: User, settings: Settings, is_local: bool
) -> None:
    settings.LOCAL_MODEL = is_local
    client.force_login(alice)

    page = client.get("/queue/")

    assert ("local model" in page.content.decode()) is is_local
