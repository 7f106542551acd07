"""One run as a worker holds it: its rows, its agent, and the guarded ways to write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from agents.agent import Agent
from agents.guards.budget import Budget, Spend
from agents.llm.turn import Turn, TurnRequest
from agents.models import LedgerEntry, Run, Step, ToolCall
from agents.registry import agent_named
from agents.transcript import Message, chain, messages


class TakenOver(Exception):
    """Another worker holds this run now; what this one did is not written."""


@dataclass(slots=True)
class Work:
    """A run that this worker holds, with its past in order."""

    run: Run
    agent: Agent
    steps: list[Step]
    calls: list[ToolCall]

    @classmethod
    def on(cls, run: Run, agent: Agent | None = None) -> Work:
        """Load what the run did so far; raises UnknownAgent when its definition is gone."""
        return cls(run, agent or agent_named(run.agent), list(run.steps.all()), list(run.tool_calls.all()))

    @property
    def budget(self) -> Budget:
        return Budget.from_mapping(self.run.budget)

    @property
    def last_step(self) -> Step | None:
        return self.steps[-1] if self.steps else None

    @property
    def unfinished(self) -> bool:
        """Whether the present step has its model's answer already, so that only its tool calls are left."""
        return self.last_step is not None and self.last_step.number == self.run.step

    def calls_of(self, step: Step | None) -> list[ToolCall]:
        return [call for call in self.calls if step is not None and call.step_id == step.pk]

    def spend(self) -> Spend:
        """What the run has used so far, from its rows."""
        usages = [step.usage for step in self.steps]
        return Spend(
            micro_usd=LedgerEntry.objects.filter(run=self.run).spent(),
            tokens=sum(usage.get("total_tokens", 0) for usage in usages),
            output_tokens=sum(usage.get("output_tokens", 0) for usage in usages),
            turns=len(self.steps),
            tool_calls=sum(call.state in (*ToolCall.RAN, ToolCall.State.STARTED) for call in self.calls),
            active_s=self.run.active_s,
        )

    def request(self, sent: Sequence[Message], *, max_tokens: int, allow_tools: bool = True) -> TurnRequest:
        """The next request: the pinned prompt, everything said so far, and `sent`."""
        return TurnRequest(
            model=self.run.model,
            system=self.run.prompt["system"],
            tools=self.run.prompt["tools"],
            output_schema=self.run.prompt["output_schema"],
            messages=[*messages(self.steps), *sent],  # type: ignore[arg-type]
            max_tokens=max_tokens,
            allow_tools=allow_tools,
            user_id=f"run-{self.run.pk}",
        )

    @transaction.atomic
    def record(self, sent: Sequence[Message], turn: Turn, *, kept: bool, final: bool, cost: int, seconds: float) -> Step:
        """Write the step and its tool calls before anything is done about them; raises TakenOver."""
        self.write(say=[], upstream_failures=0, active_s=self.run.active_s + seconds)
        before = self.last_step.chain if self.last_step else ""
        content = turn.content if kept else []
        step = Step.objects.create(
            run=self.run,
            number=self.run.step,
            sent=list(sent),
            content=turn.content,
            kept=kept,
            final_report=final,
            stop_reason=turn.stop_reason or "",
            cut=turn.cut or "",
            usage=_usage(turn),
            micro_usd=cost,
            seconds=seconds,
            chain=chain(before, sent, content),
        )
        self.steps.append(step)
        if kept and not final:
            self._intend(step, turn)
        return step

    def _intend(self, step: Step, turn: Turn) -> None:
        for block in turn.tool_uses:
            tool = self.agent.tool_named(block["name"])
            call = ToolCall.objects.create(
                run=self.run,
                step=step,
                tool_use_id=block["id"],
                name=block["name"],
                arguments=block["input"],
                effect=tool.effect if tool else "read",
            )
            self.calls.append(call)

    def write(self, **changes: Any) -> None:
        """Change the run while it is ours; raises TakenOver."""
        if not self.run.write(**changes):
            raise TakenOver(f"run {self.run.pk} was taken over from epoch {self.run.epoch}")

    def next_step(self) -> None:
        """Let the run go on with its next turn."""
        self.write(state=Run.State.QUEUED, step=self.run.step + 1, lease_until=None, lost=0, rung_at=None)


def _usage(turn: Turn) -> dict[str, int]:
    usage = turn.usage
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
