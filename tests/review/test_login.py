from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.cast import PASSWORD
from tests.review.conftest import HTMX


def test_a_reviewer_signs_in_and_lands_on_the_queue(client: Client, alice: User) -> None:
    sent = {"login": "alice", "password": PASSWORD}

    response = client.post("/login/", sent, follow=True)

    assert response.redirect_chain[-1][0] == "/queue/"
    assert response.status_code == 200


def test_a_wrong_password_is_refused_in_words(client: Client, alice: User) -> None:
    response = client.post("/login/", {"login": "alice", "password": "wrong"})

    assert b"The username and/or password you specified are not correct" in response.content


def test_the_demo_sign_ins_are_not_shown_where_there_is_no_demo(client: Client, db: None) -> None:
    response = client.get("/login/")

    assert b"This is the demo" not in response.content


@pytest.mark.parametrize("path", ["/queue/", "/escalations/1/", "/queue/news/"])
def test_who_has_not_signed_in_is_led_to_the_sign_in_page(client: Client, db: None, path: str) -> None:
    response = client.get(path)

    assert response["Location"] == f"/login/?next={path}"


def test_htmx_is_led_to_the_sign_in_page_as_a_whole(client: Client, db: None) -> None:
    response = client.get("/queue/", headers=HTMX | {"HX-Current-URL": "http://testserver/queue/?show=mine"})

    assert response["HX-Redirect"] == "/login/?next=/queue/%3Fshow%3Dmine"


def test_signing_out_ends_the_session(as_alice: Client) -> None:
    as_alice.post("/logout/")

    assert as_alice.get("/queue/").status_code == 302
