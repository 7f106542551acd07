"""`manage.py create_token` prints a token, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from escalation.api.models import SHAPE, Token
from escalation.gating.models import Agent
from tests.api.caller import Caller, a_body


def create_token(*arguments: str) -> str:
    printed = StringIO()
    call_command("create_token", *arguments, stdout=printed)
    return printed.getvalue()


def test_what_it_prints_works(agent: Agent) -> None:
    printed = create_token("support-triage")

    answer = Caller(printed.strip()).post("/escalations/", a_body())
    assert SHAPE.match(printed.removesuffix("\n"))
    assert answer.status_code == 201


def test_scopes_name_and_expiry_are_as_asked(agent: Agent) -> None:
    create_token("support-triage", "--scopes", "labels, runs", "--name", "nightly", "--expires-days", "30")

    token = Token.objects.get()
    assert (token.scopes, token.name) == (["labels", "runs"], "nightly")
    assert token.expires_at == token.created_at + timedelta(days=30)


def test_zero_days_means_never(agent: Agent) -> None:
    create_token("support-triage", "--expires-days", "0")

    assert Token.objects.get().expires_at is None


def test_a_reviewers_token_reviews(alice: User) -> None:
    printed = create_token("--reviewer", "alice")

    answer = Caller(printed.strip()).post("/escalations/next/", {})
    assert (Token.objects.get().scopes, answer.status_code) == (["review"], 204)


def test_a_reviewers_token_reads_labels_where_that_is_asked_for(alice: User) -> None:
    caller = Caller(create_token("--reviewer", "alice", "--scopes", "labels").strip())

    answers = caller.get("/labels/"), caller.post("/escalations/next/", {})

    assert [answer.status_code for answer in answers] == [200, 403]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody"], "There is no agent 'nobody' (there are: support-triage)"),
        (["support-triage", "--scopes", "everything"], "No such scope here: everything"),
        (["support-triage", "--scopes", "review"], "No such scope here: review"),
        (["support-triage", "--scopes", ","], "Name at least one scope"),
        (["support-triage", "--expires-days", "-1"], "cannot be negative"),
        (["--reviewer", "nobody"], "There is no active user 'nobody'"),
        ([], "Name either an agent or --reviewer"),
        (["support-triage", "--reviewer", "alice"], "Name either an agent or --reviewer"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_made(agent: Agent, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError) as refusal:
        create_token(*arguments)

    assert says in str(refusal.value)
    assert not Token.objects.exists()


def test_a_replaced_one_works_until_the_overlap_is_over(agent: Agent) -> None:
    old, text = Token.objects.issue(agent=agent, scopes=["escalations"], lifetime=timedelta(days=30))

    printed = create_token("--rotate", text, "--overlap-hours", "1")

    old.refresh_from_db()
    new = Token.objects.get(replaces=old)
    statuses = [Caller(one).get("/escalations/").status_code for one in (text, printed.strip())]
    assert statuses == [200, 200]
    assert (new.agent, new.scopes) == (agent, ["escalations"])
    assert new.expires_at == new.created_at + timedelta(days=30)
    assert old.expires_at is not None
    assert timedelta(minutes=59) < old.expires_at - new.created_at < timedelta(minutes=61)


def test_no_overlap_ends_the_replaced_one_at_once(agent: Agent) -> None:
    _, text = Token.objects.issue(agent=agent, scopes=["escalations"])
    Caller(text).get("/escalations/")

    create_token("--rotate", text[:12], "--overlap-hours", "0")

    assert Caller(text).get("/escalations/").status_code == 401


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rotate", "otw_00000000"], "There is no such token"),
        (["--rotate", "nonsense"], "There is no such token"),
        (["support-triage", "--rotate", "otw_00000000"], "name neither"),
        (["--rotate", "otw_00000000", "--overlap-hours", "-1"], "cannot be negative"),
    ],
)
def test_what_cannot_be_replaced_is_said(agent: Agent, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        create_token(*arguments)


def test_a_revoked_one_is_not_replaced(agent: Agent) -> None:
    token, text = Token.objects.issue(agent=agent, scopes=["escalations"])
    token.revoke()

    with pytest.raises(CommandError, match="This token is revoked"):
        create_token("--rotate", text)
