"""Reviewing through the API: the same moves as in the browser."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.authentication import ReviewerSession, TokenAuthentication
from escalation.api.bulk import BulkIn, BulkOut, decide_each
from escalation.api.callers import ReviewerCaller
from escalation.api.documentation import ID, operation
from escalation.api.shapes.decisions import DecisionIn, DecisionOut
from escalation.api.shapes.escalations import EscalationOut, Strict
from escalation.api.shapes.fields import GivenReason, Moment, Slug
from escalation.api.validation import read
from escalation.api.views.base import ApiView
from escalation.queue.models import Escalation


class NextIn(Strict):
    """Which escalations to choose from."""

    queue: Slug = ""
    agent: Slug = ""
    reason: GivenReason | None = None


class Lease(Struct):
    """Until when the claim holds without another heartbeat."""

    claimed_until: Moment | None


class ReviewerView(ApiView):
    tag = "reviewing"
    scopes = dict.fromkeys(("GET", "POST", "PUT", "DELETE"), ("review",))
    authentication_classes = (TokenAuthentication, ReviewerSession)

    @property
    def reviewer_caller(self) -> ReviewerCaller:
        assert isinstance(self.caller, ReviewerCaller)
        return self.caller

    def escalation(self, id: int) -> Escalation:
        """An escalation that the caller may claim and decide."""
        reviewable = Escalation.objects.reviewable_by(self.reviewer_caller.user).select_related("queue")
        if row := reviewable.filter(pk=id).first():
            return row
        super().escalation(id)
        raise PermissionDenied("In this review queue you may only look.")


class NextEscalation(ReviewerView):
    @operation(
        "Claim the most urgent escalation that nobody holds",
        takes=NextIn,
        gives={200: EscalationOut, 204: None},
    )
    def post(self, request: Request) -> Response:
        body = read(NextIn, self.body)
        user = self.reviewer_caller.user
        row = Escalation.objects.claim_next(
            user, queue=body.queue, agent=body.agent, reason=body.reason or ""
        )
        return Response(EscalationOut.of(row)) if row else Response(status=204)


class Claim(ReviewerView):
    @operation("Claim an escalation", gives={200: EscalationOut}, refuses=(404, 409), parameters=(ID,))
    def post(self, request: Request, id: int) -> Response:
        row = self.escalation(id)
        row.claim(self.reviewer_caller.user)
        return Response(self.caller.shown(row))

    @operation("Let the lease begin anew", gives={200: Lease}, refuses=(404, 409), parameters=(ID,))
    def put(self, request: Request, id: int) -> Response:
        row = self.escalation(id)
        row.extend(self.reviewer_caller.user)
        return Response(Lease(row.claimed_until))

    @operation("Give an escalation back to the line", gives={204: None}, refuses=(404, 409), parameters=(ID,))
    def delete(self, request: Request, id: int) -> Response:
        self.escalation(id).release(self.reviewer_caller.user)
        return Response(status=204)


class EscalationDecision(ReviewerView):
    @operation(
        "Decide an escalation that you hold",
        takes=DecisionIn,
        gives={201: DecisionOut},
        refuses=(404, 409),
        parameters=(ID,),
    )
    def post(self, request: Request, id: int) -> Response:
        body = read(DecisionIn, self.body)
        row = self.escalation(id)
        decision = row.decide(
            self.reviewer_caller.user, body.verdict, version=body.version, **body.as_answer()
        )
        return Response(DecisionOut.of(decision), 201)

    @operation(
        "Take a decision back within the undo window", gives={204: None}, refuses=(404, 409), parameters=(ID,)
    )
    def delete(self, request: Request, id: int) -> Response:
        self.escalation(id).undo(self.reviewer_caller.user)
        return Response(status=204)


class Decisions(ReviewerView):
    @operation("Decide many, each for itself", takes=BulkIn, gives={200: BulkOut})
    def post(self, request: Request) -> Response:
        body = read(BulkIn, self.body)
        return Response(BulkOut(results=decide_each(self.reviewer_caller.user, body.decisions)))
