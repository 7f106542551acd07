"""What is in force for an agent."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.authentication import ReviewerSession, TokenAuthentication
from escalation.api.documentation import SLUG, operation
from escalation.api.models import Scope
from escalation.api.shapes.agents import AgentOut
from escalation.api.views.base import ApiView, found


class AgentDetail(ApiView):
    tag = "agents"
    # Whatever a token is for, it may know what holds for its agent.
    scopes = {"GET": tuple(Scope.values)}
    authentication_classes = (TokenAuthentication, ReviewerSession)

    @operation(
        "Read an agent's state, its gates, and the policy in force at each",
        gives={200: AgentOut},
        refuses=(404,),
        parameters=(SLUG,),
    )
    def get(self, request: Request, slug: str) -> Response:
        agent = found(self.caller.agents().filter(slug=slug).first(), f"agent {slug}")
        return Response(AgentOut.of(agent))
