"""What every view of this API is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn, TypeVar, cast

from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from escalation.api.authentication import HasScope, TokenAuthentication
from escalation.api.callers import AgentCaller, Caller
from escalation.api.documentation import ApiSchema
from escalation.api.parsing import StrictJSONParser, refuse_unsized
from escalation.api.problems import FieldError, Invalid, TooMany, as_problem
from escalation.api.rate import TokenRate
from escalation.api.rendering import OnlyJSON, ShapeRenderer
from escalation.queue.models import Escalation

Row = TypeVar("Row")
KEY = re.compile(r"[!-~]{1,255}\Z")


class ApiView(APIView):
    """A resource; `scopes` names, for each method, the scopes of which a token needs one."""

    scopes: ClassVar[dict[str, tuple[str, ...]]] = {}
    tag: ClassVar[str] = ""
    authentication_classes: Sequence[type[BaseAuthentication]] = (TokenAuthentication,)
    permission_classes: Sequence[type[BasePermission]] = (HasScope,)
    throttle_classes: Sequence[type[BaseThrottle]] = (TokenRate,)
    parser_classes = (StrictJSONParser,)
    renderer_classes = (ShapeRenderer,)
    content_negotiation_class = OnlyJSON
    metadata_class = None
    schema = ApiSchema()

    def get_exception_handler(self) -> Any:
        return as_problem

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unsized(request)

    def throttled(self, request: Request, wait: float | None) -> NoReturn:
        raise TooMany(wait or 0)

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    @property
    def body(self) -> dict[str, Any]:
        """The body as it was written; raises Invalid when there is none."""
        if not int(self.request.META.get("CONTENT_LENGTH") or 0):
            raise Invalid(FieldError("", "empty: send a JSON object"))
        return cast(dict[str, Any], self.request.data)

    def escalation(self, id: int) -> Escalation:
        """The caller's escalation with this id; anybody else's does not exist for them."""
        return found(self.caller.escalation(id), f"escalation {id}")


class AgentView(ApiView):
    """A resource that only agents write: the scopes for it are never given to reviewers."""

    @property
    def agent_caller(self) -> AgentCaller:
        assert isinstance(self.caller, AgentCaller)
        return self.caller

    def refuse_other_agent(self, named: str | None) -> None:
        """A body that names an agent must name the token's own."""
        if named not in (None, self.agent_caller.agent.slug):
            detail = f"this token is for the agent {self.agent_caller.agent.slug!r}"
            raise Invalid(FieldError("/agent", detail), status=404)


def found(row: Row | None, name: str) -> Row:
    """The row; raises Http404 when there is none."""
    if row is None:
        raise Http404(f"There is no {name} for you.")
    return row


def idempotency_key(request: Request) -> str | None:
    """The header Idempotency-Key; raises Invalid when it is not 1 to 255 visible ASCII characters."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not KEY.match(key):
        raise Invalid(FieldError("Idempotency-Key", "1 to 255 visible ASCII characters"))
    return key


def created(shown: Any, is_new: bool) -> Response:
    """201 with the new resource's address, or 200 for the answer to an earlier request with this key."""
    if is_new:
        return Response(shown, 201, headers={"Location": shown.url})
    return Response(shown, 200, headers={"Idempotent-Replayed": "true"})
