"""Alice sees where she is signed in, and ends what she did not mean to leave open, at once."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.access.browsers import name_of
from escalation.access.models import Session
from escalation.access.tasks import forget
from tests.access.conftest import sign_in
from tests.cast import PASSWORD

ENDS = re.compile(r"/account/sessions/(\w{16})/end/")


def test_she_sees_browser_address_and_which_is_this_one(alice: User, bob: User) -> None:
    client, _ = sign_in("alice")
    sign_in("alice")
    sign_in("bob")

    page = client.get("/account/").content.decode()

    assert page.count(">Firefox on Linux</td>") == 2
    assert (page.count("127.0.0.1</code>"), page.count("this one"), len(ENDS.findall(page))) == (2, 1, 1)
    assert str(client.session.session_key) not in page


def test_one_that_she_ends_is_over_at_once(alice: User) -> None:
    (left_open, _), (client, _) = sign_in("alice"), sign_in("alice")
    (name,) = ENDS.findall(client.get("/account/").content.decode())

    client.post(f"/account/sessions/{name}/end/")

    assert left_open.get("/queue/").status_code == 302
    assert client.get("/queue/").status_code == 200


def test_she_ends_all_others_but_nobody_elses(alice: User, bob: User) -> None:
    others = [sign_in("alice")[0], sign_in("alice")[0]]
    bobs, client = sign_in("bob")[0], sign_in("alice")[0]

    client.post("/account/sessions/end/")

    assert [each.get("/queue/").status_code for each in (*others, bobs, client)] == [302, 302, 200, 200]


def test_bobs_session_is_not_hers_to_end(alice: User, bob: User) -> None:
    (bobs, _), (client, _) = sign_in("bob"), sign_in("alice")
    (row,) = Session.objects.of(bob)

    answer = client.post(f"/account/sessions/{row.name}/end/")

    assert answer.status_code == 404
    assert bobs.get("/queue/").status_code == 200


def test_a_new_password_signs_out_everywhere_else(alice: User) -> None:
    (other, _), (client, _) = sign_in("alice"), sign_in("alice")
    new = "correct horse battery"

    answer = client.post(
        "/account/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )

    assert answer["Location"] == "/account/"
    assert Session.objects.of(alice).count() == 1
    assert [each.get("/queue/").status_code for each in (other, client)] == [302, 200]
    assert sign_in("alice", new)[1].status_code == 302


def test_a_new_password_needs_the_old_one(alice: User) -> None:
    client, _ = sign_in("alice")
    new = "correct horse battery"

    answer = client.post(
        "/account/password/", {"old_password": "wrong", "new_password1": new, "new_password2": new}
    )

    assert answer.status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_last_seen_is_noted_once_a_minute(alice: User) -> None:
    client, _ = sign_in("alice")
    long_ago = now() - timedelta(hours=2)
    Session.objects.update(seen_at=long_ago)

    client.get("/queue/")

    (session,) = Session.objects.of(alice)
    assert session.seen_at > long_ago + timedelta(hours=1)


def test_sessions_that_are_over_are_forgotten(alice: User) -> None:
    sign_in("alice")
    Session.objects.update(expire_date=now() - timedelta(seconds=1))

    forget()

    assert not Session.objects.exists()


def test_a_browser_is_named_as_its_owner_would() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1"

    assert [name_of(each) for each in (edge, phone, "", "curl/8.1")] == [
        "Edge on Windows",
        "Safari on iPhone",
        "an unnamed browser",
        "curl",
    ]


def test_a_client_without_a_session_leaves_none(db: None) -> None:
    Client().get("/login/")

    assert not Session.objects.exists()
