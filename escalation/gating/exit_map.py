"""Where every reason at every gate of an agent leads, and what each exit did of late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import Now

from escalation.gating.exits import ACCEPTED, RULE, holes
from escalation.gating.models import Agent, Gate, Outcome, Policy
from escalation.gating.models.plan import Plan
from escalation.gating.models.policy import HANDLED
from escalation.queue.models import Reason

LATELY = timedelta(days=7)
Taken = dict[int, dict[str, Counter[str]]]  # by gate, then by reason: how often each exit was taken
EXITS = tuple(Outcome.Exit.values)


@dataclass(frozen=True, slots=True)
class Way:
    """One reason at a gate: its handlers in order, and how often each exit was taken lately."""

    reason: str
    name: str
    handlers: Sequence[str]
    taken: Mapping[str, int]

    @property
    def is_hole(self) -> bool:
        """Whether a result stopped for this reason would have nowhere to go."""
        return bool(holes({self.reason: self.handlers}, [self.reason]))

    @property
    def count(self) -> int:
        return sum(self.taken.values())


@dataclass(frozen=True, slots=True)
class GateMap:
    """A gate, its policy in force, and the way from each reason."""

    gate: Gate
    policy: Policy | None
    ways: Sequence[Way]
    taken: Mapping[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """Results that passed here lately."""
        return sum(self.taken.values())

    @property
    def degraded(self) -> int:
        """Of them, those that a rule, a cached answer or a safe default stood in for."""
        return sum(self.taken.get(exit_, 0) for exit_ in (RULE, "cached", "default"))

    @property
    def hole_count(self) -> int:
        return sum(way.is_hole for way in self.ways)


def taken_lately(agents: Sequence[Agent]) -> Taken:
    """Which exits the results of these agents took in the last seven days, counted one by one."""
    recent = Outcome.objects.filter(agent__in=agents, passed_at__gte=Now() - LATELY)
    counts = recent.values_list("gate", "reason", "exit").annotate(Count("pk")).order_by()
    return taken_of(counts)


def taken_of(counts: Iterable[tuple[int, str, str, int]]) -> Taken:
    """Rows of (gate, reason, exit, number) by gate and reason."""
    taken: Taken = {}
    for gate, reason, exit_, count in counts:
        taken.setdefault(gate, {}).setdefault(reason, Counter())[exit_] += count
    return taken


def exit_map(plan: Plan, taken: Taken) -> list[GateMap]:
    """Gates by reasons, with the exits of the policy in force and what each did of late."""
    return [_gate_map(gate, policy, taken.get(gate.pk, {})) for gate, policy in plan.gates]


def _gate_map(gate: Gate, policy: Policy | None, taken: Mapping[str, Counter[str]]) -> GateMap:
    exits = policy.exits if policy else {}
    ways = [
        Way(reason, Reason(reason).label.capitalize(), exits.get(reason, []), taken.get(reason, Counter()))
        for reason in HANDLED
    ]
    return GateMap(gate, policy, ways, sum(taken.values(), Counter()))


def as_markdown(agent: Agent, gates: Sequence[GateMap]) -> str:
    """The map as a document: a picture for each gate (Mermaid), and the table behind it."""
    lines = [f"# Where the results of {agent.slug} go", ""]
    lines += [
        f"It is {agent.state}. Owner: {agent.owner or 'nobody'}. On call: {agent.on_call or 'nobody'}.",
        "",
    ]
    for gate in gates:
        lines += [f"## Gate {gate.gate.slug}", ""]
        if gate.policy is None:
            lines += ["It has no policy: no result can pass.", ""]
            continue
        lines += [f"Policy version {gate.policy.version}, threshold {gate.policy.threshold}.", ""]
        lines += ["```mermaid", *_picture(gate), "```", ""]
        lines += ["| reason | exits, in order | taken in the last week |", "| --- | --- | --- |"]
        lines += [f"| {way.reason} | {_order(way)} | {_told(way.taken)} |" for way in gate.ways]
        lines += [f"| (none) | {ACCEPTED} | {gate.taken.get(ACCEPTED, 0)} |", ""]
    return "\n".join(lines)


def _picture(gate: GateMap) -> Iterator[str]:
    """Reasons that share their exits are one box."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for way in gate.ways:
        alike.setdefault(tuple(way.handlers), []).append(way.reason)
    yield "flowchart LR"
    yield f'  gate{{{{"{gate.gate.slug}"}}}} -->|reaches the threshold| accepted([accepted])'
    for n, (handlers, reasons) in enumerate(alike.items()):
        yield f'  gate --> reasons{n}["{"<br>".join(reasons)}"]'
        before = f"reasons{n}"
        for place, handler in enumerate(handlers or ("nowhere",)):
            yield f'  {before} -->|{"else" if place else "first"}| exit{n}_{place}(["{handler}"])'
            before = f"exit{n}_{place}"


def _order(way: Way) -> str:
    return " → ".join(way.handlers) if not way.is_hole else "**nowhere**"


def _told(taken: Mapping[str, int]) -> str:
    return ", ".join(f"{exit_} {taken[exit_]}" for exit_ in EXITS if taken.get(exit_)) or "never"
