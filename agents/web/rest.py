"""Runs over REST: agents elsewhere hand a task to an agent that works here, and follow it to its result."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Run
from agents.registry import UnknownAgent, agent_named
from agents.run.bell import ring
from agents.run.running import start_once
from agents.run.stopping import stop_run
from agents.web.shapes import RunIn, RunOut
from escalation.api.documentation import ID, IDEMPOTENCY_KEY, REPLAYED, operation
from escalation.api.problems import FieldError, Invalid
from escalation.api.raising import NUMBERS
from escalation.api.validation import read
from escalation.api.views.base import AgentView, found, idempotency_key
from escalation.api.waiting import WaitQuery, Watch
from escalation.queue.content import digest

LOCATION = OpenApiParameter(
    "Location", {"type": "string", "format": "uri"}, OpenApiParameter.HEADER, required=True, response=[202]
)

until_over = Watch(lambda ids: Run.objects.filter(pk__in=ids, state__in=Run.OVER))


class Runs(AgentView):
    tag = "runs"
    scopes = {"POST": ("runs",)}

    @operation(
        "Have an agent work on a task",
        takes=RunIn,
        gives={202: RunOut, 200: RunOut},
        refuses=(404, 422),
        parameters=(IDEMPOTENCY_KEY, LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        body = read(RunIn, self.body)
        self.refuse_other_agent(body.agent)
        key = idempotency_key(request)
        run, is_new = start_once(
            _definition(self.agent_caller.agent.slug),
            body.task,
            key=key,
            request_hash=digest(self.body) if key else "",
            metadata=body.metadata,
            priority=NUMBERS[body.priority],
        )
        if not is_new:
            return Response(RunOut.of(run), 200, headers={"Idempotent-Replayed": "true"})
        ring(run)
        shown = RunOut.of(run)
        return Response(shown, 202, headers={"Location": shown.url})


class RunDetail(AgentView):
    tag = "runs"
    scopes = {"GET": ("runs",), "DELETE": ("runs",)}

    @operation(
        "Read a run, or wait for its end",
        query=WaitQuery,
        gives={200: RunOut},
        refuses=(404,),
        parameters=(ID,),
    )
    def get(self, request: Request, id: int) -> Response:
        return Response(RunOut.of(until_over.awaited(request, lambda: self._run(id))))

    @operation("Stop a run", gives={204: None}, refuses=(404,), parameters=(ID,))
    def delete(self, request: Request, id: int) -> Response:
        stop_run(self._run(id), "Stopped by the agent's owner over REST.")
        return Response(status=204)

    def _run(self, id: int) -> Run:
        return found(self._runs().filter(pk=id).first(), f"run {id}")

    def _runs(self) -> QuerySet[Run]:
        mine = Run.objects.in_earnest().filter(agent=self.agent_caller.agent.slug, gated=True)
        return mine.select_related("outcome", "escalation")


def _definition(slug: str) -> Any:
    try:
        return agent_named(slug)
    except UnknownAgent as error:
        raise Invalid(FieldError("/agent", f"the workers know no agent {slug!r}"), status=404) from error
