"""LangChain agent inbox: a HumanInterrupt in, the HumanResponse for `Command(resume=…)` out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from msgspec import Meta, Struct, convert
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.compat.base import (
    SETTLED,
    CompatView,
    GateQuery,
    approval_or_words,
    as_text,
    verdict_of,
    why_not,
)
from escalation.api.documentation import ID, IDEMPOTENCY_KEY, LOCATION, REPLAYED, operation
from escalation.api.parsing import AnyJSONParser
from escalation.api.problems import FieldError, Invalid
from escalation.api.shapes.escalations import EscalationOut, Strict
from escalation.api.shapes.fields import Id, JsonObject, Label, Status
from escalation.api.validation import read
from escalation.api.views.base import created, idempotency_key
from escalation.api.waiting import WaitQuery

DIALECT = "agent_inbox"


class InboxAction(Strict):
    action: Label
    args: JsonObject


class InboxConfig(Strict):
    """What the sender can do with an answer."""

    allow_ignore: bool
    allow_respond: bool
    allow_edit: bool
    allow_accept: bool


class HumanInterrupt(Strict):
    action_request: InboxAction
    config: InboxConfig
    description: str | None = None


class HumanResponse(Struct, kw_only=True):
    """`args`: a text with `response`, the whole action with `edit`, else null. Arguments keep their types."""

    type: Literal["accept", "ignore", "response", "edit"]
    args: InboxAction | str | None = None


class AgentInboxOut(Struct, kw_only=True):
    """An interrupt, and once it is settled what to resume with: a list with one response."""

    id: Id
    url: str
    status: Status
    interrupt: HumanInterrupt
    response: Annotated[list[HumanResponse], Meta(min_length=1, max_length=1)] | None

    @classmethod
    def of(cls, shown: EscalationOut) -> AgentInboxOut:
        interrupt = convert(shown.metadata[DIALECT], HumanInterrupt)
        is_settled = shown.status in SETTLED
        return cls(
            id=shown.id,
            url=f"{settings.PUBLIC_URL}/api/v1/compat/agent-inbox/{shown.id}/",
            status=shown.status,
            interrupt=interrupt,
            response=[_response(shown, interrupt)] if is_settled else None,
        )


class HumanInterruptBody(HumanInterrupt):
    """One interrupt; or, as `interrupt()` was given it, a list that holds one."""


class AgentInbox(CompatView):
    parser_classes = (AnyJSONParser,)

    @operation(
        "Put a HumanInterrupt to a human",
        takes=HumanInterruptBody,
        query=GateQuery,
        gives={201: AgentInboxOut, 200: AgentInboxOut},
        refuses=(404, 422),
        parameters=(IDEMPOTENCY_KEY, LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        body = _the_one(self.body)
        asked = _asked(read(HumanInterrupt, body))
        shown, is_new = self.put_to_a_human(idempotency_key(request), asked | {"metadata": {DIALECT: body}})
        return created(AgentInboxOut.of(shown), is_new)


class AgentInboxDetail(CompatView):
    @operation(
        "Read what to resume a HumanInterrupt with",
        query=WaitQuery,
        gives={200: AgentInboxOut},
        refuses=(404,),
        parameters=(ID,),
    )
    def get(self, request: Request, id: int) -> Response:
        return Response(AgentInboxOut.of(self.awaited(DIALECT, f"interrupt {id}", pk=id)))


def _the_one(body: Any) -> dict[str, Any]:
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise Invalid(FieldError("", "not a HumanInterrupt, nor a list that holds one"))
    return body


def _asked(interrupt: HumanInterrupt) -> dict[str, Any]:
    action, config = interrupt.action_request, interrupt.config
    explanation = interrupt.description or ""
    may_run = config.allow_accept or config.allow_edit
    return approval_or_words(action.action, action.args, explanation, may_run=may_run)


def _response(shown: EscalationOut, interrupt: HumanInterrupt) -> HumanResponse:
    action, config, verdict = interrupt.action_request, interrupt.config, verdict_of(shown)
    decision = shown.decision
    if verdict == "accept" and config.allow_accept:
        return HumanResponse(type="accept")
    if decision and verdict in ("accept", "edit") and config.allow_edit:
        return HumanResponse(type="edit", args=InboxAction(action=action.action, args=decision.arguments))
    if decision and verdict == "answer":
        return HumanResponse(type="response", args=as_text(decision.answer))
    # Whatever else was said, it must not run. Words are for the sender to heed, if it can.
    has_words = decision is not None and (decision.note or verdict == "edit")
    if config.allow_respond and (has_words or not config.allow_ignore):
        return HumanResponse(type="response", args=why_not(shown))
    return HumanResponse(type="ignore")
