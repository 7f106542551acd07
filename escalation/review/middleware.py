"""Refusals become answers, once for the whole browser door; the API has its own handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalation.queue.exceptions import DecisionInvalid, TransitionRefused
from escalation.review.page import EscalationPage
from escalation.review.views.desk import DeskView
from escalation.review.views.door import ReviewerRequest

REFUSED = {
    "claimed": "You could not claim this",
    "extended": "You no longer hold this",
    "released": "It could not be given back",
    "snoozed": "You no longer hold this",
    "moved": "You no longer hold this",
    "handed": "It could not be handed over",
    "decided": "Your decision was not saved",
    "undone": "It is too late to undo this",
}


class RefusalMiddleware:
    """Answers a refused move with 409 and the escalation as it now is, an unfit decision with 422."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.app_name != "review" or "pk" not in match.kwargs:
            return None
        desk = DeskView()
        desk.setup(request)
        desk.request = cast(ReviewerRequest, request)
        if isinstance(exception, TransitionRefused):
            return self._refused(desk, match.kwargs["pk"], exception.move)
        if isinstance(exception, DecisionInvalid | ValidationError):
            said = (
                "; ".join(exception.errors.values())
                if isinstance(exception, DecisionInvalid)
                else exception.messages[0]
            )
            return desk.show_escalation(
                desk.escalation(match.kwargs["pk"]), typed=desk.request.POST, refused=said, status=422
            )
        return None

    def _refused(self, desk: DeskView, pk: int, move: str) -> HttpResponse:
        escalation, said = desk.escalation(pk), REFUSED[move]
        if move == "extended":
            # The heartbeat replaces the lease alone: what is being typed stays where it is.
            page = EscalationPage(escalation, desk.request.user)
            context = {"escalation": escalation, "page": page, "refused": said}
            return render(desk.request, "review/_lease.html", context, status=409)
        return desk.show_escalation(escalation, typed=desk.request.POST, refused=said, status=409)
