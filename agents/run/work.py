"""One run as a worker holds it: its rows, its agent, and the guarded ways to write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.agent import Agent
from agents.guards.budget import Budget, Spend
from agents.llm.turn import Turn, TurnRequest
from agents.models import LONGEST_NAME, OURS, STANDING, Run, Step, ToolCall
from agents.registry import agent_named
from agents.run.metered import Answered
from agents.statements import Moment, fetched, select, update
from agents.storable import storable, storable_text
from agents.transcript import Message, chain, messages

NOT_RUN = "Not run: the run was stopped before it."
NOT_RUN_BUDGET = "Not run: the budget for tool calls is spent."
MAY_HAVE_RUN = "The worker was lost in this call: it may have run or not."
UNSTORABLE = "Not run: its arguments hold a NUL or half of a character. Leave that out."


SPENT = f"SELECT micro_usd, usage FROM agents_ledgerentry WHERE run_id = %s AND {STANDING}"
# The call is as it was seen, and its run is held by whoever holds the epoch.
OF_OURS = f"state = %s AND run_id = (SELECT id FROM agents_run WHERE id = %s AND {OURS})"


class TakenOver(Exception):
    """Another worker holds this run now; what this one did is not written."""


@dataclass(slots=True)
class Work:
    """A run that this worker holds, with its past in order."""

    run: Run
    agent: Agent
    steps: list[Step]
    calls: list[ToolCall]
    # What the ledger holds of it, one entry for each call; None: not read yet.
    entries: list[tuple[int, dict[str, int]]] | None = None

    @classmethod
    def on(cls, run: Run, agent: Agent | None = None) -> Work:
        """Load what the run did so far; raises UnknownAgent when its definition is gone."""
        work = cls.begun(run, agent)
        work.entries = None
        work.steps = select(Step, "WHERE run_id = %s ORDER BY number", [run.pk])
        work.calls = select(ToolCall, "WHERE run_id = %s ORDER BY id", [run.pk])
        by_key = {step.pk: step for step in work.steps}
        for call in work.calls:
            call.step = by_key[call.step_id]
        return work

    @classmethod
    def begun(cls, run: Run, agent: Agent | None = None) -> Work:
        """A run that nobody held before, so that there is no past to load; raises UnknownAgent."""
        return cls(run, agent or agent_named(run.agent), steps=[], calls=[], entries=[])

    def afresh(self) -> Work:
        """The same work as it stands in the database; raises TakenOver."""
        epoch = self.run.epoch
        self.run.refresh_from_db()
        if self.run.epoch != epoch:
            raise TakenOver(f"run {self.run.pk} was taken over from epoch {epoch}")
        return Work.on(self.run, self.agent)

    @property
    def budget(self) -> Budget:
        return Budget.from_mapping(self.run.budget)

    @property
    def last_step(self) -> Step | None:
        return self.steps[-1] if self.steps else None

    @property
    def said(self) -> list[Step]:
        """The steps that are the transcript: all but the asides."""
        return [step for step in self.steps if not step.aside]

    @property
    def last_said(self) -> Step | None:
        return next((step for step in reversed(self.steps) if not step.aside), None)

    @property
    def answer(self) -> Step | None:
        """The answer that the model gave, if nothing was said since."""
        last = self.last_said
        if self.run.say or last is None or last.final_report or not last.kept:
            return None
        return last if last.stop_reason == "end_turn" else None

    @property
    def asides(self) -> list[Step]:
        """What was asked about the answer so far."""
        answer = self.answer
        return [step for step in self.steps if step.aside and answer and step.number > answer.number]

    @property
    def unfinished(self) -> bool:
        """Whether the present step has its model's answer already, so that only its tool calls are left."""
        return self.last_step is not None and self.last_step.number == self.run.step

    def calls_of(self, step: Step | None) -> list[ToolCall]:
        return [call for call in self.calls if step is not None and call.step_id == step.pk]

    def spend(self) -> Spend:
        """What the run has used so far: by the ledger, which knows of lost calls too."""
        if self.entries is None:
            self.entries = [
                (micro_usd, json.loads(usage)) for micro_usd, usage in fetched(SPENT, [self.run.pk])
            ]
        usages = [usage for _, usage in self.entries if usage]
        output: int = sum(usage["output_tokens"] for usage in usages)
        return Spend(
            micro_usd=sum(micro_usd for micro_usd, _ in self.entries),
            tokens=output + sum(usage["input_tokens"] for usage in usages),
            output_tokens=output,
            turns=len(usages),
            tool_calls=sum(call.state in (*ToolCall.RAN, ToolCall.State.STARTED) for call in self.calls),
            active_s=sum(step.seconds for step in self.steps) + sum(call.seconds for call in self.calls),
        )

    def request(self, sent: Sequence[Message], *, max_tokens: int, allow_tools: bool = True) -> TurnRequest:
        """The next request: the pinned prompt, everything said so far, and `sent`."""
        return TurnRequest(
            model=self.run.model,
            system=self.run.prompt["system"],
            tools=self.run.prompt["tools"],
            output_schema=self.run.prompt["output_schema"],
            messages=[*messages(self.steps), *sent],
            max_tokens=max_tokens,
            allow_tools=allow_tools,
            # One that may call tools is asked again with what they answered; after a report nothing is said.
            goes_on=allow_tools and bool(self.run.prompt["tools"]),
            user_id=f"run-{self.run.pk}",
        )

    def record(
        self,
        sent: Sequence[Message],
        answer: Answered,
        *,
        final: bool = False,
        nudged: bool = False,
        aside: str = "",
    ) -> Step:
        """Write the step and its tool calls, in one transaction with what follows; raises TakenOver."""
        self.write(say=[], upstream_failures=0, nudges=self.run.nudges + nudged)
        turn, before = answer.turn, self.last_step.chain if self.last_step else ""
        kept = _belongs(turn, final) and not aside and not self.unanswerable(turn)
        step = Step.objects.create(
            run=self.run,
            number=self.run.step,
            sent=list(sent),
            content=turn.content,
            kept=kept,
            final_report=final,
            aside=aside,
            stop_reason=turn.stop_reason or "",
            cut=turn.cut or "",
            usage=answer.tokens.as_mapping(),
            micro_usd=answer.micro_usd,
            seconds=answer.seconds,
            chain=before if aside else chain(before, sent, turn.content if kept else []),
        )
        self.steps.append(step)
        if self.entries is not None:
            self.entries.append((answer.micro_usd, answer.tokens.as_mapping()))
        if kept:
            self.calls += [self._intended(step, block) for block in turn.tool_uses]
        return step

    def unanswerable(self, turn: Turn) -> str | None:
        """Why a call of the turn cannot be answered, in a sentence: its id names another call, or is none."""
        seen = {call.tool_use_id for call in self.calls}
        for tool_use_id in (block["id"] for block in turn.tool_uses):
            if tool_use_id in seen:
                return f"The model gave two calls the id {tool_use_id}: no answer could name one of them."
            if len(tool_use_id) > LONGEST_NAME or storable_text(tool_use_id) != tool_use_id:
                return f"The model gave a call an id that is none: {storable_text(tool_use_id)[:50]}…"
            seen.add(tool_use_id)
        return None

    def _intended(self, step: Step, block: dict[str, Any]) -> ToolCall:
        tool = self.agent.tool_named(block["name"])
        call = ToolCall(
            run=self.run,
            step=step,
            tool_use_id=block["id"],
            name=storable_text(block["name"])[:LONGEST_NAME],  # no tool has one so long
            arguments=block["input"],
            effect=tool.effect if tool else "read",
        )
        # Refused here, since what a reviewer sees and approves must be what runs.
        if storable(block["input"]) != block["input"]:
            call.state, call.error = ToolCall.State.REFUSED, UNSTORABLE
        call.save(force_insert=True)
        return call

    def write(self, **changes: Any) -> None:
        """Change the run while it is ours; raises TakenOver."""
        if not self.run.write(**changes):
            raise TakenOver(f"run {self.run.pk} was taken over from epoch {self.run.epoch}")

    def change(self, call: ToolCall, **changes: Any) -> None:
        """Change a call while the run is ours and the call is as we saw it; raises TakenOver."""
        # Both conditions travel in the UPDATE: of two that think they hold the run, one starts the call.
        if not update(call, changes, OF_OURS, [call.state, self.run.pk, self.run.epoch]):
            raise TakenOver(f"{call.name} of run {self.run.pk} was taken over from epoch {self.run.epoch}")

    def abandon_calls(self) -> None:
        """Close every call that is still open, so that each has an answer; raises TakenOver."""
        for call in self.calls:
            if call.state == ToolCall.State.STARTED:
                self.change(call, state=ToolCall.State.UNKNOWN, error=MAY_HAVE_RUN)
            elif call.state in ToolCall.OPEN:
                self.change(call, state=ToolCall.State.REFUSED, error=NOT_RUN)

    def next_step(self) -> None:
        """Let the run go on with its next turn, which whoever took this one rings for at once."""
        self.write(
            state=Run.State.QUEUED, step=self.run.step + 1, lease_until=Moment(), rung_at=Moment(), lost=0
        )


def _belongs(turn: Turn, final: bool) -> bool:
    """Whether the transcript takes the answer in: the API refuses a replayed call that nobody answers."""
    if turn.cut is not None:
        return False
    calls = any(block["type"] == "tool_use" for block in turn.content)
    return bool(turn.tool_uses) and not final if calls else turn.stop_reason == "end_turn"
