"""LangChain's human-in-the-loop middleware: a HITLRequest in, its decisions in the same order out.

Each action is an escalation of its own, since each may be decided by somebody else; the answer is there when
all of them are settled.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET, Meta, Struct, UnsetType, convert
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
from escalation.api.documentation import IDEMPOTENCY_KEY, LOCATION, REPLAYED, operation
from escalation.api.problems import FieldError, Invalid
from escalation.api.shapes.escalations import EscalationOut, Strict
from escalation.api.shapes.fields import JsonObject, Label
from escalation.api.shapes.outcomes import EscalationLink
from escalation.api.validation import read, read_query
from escalation.api.views.base import created, found, idempotency_key
from escalation.api.waiting import WaitQuery, watch
from escalation.queue.content import digest

DIALECT = "hitl"
MOST_ACTIONS = 50
REQUEST_PATTERN = "^[0-9a-f]{32}$"
REQUEST = OpenApiParameter("id", {"type": "string", "pattern": REQUEST_PATTERN}, OpenApiParameter.PATH)
Allowed = Literal["approve", "edit", "reject", "respond"]


class HitlAction(Strict):
    """A call that waits for its review; early versions of the middleware said `arguments` for `args`."""

    name: Label
    args: JsonObject | UnsetType = UNSET
    arguments: JsonObject | UnsetType = UNSET
    description: str | None = None


class HitlReviewConfig(Strict):
    action_name: Label
    allowed_decisions: Annotated[list[Allowed], Meta(min_length=1)]
    args_schema: JsonObject | None = None
    arguments_schema: JsonObject | None = None
    description: str | None = None


class HitlRequest(Strict):
    action_requests: Annotated[list[HitlAction], Meta(min_length=1, max_length=MOST_ACTIONS)]
    review_configs: list[HitlReviewConfig]


class HitlEditedAction(Struct, kw_only=True, omit_defaults=True):
    """The whole action, under the sender's own word for its arguments."""

    name: str
    args: JsonObject | UnsetType = UNSET
    arguments: JsonObject | UnsetType = UNSET


class HitlApprove(Struct, kw_only=True, tag_field="type", tag="approve"):
    """It may run as it is."""


class HitlEdit(Struct, kw_only=True, tag_field="type", tag="edit"):
    """It may run with these arguments; they keep their types."""

    edited_action: HitlEditedAction


class HitlReject(Struct, kw_only=True, tag_field="type", tag="reject"):
    """It must not run."""

    message: str


class HitlRespond(Struct, kw_only=True, tag_field="type", tag="respond"):
    """It does not run; this is its answer."""

    message: str


HitlDecision = HitlApprove | HitlEdit | HitlReject | HitlRespond


class HitlResponse(Struct, kw_only=True):
    """What to resume with: one decision for each action, in their order."""

    decisions: list[HitlDecision]


class HitlOut(Struct, kw_only=True):
    """A request, its escalations in order, and the response once all are settled."""

    id: str
    url: str
    status: Literal["waiting", "settled"]
    escalations: list[EscalationLink]
    response: HitlResponse | None

    @classmethod
    def of(cls, id: str, rows: list[EscalationOut]) -> HitlOut:
        is_settled = all(row.status in SETTLED for row in rows)
        return cls(
            id=id,
            url=f"{settings.PUBLIC_URL}/api/v1/compat/hitl/{id}/",
            status="settled" if is_settled else "waiting",
            escalations=[EscalationLink(row.id, row.url) for row in rows],
            response=HitlResponse(decisions=[_decision(row) for row in rows]) if is_settled else None,
        )


class Hitl(CompatView):
    @operation(
        "Put the actions of a HITLRequest to a human",
        takes=HitlRequest,
        query=GateQuery,
        gives={201: HitlOut, 200: HitlOut},
        refuses=(404, 422),
        parameters=(IDEMPOTENCY_KEY, LOCATION, REPLAYED),
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        body = read(HitlRequest, self.body)
        configs = _configs(body)
        key = idempotency_key(request)
        id = digest(key)[:32] if key else uuid4().hex
        # The whole request is part of each: the same key with one action more is another body.
        common = {"request": digest(self.body), "of": len(configs)}
        raised = [
            self.put_to_a_human(_key(id, number), _asked(action, config, common))
            for number, (action, config) in enumerate(zip(body.action_requests, configs, strict=True))
        ]
        return created(HitlOut.of(id, [shown for shown, _ in raised]), all(is_new for _, is_new in raised))


class HitlDetail(CompatView):
    @operation(
        "Read the decisions on a HITLRequest",
        query=WaitQuery,
        gives={200: HitlOut},
        refuses=(404,),
        parameters=(REQUEST,),
    )
    def get(self, request: Request, id: str) -> Response:
        query = read_query(WaitQuery, request.query_params)
        rows = self._rows(id)
        open_ = next((row for row in rows if row.status not in SETTLED), None)
        if open_ and query.wait and watch.hold(request, open_.id, query.wait):
            rows = self._rows(id)
        return Response(HitlOut.of(id, rows))

    def _rows(self, id: str) -> list[EscalationOut]:
        keys = [_key(id, number) for number in range(MOST_ACTIONS)]
        rows = self.caller.escalations().filter(key__in=keys).order_by("pk")
        return found([self.caller.shown(row) for row in rows] or None, f"request {id}")


def _key(id: str, number: int) -> str:
    return f"{DIALECT}:{id}:{number}"


def _configs(body: HitlRequest) -> list[HitlReviewConfig]:
    """The review config of each action; raises Invalid."""
    named = {config.action_name: config for config in body.review_configs}
    errors = []
    for number, action in enumerate(body.action_requests):
        if action.name not in named:
            errors.append(FieldError("/review_configs", f"none is for the action {action.name!r}"))
        if (action.args is UNSET) == (action.arguments is UNSET):
            errors.append(FieldError(f"/action_requests/{number}", "needs either args or arguments"))
    if errors:
        raise Invalid(*errors)
    return [named[action.name] for action in body.action_requests]


def _asked(action: HitlAction, config: HitlReviewConfig, common: dict[str, Any]) -> dict[str, Any]:
    word = "args" if action.args is not UNSET else "arguments"
    arguments: Any = getattr(action, word)
    explanation = action.description or config.description or ""
    may_run = bool({"approve", "edit"} & set(config.allowed_decisions))
    asked = approval_or_words(action.name, arguments, explanation, may_run=may_run)
    schema = config.args_schema or config.arguments_schema
    asked |= {"answer_schema": schema} if schema and asked["kind"] == "approval" else {}
    kept = {"action": {"name": action.name, word: arguments}, "allowed": config.allowed_decisions}
    return asked | {"metadata": {DIALECT: common | kept}}


def _decision(shown: EscalationOut) -> HitlDecision:
    kept, verdict, decision = shown.metadata[DIALECT], verdict_of(shown), shown.decision
    allowed, action = kept["allowed"], convert(kept["action"], HitlAction)
    if verdict == "accept" and "approve" in allowed:
        return HitlApprove()
    if decision and verdict in ("accept", "edit") and "edit" in allowed:
        word = "args" if action.args is not UNSET else "arguments"
        return HitlEdit(edited_action=HitlEditedAction(name=action.name, **{word: decision.arguments}))
    words = as_text(decision.answer) if decision and verdict == "answer" else why_not(shown)
    if "respond" in allowed and (verdict == "answer" or "reject" not in allowed):
        return HitlRespond(message=words)
    return HitlReject(message=words)
