from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from escalation.queue.models import Escalation
from escalation.review.views import queue
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX


def test_nothing_new_costs_nothing(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    pk = an_escalation().pk
    address = f"/queue/news/?shown={pk}&newest={pk}"
    etag = as_alice.get(address, headers=HTMX)["ETag"]

    response = as_alice.get(address, headers=HTMX | {"If-None-Match": etag})

    assert response.status_code == 304
    assert response.content == b""


def test_while_nothing_moves_the_list_is_not_read_again(
    as_alice: Client, an_escalation: RaiseEscalation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pk = an_escalation().pk
    address = f"/queue/news/?shown={pk}&newest={pk}"
    etag = as_alice.get(address, headers=HTMX)["ETag"]

    with django_assert_max_num_queries(3):
        response = as_alice.get(address, headers=HTMX | {"If-None-Match": etag})

    assert response.status_code == 304


def test_a_lease_that_runs_out_is_seen_though_it_is_no_move(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalation = an_escalation()
    escalation.claim(bob)
    address = f"/queue/news/?shown={escalation.pk}&newest={escalation.pk}"
    etag = as_alice.get(address, headers=HTMX)["ETag"]
    Escalation.objects.update(claimed_until=Now())
    monkeypatch.setattr(queue, "LOOKED_AFTER_S", 0)

    response = as_alice.get(address, headers=HTMX | {"If-None-Match": etag})

    assert response.status_code == 200
    assert b"bob" not in response.content


def test_a_row_that_somebody_took_is_shown_as_it_now_is(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    escalation = an_escalation()
    address = f"/queue/news/?shown={escalation.pk}&newest={escalation.pk}"
    etag = as_alice.get(address, headers=HTMX)["ETag"]
    escalation.claim(bob)

    response = as_alice.get(address, headers=HTMX | {"If-None-Match": etag})

    assert response.status_code == 200
    assert b"bob" in response.content


def test_what_is_new_is_counted_and_does_not_push_rows_away(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    pk = an_escalation(title="old").pk
    an_escalation(title="new", priority=3)

    text = as_alice.get(f"/queue/news/?shown={pk}&newest={pk}", headers=HTMX).content.decode()

    assert "1 new" in text
    assert 'id="row-' in text
    assert text.count('class="row"') == 1


def test_other_peoples_rows_are_no_news(as_mallory: Client, an_escalation: RaiseEscalation) -> None:
    pk = an_escalation(title="secret").pk

    response = as_mallory.get(f"/queue/news/?shown={pk}&newest=0", headers=HTMX)

    assert b"secret" not in response.content
    assert b" new" not in response.content


def test_a_garbled_question_is_answered_with_nothing(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="old")

    response = as_alice.get(f"/queue/news/?shown=x,{'9' * 40},-1&newest=latest", headers=HTMX)

    assert response.status_code == 200
    assert b"old" not in response.content


def test_rows_that_stay_as_they_are_are_not_sent_again(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    pk = an_escalation(title="old").pk
    address = f"/queue/news/?shown={pk}&newest={pk}"
    etag = as_alice.get(address, headers=HTMX)["ETag"]
    an_escalation(title="new")

    response = as_alice.get(address, headers=HTMX | {"If-None-Match": etag})

    assert (response.status_code, response["HX-Reswap"]) == (200, "none")
    assert b"1 new" in response.content
    assert b"row-" not in response.content
