"""The gate for agents elsewhere: a result in, an exit out."""

from __future__ import annotations

from django.db.models.functions import Now
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.documentation import ID, IDEMPOTENCY_KEY, LOCATION, REPLAYED, operation
from escalation.api.problems import FieldError, Invalid
from escalation.api.shapes.outcomes import OutcomeIn, OutcomeOut, SandboxIn, SandboxOut
from escalation.api.validation import read
from escalation.api.views.base import AgentView, created, found, idempotency_key
from escalation.gating.models import Drill, FailureMode, Outcome
from escalation.queue.content import digest


class Outcomes(AgentView):
    tag = "outcomes"
    scopes = {"POST": ("outcomes",)}

    @operation(
        "Put a result through a gate",
        takes=OutcomeIn,
        gives={201: OutcomeOut, 200: OutcomeOut},
        refuses=(404, 422),
        parameters=(IDEMPOTENCY_KEY, LOCATION, REPLAYED),
    )
    def post(self, request: Request) -> Response:
        body = read(OutcomeIn, self.body)
        self.refuse_other_agent(body.agent)
        key = idempotency_key(request)
        outcome, is_new = Outcome.objects.pass_gate(
            self.agent_caller.agent.slug,
            body.gate,
            body.as_result(self.body),
            key=key,
            request_hash=digest(self.body) if key else "",
        )
        return created(OutcomeOut.of(outcome), is_new)


class Sandbox(AgentView):
    """How an agent elsewhere rehearses: the gate says what it would do with a result."""

    tag = "outcomes"
    scopes = {"POST": ("outcomes",)}

    @operation(
        "Rehearse a result: which exit it would take",
        takes=SandboxIn,
        gives={200: SandboxOut},
        refuses=(404, 422),
    )
    def post(self, request: Request) -> Response:
        body = read(SandboxIn, self.body)
        self.refuse_other_agent(body.agent)
        agent = self.agent_caller.agent
        if body.code_version and not agent.runs_here:
            agent.learn(body.code_version, {})
        outcome = Outcome.objects.rehearse(agent.slug, body.gate, body.as_result(self.body))
        drill = Drill.objects.record(self._mode(body), outcome) if body.failure else None
        return Response(SandboxOut.of(outcome, drill))

    def _mode(self, body: SandboxIn) -> FailureMode:
        modes = FailureMode.objects.filter(agent=self.agent_caller.agent, injection=body.failure)
        mode = modes.filter(gate__slug=body.gate).select_related("agent", "gate__agent").first()
        if mode is None:
            raise Invalid(FieldError("/failure", f"no failure mode at gate {body.gate!r} has it"), status=404)
        return mode


class OutcomeDetail(AgentView):
    tag = "outcomes"
    scopes = {"GET": ("outcomes",)}

    @operation(
        "Read an outcome, and its correction", gives={200: OutcomeOut}, refuses=(404,), parameters=(ID,)
    )
    def get(self, request: Request, id: int) -> Response:
        rows = Outcome.objects.filter(agent=self.agent_caller.agent, pk=id)
        outcome = found(rows.select_related("agent", "gate", "policy").first(), f"outcome {id}")
        # Until its undo window is over, nobody has overturned anything.
        in_effect = Outcome.objects.filter(pk=id, correction__effective_at__lte=Now()).exists()
        return Response(OutcomeOut.of(outcome, outcome.correction if in_effect else None))
