"""Every address, for everyone who has no business there: refused as documented, nothing shown or changed.

What is asked for belongs to the review queue "support", its agent and Alice. A new address fails
here until it stands in the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from agents.models import Run
from escalation.access.models import Session
from escalation.api.models import Scope, Token
from escalation.delivery.models import Channel
from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.queue.models import Escalation, Event, Membership, ReviewQueue
from escalation.review.saved_view import SavedView

# In every row that is not to be seen.
THEIRS = "zanzibar"
IN = (302,)  # asked to sign in
NO = (403, 404, 405)
# What an address answers to whoever has not signed in; to whoever has, but has no rights here; to a token of
# somebody else. A row of others is not there; a list is without it.
ROW, LIST = (IN, (404, 405), IN), (IN, (200, 302, 405, 422), IN)
# Some of the REST API also serves the browser of whoever signed in; a decision's body is judged first.
BOTH_ROW, BOTH_SAID = ((401,), NO, NO), ((401,), (400, *NO), (400, *NO))
BOTH_LIST = ((401,), (200, 400, 403, 405), (200, 204, 400, 403, 405))
REST_ROW, REST_LIST = ((401,), (401,), NO), ((401,), (401,), (200, 400, 403, 404, 405))
OPEN = ((200, 302, 405),) * 3
ADMIN = (IN, IN, IN)
# What is expected of an address stands at its longest beginning.
TABLE = {
    "api/v1/schema/": OPEN,
    "api/v1/docs/": OPEN,
    "api/v1/runs/<": REST_ROW,
    "api/v1/escalations/<": BOTH_ROW,
    "api/v1/escalations/<int:id>/decision/": BOTH_SAID,
    "api/v1/escalations/<int:id>/receipt/": REST_ROW,
    "api/v1/outcomes/<": REST_ROW,
    "api/v1/agents/<": BOTH_ROW,
    "api/v1/compat/humanlayer/v1/function_calls/<": REST_ROW,
    "api/v1/compat/humanlayer/v1/contact_requests/<": REST_ROW,
    "api/v1/compat/humanlayer/v1/human_contacts/<": REST_ROW,
    "api/v1/compat/agent-inbox/<": REST_ROW,
    "api/v1/compat/hitl/<": REST_ROW,
    "api/v1/compat/": REST_LIST,
    "api/v1/runs/": REST_LIST,
    "api/v1/escalations/": BOTH_LIST,
    "api/v1/decisions/": BOTH_LIST,
    "api/v1/outcomes/": REST_LIST,
    "api/v1/sandbox/outcomes/": REST_LIST,
    "api/v1/labels/": BOTH_LIST,
    "account/tokens/<int:pk>/rotation/": (IN, NO, IN),
    "account/tokens/<": ROW,
    "account/channels/<": ROW,
    "account/sessions/<": ROW,
    "account/second-factor/removal/": ROW,
    "account/tokens/": (IN, (200, 403, 405, 422), IN),
    "account/confirmation/": (IN, (200, 202, 405), IN),
    "account/": LIST,
    "admin/login/": (IN, (403,), IN),
    "admin/logout/": (IN, (302, 405), IN),
    "admin/": ADMIN,
    "login/with/": ((403, 404),) * 3,
    "login/": OPEN,
    "logout/": OPEN,
    "healthz": OPEN,
    "readyz": ((200, 503),) * 3,
    "metrics": OPEN,
    "runs/<": ROW,
    "runs/": LIST,
    "^api(/|$)": ((404,), (404,), (404,)),
    "agents/<": ROW,
    "agents/": LIST,
    "queue/alike/<": ROW,
    "queue/": LIST,
    "insights/quality/<": ROW,
    "insights/quality/": (IN, (200, 403, 405), IN),
    "insights/": LIST,
    "shortcuts/": LIST,
    "views/<": ROW,
    "views/": LIST,
    "escalations/<": ROW,
    "": OPEN,
}
MADE = (Escalation, Event, Outcome, Run, SavedView, Channel, Gate, Agent)


def addresses(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)
        else:
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))


# Signing out comes last.
EVERY = sorted(
    set(addresses(get_resolver().url_patterns)), key=lambda address: ("logout" in address, address)
)


def place(address: str) -> str | None:
    """Where an address stands in the table; one that names a row, only at a beginning that names one."""
    named = "<" in address and not address.startswith(("admin/", "login/with/", "insights/<"))
    fits = [begin for begin in TABLE if address.startswith(begin) and ("<" in begin or not named)]
    return max(filter(None, fits), key=len, default=None if address else "")


def expected(address: str) -> tuple[tuple[int, ...], ...]:
    return TABLE[place(address) or ""]


@dataclass
class Theirs:
    """What one must not get at, by the beginning of the addresses that name it."""

    rows: dict[str, object]
    escalation: Escalation

    def fill(self, address: str) -> str:
        """The address of the row itself."""
        if "<" not in address:
            return "/" + re.sub(r"\(\?P<app_label>.*|[\^$].*", "gating/", address).replace("(?P<url>.*)", "x")
        begin = max((begin for begin in self.rows if address.startswith(begin)), key=len, default="")
        return "/" + re.sub(r"<[^>]+>", str(self.rows.get(begin, 1)), address)

    def body(self) -> dict[str, Any]:
        """A form that names their escalation in every way that ours do."""
        pk = self.escalation.pk
        return {"pk": pk, "id": pk, "chosen": [pk], "verdict": "accept", "note": "mine", "output": '"x"'}

    def standing(self) -> list[Any]:
        """All that must be as it was afterwards."""
        counts = [model._default_manager.count() for model in MADE]
        row: Model = Escalation.objects.get(pk=self.escalation.pk)
        tokens = list(Token.objects.filter(revoked_at=None).values_list("pk", flat=True))
        return [*counts, row.__dict__ | {"_state": None}, tokens, Run.objects.get().state]


@pytest.fixture
def theirs(gate: Gate, alice: User, bob: User, settings: Settings) -> Theirs:
    """A row of each kind, all of Alice's team; Bob has left it."""
    Membership.objects.filter(user=bob).delete()
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    result = Result(task=THEIRS, output={"reply": THEIRS}, confidence=0.1)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    assert outcome.escalation_id
    Escalation.objects.filter(pk=outcome.escalation_id).update(
        title=THEIRS, key="call-1", external_id=THEIRS, output={"reply": THEIRS}
    )
    run = Run.objects.create(agent="support-triage", task=THEIRS, title=THEIRS, model="m")
    view = SavedView.objects.create(owner=alice, name=THEIRS, query="show=mine")
    channel = Channel.objects.create(user=alice, address=f"{THEIRS}@example.com")
    token, _ = Token.objects.issue(reviewer=alice, scopes=["review"], name=THEIRS)
    Client().force_login(alice)
    rows: dict[str, object] = {
        "api/v1/runs/": run.pk,
        "runs/": run.pk,
        "api/v1/escalations/": outcome.escalation_id,
        "escalations/": outcome.escalation_id,
        "queue/alike/": outcome.escalation_id,
        "api/v1/outcomes/": outcome.pk,
        "api/v1/compat/agent-inbox/": outcome.escalation_id,
        "api/v1/compat/humanlayer/": "call-1",
        "api/v1/compat/hitl/": "a" * 32,
        "api/v1/agents/": "support-triage",
        "agents/": "support-triage",
        "account/tokens/": token.pk,
        "account/channels/": channel.pk,
        "account/sessions/": Session.objects.of(alice)[0].name,
        "views/": view.pk,
        "insights/<slug:slug>.csv": "backlog",
        "login/with/": "oidc",
    }
    return Theirs(rows, Escalation.objects.get(pk=outcome.escalation_id))


def elsewhere(user: User, role: str) -> Client:
    """A browser of somebody who belongs to another review queue."""
    invoices = ReviewQueue.objects.create(slug="invoices", name="Invoices")
    Membership.objects.create(queue=invoices, user=user, role=role)
    return signed_in(user)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def holding(token: tuple[Token, str]) -> Client:
    return Client(headers={"authorization": f"Bearer {token[1]}"}, raise_request_exception=False)


def walked(client: Client, theirs: Theirs, who: int) -> str:
    """What was answered otherwise than the table says, at every address, whatever was asked."""
    wrong = []
    before = theirs.standing()
    for address in EVERY:
        path = theirs.fill(address)
        kind = "application/json" if address.startswith("api/") else "application/x-www-form-urlencoded"
        for method in ("GET", "POST", "DELETE"):
            answer = ask(client, method, path, theirs.body(), kind)
            shown = b"".join(answer) if answer.streaming else answer.content
            if answer.status_code not in expected(address)[who] or THEIRS.encode() in shown:
                wrong.append(
                    f"{method} {address} -> {answer.status_code} {'SHOWN' * (THEIRS.encode() in shown)}"
                )
    changed = [pair for pair in zip(before, theirs.standing(), strict=True) if pair[0] != pair[1]]
    return "\n".join(wrong + [f"changed: {pair}" for pair in changed])


def ask(client: Client, method: str, path: str, body: dict[str, Any], kind: str) -> Any:
    if method == "GET":
        return client.get(path)
    if method == "DELETE":
        return client.delete(path)
    return client.post(path, body, content_type=kind) if "json" in kind else client.post(path, body)


def test_a_stranger_gets_at_nothing(theirs: Theirs) -> None:
    assert walked(Client(raise_request_exception=False), theirs, 0) == ""


def test_who_signed_in_without_rights_gets_at_nothing(theirs: Theirs, mallory: User) -> None:
    assert walked(signed_in(mallory), theirs, 1) == ""


@pytest.mark.parametrize("role", ["reviewer", "lead"])
def test_another_team_gets_at_nothing(theirs: Theirs, bob: User, role: str) -> None:
    assert walked(elsewhere(bob, role), theirs, 1) == ""


def test_a_token_of_another_agent_gets_at_nothing(theirs: Theirs) -> None:
    other = Agent.objects.create(slug="invoices", name="Invoices")
    token = Token.objects.issue(agent=other, scopes=Scope.fitting(reviewer=False))

    assert walked(holding(token), theirs, 2) == ""


def test_a_token_of_another_teams_reviewer_gets_at_nothing(theirs: Theirs, bob: User) -> None:
    elsewhere(bob, "reviewer")

    assert walked(holding(Token.objects.issue(reviewer=bob, scopes=["review"])), theirs, 2) == ""


def test_ops_get_an_answer_everywhere(theirs: Theirs, olga: User) -> None:
    client = signed_in(olga)

    statuses = {address: client.get(theirs.fill(address)).status_code for address in EVERY}

    assert {address for address, status in statuses.items() if status >= 500} <= {"readyz"}


def test_every_address_stands_in_the_table() -> None:
    assert [address for address in EVERY if place(address) is None] == []
