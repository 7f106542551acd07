"""An agent on the wire: its state, its gates, and the policy in force at each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from escalation.api.shapes.fields import Json, JsonObject, Moment
from escalation.gating.models import Agent, Gate, Policy


class PolicyOut(Struct, kw_only=True):
    """The numbers and exits in force.

    `exits` has the handlers of each reason, in their order; `tables` the rules that the policy declares;
    `on_timeout` what is tried when nobody decides in time.
    """

    version: int
    threshold: float
    audit_rate: float
    budget: JsonObject
    exits: dict[str, list[str]]
    tables: JsonObject
    default_output: Json
    cache_ttl_s: int
    deadline_s: int | None
    on_timeout: list[str]
    queue: str
    author: str | None
    reason: str
    adopted_at: Moment

    @classmethod
    def of(cls, policy: Policy) -> PolicyOut:
        names = set(cls.__struct_fields__) - {"queue", "author"}
        return cls(
            queue=policy.queue.slug,
            author=policy.author.get_username() if policy.author else None,
            **{name: getattr(policy, name) for name in names},
        )


class GateOut(Struct, kw_only=True):
    """A gate; without a policy, no result can pass it."""

    slug: str
    policy: PolicyOut | None


class AgentOut(Struct, kw_only=True):
    """An agent; in any state but `live`, each of its results goes to a human."""

    slug: str
    name: str
    state: Literal["draft", "live", "paused"]
    owner: str
    on_call: str
    gates: list[GateOut]

    @classmethod
    def of(cls, agent: Agent) -> AgentOut:
        in_force = _in_force(agent)
        return cls(
            slug=agent.slug,
            name=agent.name,
            state=agent.state,  # type: ignore[arg-type]
            owner=agent.owner,
            on_call=agent.on_call,
            gates=[_gate(gate, in_force) for gate in agent.gates.order_by("slug")],
        )


def _in_force(agent: Agent) -> dict[int, Policy]:
    newest = Policy.objects.filter(gate__agent=agent).order_by("gate_id", "-version").distinct("gate_id")
    return {policy.gate_id: policy for policy in newest.select_related("queue", "author")}


def _gate(gate: Gate, in_force: Mapping[int, Policy]) -> GateOut:
    policy = in_force.get(gate.pk)
    return GateOut(slug=gate.slug, policy=PolicyOut.of(policy) if policy else None)
