"""Reviewing through the API: the same moves as in the browser."""

from __future__ import annotations

from typing import Annotated

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.authentication import ReviewerSession, TokenAuthentication
from escalation.api.bulk import BulkIn, BulkOut, decide_each
from escalation.api.callers import ReviewerCaller
from escalation.api.documentation import ID, operation
from escalation.api.shapes.decisions import DecisionIn, DecisionOut
from escalation.api.shapes.escalations import EscalationOut, Strict
from escalation.api.shapes.fields import GivenReason, Moment, Slug
from escalation.api.validation import read, read_query
from escalation.api.views.base import ApiView
from escalation.database.once import Once
from escalation.queue.models import Escalation, Membership


class NextIn(Strict):
    """Which escalations to choose from."""

    queue: Slug = ""
    agent: Slug = ""
    reason: GivenReason | None = None


class HolderQuery(Strict):
    """From whom a lead takes it; empty: it is the caller's own."""

    holder: Annotated[str, Meta(max_length=150)] = ""


class Lease(Struct):
    """Until when the claim holds without another heartbeat."""

    claimed_until: Moment | None


REVIEWABLE = Once(
    lambda user, id: Escalation.objects.reviewable_by(user).select_related("queue").filter(pk=id)
)


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
        if row := REVIEWABLE.first(user=self.reviewer_caller.user.pk, id=id):
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

    @operation(
        "Give an escalation back to the line: your own, or as a lead what `holder` holds",
        query=HolderQuery,
        gives={204: None},
        refuses=(404, 409),
        parameters=(ID,),
    )
    def delete(self, request: Request, id: int) -> Response:
        query, user = read_query(HolderQuery, request.query_params), self.reviewer_caller.user
        if query.holder:
            self._led(id).take_from(user, get_object_or_404(User, username=query.holder))
        else:
            self.escalation(id).release(user)
        return Response(status=204)

    def _led(self, id: int) -> Escalation:
        """An escalation in a review queue that the caller leads."""
        row = ApiView.escalation(self, id)
        leads = row.queue.memberships.filter(user=self.reviewer_caller.user, role__in=Membership.LEADING)
        if not leads.exists():
            raise PermissionDenied("Only a lead of the review queue takes what somebody else holds.")
        return row


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
