"""A second factor is made and given up by its owner, asked for at sign-in, and required of staff."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from escalation.access.models import Session
from tests.access.conftest import SECRET, code, grown_old, sign_in, stored

PAGE = "/account/second-factor/"


def enrol(client: Client) -> str:
    """Make one as the page says, and return the page with the recovery codes."""
    client.get(PAGE)
    answer = client.post(PAGE, {"code": code(client.session[SECRET_SESSION_KEY])})
    assert answer.status_code == 200
    return answer.content.decode()


def test_alice_makes_one_and_sees_her_recovery_codes_once(alice: User) -> None:
    client, _ = sign_in("alice")

    page = enrol(client)

    codes = re.findall(r"<li><code>(\d{8})</code>", page)
    assert (len(codes), stored()) == (10, ["recovery_codes", "totp"])
    assert not any(each in client.get(PAGE).content.decode() for each in codes)


def test_the_picture_of_the_key_is_in_the_page_itself(alice: User) -> None:
    client, _ = sign_in("alice")

    answer = client.get(PAGE)

    page = answer.content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    assert client.session[SECRET_SESSION_KEY] in page
    assert "no-store" in answer["Cache-Control"]


def test_a_wrong_code_makes_none(alice: User) -> None:
    client, _ = sign_in("alice")
    client.get(PAGE)

    answer = client.post(PAGE, {"code": "000000"})

    assert (answer.status_code, stored()) == (422, [])


def test_signing_in_asks_for_a_code_after_the_password(alice: User, second_factor: list[str]) -> None:
    client, answer = sign_in("alice", next="/runs/")

    asked = answer["Location"]
    before = client.get("/queue/").status_code
    answer = client.post(asked, {"code": code()})

    assert (asked, before) == ("/login/code/", 302)
    assert answer["Location"] == "/runs/"
    assert client.get("/queue/").status_code == 200


def test_a_code_is_good_for_one_sign_in(alice: User, second_factor: list[str]) -> None:
    shown = code()
    for _ in range(2):
        client, _answer = sign_in("alice")
        answer = client.post("/login/code/", {"code": shown})

    assert b"Incorrect code" in answer.content
    assert client.get("/queue/").status_code == 302


def test_a_recovery_code_lets_in_once(alice: User, second_factor: list[str]) -> None:
    statuses = []
    for _ in range(2):
        client, _answer = sign_in("alice")
        statuses.append(client.post("/login/code/", {"code": second_factor[0]}).status_code)

    assert statuses == [302, 200]


def test_without_the_password_there_is_no_second_step(db: None) -> None:
    assert Client().get("/login/code/")["Location"] == "/login/"


def test_alice_does_without_after_a_code(alice: User, second_factor: list[str]) -> None:
    client = Client()
    client.force_login(alice)
    grown_old(client)

    asked = client.post(f"{PAGE}removal/")
    client.post(f"{PAGE}removal/", {"confirm_with": code()})

    assert asked.status_code == 202
    assert stored() == []


def test_new_recovery_codes_end_the_old_ones(alice: User, second_factor: list[str]) -> None:
    client = Client()
    client.force_login(alice)

    page = client.post(f"{PAGE}codes/").content.decode()

    new = re.findall(r"<li><code>(\d{8})</code>", page)
    assert len(new) == 10
    assert not set(new) & set(second_factor)


def test_staff_without_one_are_led_to_it_and_the_admin_is_closed(olga: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_FOR_STAFF = True

    client, answer = sign_in("olga", next="/admin/")

    assert answer["Location"] == f"{PAGE}?next=%2Fadmin%2F"
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == f"{PAGE}?next=%2Fadmin%2F"
    assert client.get("/queue/").status_code == 200
    enrol(client)
    assert client.get("/admin/").status_code == 200


def test_a_lost_one_is_taken_away_by_command(
    alice: User, second_factor: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client()
    client.force_login(alice)

    call_command("reset_second_factor", "alice")

    assert "signed out of 1 sessions" in capsys.readouterr().out
    assert (stored(), Session.objects.count()) == ([], 0)
    assert sign_in("alice")[1]["Location"] == "/"


def test_the_command_knows_who_is_there(db: None) -> None:
    with pytest.raises(CommandError, match="Nobody is named 'zoe'"):
        call_command("reset_second_factor", "zoe")


def test_the_key_is_never_in_the_page_again(alice: User, second_factor: list[str]) -> None:
    client = Client()
    client.force_login(alice)

    assert SECRET not in client.get(PAGE).content.decode()
