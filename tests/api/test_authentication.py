"""Who may call at all."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.api import models
from escalation.api.models import Token
from escalation.api.urls import urlpatterns
from escalation.api.views.absence import NothingHere
from escalation.api.views.base import ApiView
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from tests.api.caller import BASE, Caller, a_body
from tests.cast import PASSWORD, RaiseEscalation


def changed(token: str, at: int) -> str:
    return token[:at] + ("b" if token[at] == "a" else "a") + token[at + 1 :]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Token {token}", "{token}", "Bearer {token}x"],
)
def test_nobody_calls_without_a_token(token: str, authorization: str) -> None:
    headers = {"Authorization": authorization.format(token=token)} if authorization else {}

    answer: Any = Client().get(f"{BASE}/escalations/", headers=headers)

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == 'Bearer realm="otherwise"'


@pytest.mark.parametrize("at", [0, 5, 20, -1])
def test_a_token_with_one_wrong_letter_is_no_token(token: str, at: int) -> None:
    answer = Caller(changed(token, at % len(token))).get("/escalations/")

    assert answer.status_code == 401


def test_a_wrong_secret_with_a_right_checksum_is_no_token(token: str) -> None:
    public_id, secret = token.split("_")[1:3]
    forged = "x" * len(secret)
    text = f"otw_{public_id}_{forged}_{models._checksum(public_id, forged)}"

    answer = Caller(text).get("/escalations/")

    assert answer.status_code == 401


def test_a_token_in_the_query_string_is_not_looked_at(token: str) -> None:
    answer: Any = Client().get(f"{BASE}/escalations/", {"token": token, "access_token": token})

    assert answer.status_code == 401


def test_a_revoked_token_is_refused_at_once(support_triage: Caller) -> None:
    support_triage.get("/escalations/")

    Token.objects.get().revoke()

    assert support_triage.get("/escalations/").status_code == 401


def test_another_process_notices_the_revocation_in_time(support_triage: Caller) -> None:
    support_triage.get("/escalations/")
    Token.objects.update(revoked_at=now())  # as another process would: this one's memory knows nothing of it
    before = support_triage.get("/escalations/").status_code

    _wait_until_memory_is_stale()

    assert (before, support_triage.get("/escalations/").status_code) == (200, 401)
    assert models.FRESH_S <= 5


def _wait_until_memory_is_stale() -> None:
    for public_id, (_, remembered) in models._fresh.items():
        models._fresh[public_id] = (0.0, remembered)


def test_an_expired_token_is_refused(agent: Agent) -> None:
    text = Token.objects.issue(agent=agent, scopes=["escalations"], lifetime=timedelta(seconds=-1))[1]

    answer = Caller(text).get("/escalations/")

    assert answer.status_code == 401


def test_a_token_without_the_scope_is_forbidden(agent: Agent) -> None:
    caller = Caller(Token.objects.issue(agent=agent, scopes=["outcomes"])[1])

    answer = caller.post("/escalations/", a_body())

    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert "escalations" in answer.json()["detail"]
    assert not Escalation.objects.exists()


def test_only_the_hash_of_the_secret_is_kept(token: str) -> None:
    secret = token.split("_")[2]

    row = Token.objects.values().get()

    assert secret not in repr(row)
    assert row["secret_hash"] == sha256(secret.encode()).hexdigest()


def test_its_last_use_is_written_once_a_minute(support_triage: Caller) -> None:
    support_triage.get("/escalations/")
    first = Token.objects.get().last_used_at
    models._fresh.clear()

    support_triage.get("/escalations/")

    assert first is not None
    assert Token.objects.get().last_used_at == first


def test_a_known_token_costs_no_query(support_triage: Caller, django_assert_num_queries: Any) -> None:
    support_triage.get("/escalations/")

    with django_assert_num_queries(1):  # the list's own
        support_triage.get("/escalations/")


def test_two_tokens_of_an_agent_overlap_while_one_is_replaced(agent: Agent) -> None:
    old, old_text = Token.objects.issue(agent=agent, scopes=["escalations"])
    new_text = Token.objects.issue(agent=agent, scopes=["escalations"])[1]
    both = [Caller(text).get("/escalations/").status_code for text in (old_text, new_text)]

    old.revoke()

    assert both == [200, 200]
    assert [Caller(text).get("/escalations/").status_code for text in (old_text, new_text)] == [401, 200]


def test_a_reviewer_who_left_is_refused(as_alice: Caller, alice: User) -> None:
    alice.is_active = False
    alice.save()

    answer = as_alice.post("/escalations/next/", {})

    assert answer.status_code == 401


def test_a_signed_in_reviewer_reads_with_the_session(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    browser = Client()
    browser.login(username="alice", password=PASSWORD)

    answer: Any = browser.get(f"{BASE}/escalations/{escalation.pk}/")

    assert (answer.status_code, answer.json()["id"]) == (200, escalation.pk)


def test_a_session_changes_nothing_without_the_csrf_token(
    alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    browser = Client(enforce_csrf_checks=True)
    browser.login(username="alice", password=PASSWORD)

    answer: Any = browser.post(f"{BASE}/escalations/{escalation.pk}/claim/")

    escalation.refresh_from_db()
    assert (answer.status_code, escalation.status) == (403, "waiting")


def test_a_session_is_not_an_agent(alice: User) -> None:
    browser = Client()
    browser.login(username="alice", password=PASSWORD)

    answer: Any = browser.post(f"{BASE}/escalations/", a_body(), content_type="application/json")

    assert answer.status_code == 403


def test_every_method_of_every_view_asks_for_a_scope() -> None:
    views = [
        pattern.callback.view_class for pattern in urlpatterns if hasattr(pattern.callback, "view_class")
    ]
    ours = [view for view in views if issubclass(view, ApiView) and view is not NothingHere]

    for view in ours:
        methods = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        assert methods
        assert methods <= set(view.scopes), view
    assert len(ours) == 25


def test_head_asks_for_what_get_asks_for(agent: Agent) -> None:
    caller = Caller(Token.objects.issue(agent=agent, scopes=["runs"])[1])

    answer: Any = Client().head(f"{BASE}/escalations/", headers=caller.headers())

    assert answer.status_code == 403
