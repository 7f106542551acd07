"""Who calls: a bearer token, or a reviewer's session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from escalation.api.callers import AgentCaller, Caller, ReviewerCaller
from escalation.api.models import Scope, Token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer otw_…`; nowhere else, since query strings end up in logs."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Caller] | None:
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = Token.objects.presented(text.strip())
        if token is None or (token.reviewer and not token.reviewer.is_active):
            raise AuthenticationFailed("The token is unknown, revoked or expired.")
        if token.reviewer:
            return token.reviewer, ReviewerCaller(token.reviewer, token.scopes, token.public_id)
        assert token.agent  # a_token_has_one_owner
        return AnonymousUser(), AgentCaller(token.agent, token.scopes, token.public_id)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="otherwise"'


class ReviewerSession(SessionAuthentication):
    """A signed-in reviewer's browser; whatever changes something needs the CSRF token too."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        return user, ReviewerCaller(user, (Scope.REVIEW, Scope.LABELS), f"session of {user.pk}")


class HasScope(BasePermission):
    """The token must have one of the scopes that the view names for the method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.auth
        needed = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if needed is None:
            # There is no such method here: whoever may call at all is told so (405).
            return caller is not None
        self.message = f"This needs a token with the scope {' or '.join(needed)}."
        return caller is not None and any(scope in caller.scopes for scope in needed)


class _TokenInDocument(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`manage.py create_token AGENT` prints one.",
        }


class _SessionInDocument(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ReviewerSession
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "otherwise_session"}
