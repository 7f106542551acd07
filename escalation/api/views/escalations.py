"""Escalations, as agents post and follow them, and as reviewers read them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.authentication import ReviewerSession, TokenAuthentication
from escalation.api.documentation import ID, IDEMPOTENCY_KEY, LOCATION, REPLAYED, operation
from escalation.api.filtering import EscalationQuery, chosen
from escalation.api.pages import EscalationPage, counted, link, page
from escalation.api.raising import raise_for
from escalation.api.shapes.escalations import EscalationIn, EscalationOut, Receipt, Strict
from escalation.api.validation import read, read_query
from escalation.api.views.base import AgentView, ApiView, created, idempotency_key
from escalation.api.waiting import WaitQuery, watch


class ReceiptIn(Strict):
    """What the agent did with what was approved; `content_hash` is the decision's."""

    status: Literal["executed", "failed"]
    content_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    detail: str = ""


class Escalations(AgentView):
    tag = "escalations"
    scopes = {"GET": ("escalations", "review"), "POST": ("escalations",)}
    authentication_classes = (TokenAuthentication, ReviewerSession)

    @operation("List escalations, newest first", query=EscalationQuery, gives={200: EscalationPage})
    def get(self, request: Request) -> Response:
        query = read_query(EscalationQuery, request.query_params)
        rows, line = chosen(self.caller, query)
        shown, older, newer = page(rows, query.cursor or "", query.limit, line)
        return Response(
            EscalationPage(
                results=[self.caller.listed(row) for row in shown],
                next=link(request.path, request.query_params, older),
                previous=link(request.path, request.query_params, newer),
                total=counted(rows) if query.total else UNSET,
            )
        )

    @operation(
        "Put a question, a result or an action to a human",
        takes=EscalationIn,
        gives={201: EscalationOut, 200: EscalationOut},
        refuses=(404, 422),
        parameters=(IDEMPOTENCY_KEY, LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        body = read(EscalationIn, self.body)
        self.refuse_other_agent(body.agent)
        agent, key = self.agent_caller.agent, idempotency_key(request)
        row, is_new = raise_for(agent, body, self.body, key)
        return created(self.caller.shown(row), is_new)


class EscalationDetail(ApiView):
    tag = "escalations"
    scopes = {"GET": ("escalations", "review"), "DELETE": ("escalations",)}
    authentication_classes = (TokenAuthentication, ReviewerSession)

    @operation(
        "Read an escalation, or wait for its decision",
        query=WaitQuery,
        gives={200: EscalationOut},
        refuses=(404,),
        parameters=(ID,),
    )
    def get(self, request: Request, id: int) -> Response:
        row = watch.awaited(request, lambda: self.escalation(id))
        return Response(self.caller.shown(row))

    @operation(
        "Withdraw an escalation that needs no answer any more",
        gives={204: None},
        refuses=(404, 409),
        parameters=(ID,),
    )
    def delete(self, request: Request, id: int) -> Response:
        self.escalation(id).withdraw()
        return Response(status=204)


class EscalationReceipt(ApiView):
    tag = "escalations"
    scopes = {"PUT": ("escalations",)}

    @operation(
        "Say what was done with an approval",
        takes=ReceiptIn,
        gives={200: Receipt},
        refuses=(404, 409),
        parameters=(ID,),
    )
    def put(self, request: Request, id: int) -> Response:
        body = read(ReceiptIn, self.body)
        row = self.escalation(id)
        row.keep_receipt(status=body.status, detail=body.detail, content_hash=body.content_hash)
        return Response(row.receipt)
