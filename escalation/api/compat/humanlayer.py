"""HumanLayer's function calls and human contacts, under `HUMANLAYER_API_BASE`.

A call that a human edits is one that must not run as it is, and HumanLayer has no word for that: it is
answered as not approved, with the new arguments in the comment.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter
from msgspec import Struct, convert, to_builtins
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.compat.base import (
    SETTLED,
    CompatView,
    GateQuery,
    approval,
    as_text,
    question,
    verdict_of,
    why_not,
)
from escalation.api.compat.humanlayer_shapes import (
    CALL_ID_PATTERN,
    HumanLayerCallStatus,
    HumanLayerContact,
    HumanLayerContactStatus,
    HumanLayerFunctionCall,
    HumanLayerOption,
)
from escalation.api.documentation import LOCATION, REPLAYED, operation
from escalation.api.shapes.escalations import EscalationOut
from escalation.api.validation import read
from escalation.api.waiting import WaitQuery
from escalation.queue.models import Escalation

DIALECT = "humanlayer"
CALL_ID = OpenApiParameter(
    "call_id",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": CALL_ID_PATTERN},
    OpenApiParameter.PATH,
)


class HumanLayerView(CompatView):
    """Both kinds: posted with an id of the sender's, and read under it."""

    kind: str

    def raised(self, posted: HumanLayerFunctionCall | HumanLayerContact, asked: dict[str, Any]) -> Response:
        written = asked | {"external_id": posted.call_id, "metadata": {DIALECT: _kept(self.body)}}
        shown, is_new = self.put_to_a_human(f"{DIALECT}:{self.kind}:{posted.call_id}", written)
        if not is_new:
            return Response(self.answer(shown), 200, headers={"Idempotent-Replayed": "true"})
        place = f"{settings.PUBLIC_URL}{self.request.path}/{posted.call_id}"
        return Response(self.answer(shown), 201, headers={"Location": place})

    def seen(self, request: Request, call_id: str) -> Response:
        which = {"key": f"{DIALECT}:{self.kind}:{call_id}"}
        return Response(self.answer(self.awaited(DIALECT, f"{self.kind} {call_id!r}", **which)))

    def answer(self, shown: EscalationOut) -> Struct:
        raise TypeError("each kind answers in its own words")


class _Calls(HumanLayerView):
    kind = "function_call"

    def answer(self, shown: EscalationOut) -> HumanLayerFunctionCall:
        return _call(shown)


class HumanLayerCalls(_Calls):
    @operation(
        "Ask a human to approve a function call, in HumanLayer's words",
        takes=HumanLayerFunctionCall,
        query=GateQuery,
        gives={201: HumanLayerFunctionCall, 200: HumanLayerFunctionCall},
        refuses=(404, 422),
        parameters=(LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        call = read(HumanLayerFunctionCall, self.body)
        ways = [_described(option) for option in call.spec.reject_options or []]
        explanation = "Ways to reject it:\n\n" + "\n".join(ways) if ways else ""
        return self.raised(call, approval(call.spec.fn, call.spec.kwargs, explanation))


class HumanLayerCall(_Calls):
    @operation(
        "Read a function call, in HumanLayer's words",
        query=WaitQuery,
        gives={200: HumanLayerFunctionCall},
        refuses=(404,),
        parameters=(CALL_ID,),
    )
    def get(self, request: Request, call_id: str) -> Response:
        return self.seen(request, call_id)


class _Contacts(HumanLayerView):
    kind = "human_contact"

    def answer(self, shown: EscalationOut) -> HumanLayerContact:
        return _contact(shown)


class HumanLayerContacts(_Contacts):
    @operation(
        "Ask a human something, in HumanLayer's words",
        takes=HumanLayerContact,
        query=GateQuery,
        gives={201: HumanLayerContact, 200: HumanLayerContact},
        refuses=(404, 422),
        parameters=(LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        contact = read(HumanLayerContact, self.body)
        choices = contact.spec.response_options or []
        options = [{"value": one.name, "label": one.title or one.name} for one in choices]
        return self.raised(
            contact, question(contact.spec.msg, contact.spec.subject or "") | {"options": options}
        )


class HumanLayerContactDetail(_Contacts):
    @operation(
        "Read what a human answered, in HumanLayer's words",
        query=WaitQuery,
        gives={200: HumanLayerContact},
        refuses=(404,),
        parameters=(CALL_ID,),
    )
    def get(self, request: Request, call_id: str) -> Response:
        return self.seen(request, call_id)


class HumanLayerContactRequests(HumanLayerContacts):
    """The path that HumanLayer's own package posts to."""


class HumanLayerContactRequest(HumanLayerContactDetail):
    """The path that HumanLayer's own package reads."""


def completed(row: Escalation) -> tuple[str, dict[str, Any]] | None:
    """HumanLayer's event for an escalation that has come to its end, and what it says; None for another."""
    dialect, _, rest = (row.key or "").partition(":")
    if dialect != DIALECT or DIALECT not in row.metadata:
        return None
    kind, shown = rest.partition(":")[0], EscalationOut.of(row)
    told = _call(shown) if kind == _Calls.kind else _contact(shown)
    return f"{kind}.completed", to_builtins(told)


def _call(shown: EscalationOut) -> HumanLayerFunctionCall:
    call = convert(shown.metadata[DIALECT], HumanLayerFunctionCall)
    call.status = _approval(shown, call.spec.reject_options or [])
    return call


def _contact(shown: EscalationOut) -> HumanLayerContact:
    contact = convert(shown.metadata[DIALECT], HumanLayerContact)
    contact.status = _response(shown, contact.spec.response_options or [])
    return contact


def _kept(body: dict[str, Any]) -> dict[str, Any]:
    """What was posted, to be given back: without its status, and without a key to somebody's Slack."""
    spec = dict(body["spec"])
    if (channel := spec.get("channel")) and channel.get("slack"):
        spec["channel"] = channel | {"slack": channel["slack"] | {"bot_token": None}}
    return {"run_id": body["run_id"], "call_id": body["call_id"], "spec": spec}


def _described(option: HumanLayerOption) -> str:
    return f"- `{option.name}`: {option.title or option.name}. {option.description or ''}".rstrip()


def _approval(shown: EscalationOut, reject_options: list[HumanLayerOption]) -> HumanLayerCallStatus:
    status = HumanLayerCallStatus(requested_at=shown.raised_at)
    if shown.status not in SETTLED:
        return status
    decision = shown.decision
    status.approved = verdict_of(shown) == "accept"
    status.comment = ((decision and decision.note) or None) if status.approved else why_not(shown)
    if decision:
        status.responded_at = decision.decided_at
        named = [option.name for option in reject_options if option.name == decision.reason_code]
        status.reject_option_name = named[0] if named and not status.approved else None
    return status


def _response(shown: EscalationOut, options: list[HumanLayerOption]) -> HumanLayerContactStatus:
    status = HumanLayerContactStatus(requested_at=shown.raised_at)
    if shown.status not in SETTLED:
        return status
    decision = shown.decision
    if decision is None or decision.verdict != "answer":
        status.response = why_not(shown)
    else:
        status.response = as_text(decision.answer)
        for option in options:
            if option.name == decision.answer:
                status.response = option.prompt_fill or option.title or option.name
                status.response_option_name = option.name
    status.responded_at = decision.decided_at if decision else None
    return status
