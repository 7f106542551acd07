"""One run in the browser: what it did and spent, live, and the button that stops it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from agents.models import Run
from agents.run.runner import advance
from escalation.queue.models import Escalation
from tests.agents.conftest import Desk
from tests.agents.shop import answers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    # The hashed names exist once `collectstatic` has run; pages are what is tested here.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_shows_what_was_spent_of_the_budget_in_readable_numbers(desk: Desk) -> None:
    run = desk.run(answers())
    Run.objects.filter(pk=run.pk).update(budget={"cost_usd": 0.02053, "wall_clock_s": 120.05704827399859})

    page = browser(desk.alice).get(f"/runs/{run.pk}/").text

    assert "<td>$0.02053</td>" in page
    assert "<td>120.1</td>" in page


def test_a_reviewer_of_its_queue_stops_a_run_at_work(desk: Desk) -> None:
    run = desk.begin(answers())

    response = browser(desk.alice).post(f"/runs/{run.pk}/", follow=True)

    run.refresh_from_db()
    assert (run.state, run.detail) == (Run.State.STOPPED, "Stopped by alice.")
    assert "Stopped by alice." in response.text
    assert "Stop this run" not in response.text
    assert advance(run.pk, run.step) is None


def test_what_a_stopped_run_asked_of_a_human_is_withdrawn(desk: Desk, olga: User) -> None:
    run = desk.run(answers(confidence=5))
    escalation = desk.waits_for(run)

    browser(olga).post(f"/runs/{run.pk}/")

    run.refresh_from_db()
    escalation.refresh_from_db()
    assert (run.state, escalation.status) == (Run.State.STOPPED, Escalation.Status.WITHDRAWN)


def test_a_run_that_was_over_stays_as_it_was(desk: Desk) -> None:
    run = desk.run(answers())

    browser(desk.alice).post(f"/runs/{run.pk}/")

    run.refresh_from_db()
    assert run.state == Run.State.FINISHED


def test_who_may_only_look_stops_nothing(desk: Desk) -> None:
    desk.queue.memberships.filter(user=desk.alice).update(role="viewer")
    run = desk.begin(answers())
    alice = browser(desk.alice)

    response = alice.post(f"/runs/{run.pk}/")

    run.refresh_from_db()
    assert (response.status_code, run.state) == (403, Run.State.QUEUED)
    assert "Stop this run" not in alice.get(f"/runs/{run.pk}/").text


def test_a_run_of_somebody_elses_queue_is_not_there(desk: Desk, mallory: User) -> None:
    run = desk.begin(answers())

    assert browser(mallory).post(f"/runs/{run.pk}/").status_code == 404
    assert Client().get(f"/runs/{run.pk}/").status_code == 302
