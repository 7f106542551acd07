"""Every error under /api/ as RFC 9457 `application/problem+json`: what an exception means to the caller."""

from __future__ import annotations

import math
from functools import singledispatch
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from msgspec import UNSET, Struct, UnsetType
from rest_framework.exceptions import APIException, MethodNotAllowed

from escalation.api.shapes.escalations import EscalationOut
from escalation.gating.exceptions import UnknownGate
from escalation.queue.exceptions import DecisionInvalid, KeyReused, TransitionRefused

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
MOST_ERRORS = 20


class FieldError(Struct, frozen=True):
    """What is wrong, and where: an RFC 6901 pointer (`""` is the whole body), a `?parameter` or a header."""

    pointer: str
    detail: str


class Problem(Struct, kw_only=True):
    """What went wrong (RFC 9457); with a refused move, `current` is the escalation as it is now."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | UnsetType = UNSET
    current: EscalationOut | UnsetType = UNSET


class Invalid(Exception):
    """The request breaks the contract; `errors` say where."""

    def __init__(self, *errors: FieldError, status: int = 400) -> None:
        self.errors = list(errors[:MOST_ERRORS])
        self.status = status
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors))


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is larger than 1 MiB."


class LengthRequired(APIException):
    status_code = 411
    default_detail = "Send the body with a Content-Length."


class TooMany(APIException):
    status_code = 429

    def __init__(self, wait_s: float) -> None:
        self.wait_s = math.ceil(wait_s)
        super().__init__(f"This token has made its requests for now; the next can come in {self.wait_s} s.")


def pointer(*steps: str | int) -> str:
    """The RFC 6901 pointer of a place in a JSON document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def as_problem(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer any exception; what nobody foresaw is logged, and its text stays here."""
    problem = problem_of(error)
    if problem.status == 500:
        got_request_exception.send(sender=type(context["view"]), request=context["request"]._request)
    if isinstance(error, TransitionRefused):
        problem.current = _current(error, context["request"].auth)
    # Encoded here: the view that failed may render YAML or HTML.
    body = msgspec.json.encode(problem)
    return HttpResponse(body, content_type=MEDIA_TYPE, status=problem.status, headers=_headers(error))


def _current(refused: TransitionRefused, caller: Any) -> EscalationOut | UnsetType:
    row = caller.escalations().filter(pk=refused.escalation.pk).first()
    return caller.shown(row) if row else UNSET


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if isinstance(error, OperationalError | InterfaceError):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.wait_s)
    return headers


@singledispatch
def problem_of(error: Exception) -> Problem:
    """What an exception means to the caller: its status and its words."""
    return _problem(500, "Something failed here, not in your request. It has been logged; try again later.")


@problem_of.register
def _(error: APIException) -> Problem:
    if isinstance(error, MethodNotAllowed):
        return _problem(405, f"{error.detail} The header Allow lists what is.")
    return _problem(error.status_code, str(error.detail))


@problem_of.register
def _(error: Http404) -> Problem:
    return _problem(404, str(error) or "There is nothing here for you. Paths end in a slash.")


@problem_of.register
def _(error: PermissionDenied) -> Problem:
    return _problem(403, str(error) or "You may not do this.")


@problem_of.register(SuspiciousOperation)
def _(error: SuspiciousOperation) -> Problem:
    return (
        _problem(413, TooLarge.default_detail)
        if isinstance(error, RequestDataTooBig)
        else _problem(400, str(error))
    )


@problem_of.register(OperationalError)
@problem_of.register(InterfaceError)
def _(error: Exception) -> Problem:
    return _problem(
        503, "The database does not answer. Nothing was stored, or the answer was lost: use the same key."
    )


@problem_of.register
def _(error: Invalid) -> Problem:
    problem = _problem(error.status, "The request does not follow the contract.")
    problem.errors = error.errors
    return problem


@problem_of.register
def _(error: DecisionInvalid) -> Problem:
    problem = _problem(400, "The decision does not fit what was asked.")
    problem.errors = [FieldError(pointer(field), text) for field, text in error.errors.items()]
    return problem


@problem_of.register
def _(error: UnknownGate) -> Problem:
    problem = _problem(400, str(error))
    problem.errors = [FieldError("/gate", str(error))]
    return problem


@problem_of.register
def _(error: TransitionRefused) -> Problem:
    return _problem(409, str(error))


@problem_of.register
def _(error: KeyReused) -> Problem:
    return _problem(422, str(error))


def _problem(status: int, detail: str) -> Problem:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
