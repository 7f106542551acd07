"""What a human's decision means for the run that waited for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agents.guards.budget import Budget
from agents.models import ToolCall
from agents.run.ending import finish, stop
from agents.run.waiting import wait_for
from agents.run.work import Work
from escalation.queue.content import digest
from escalation.queue.models import Decision, Escalation, Verdict

MOST_ROUNDS = 3
NOBODY_CAME = "Not run: no reviewer answered in time."
GRANTED = "A reviewer granted more budget. Go on from where you stopped, and finish the work."


def resume(work: Work) -> None:
    """Apply the answer that the run waited for: afterwards it is over, or may go on."""
    escalation = Escalation.objects.select_related("decision").get(runs=work.run)
    decision = escalation.decision
    held = next((call for call in work.calls if call.escalation_id == escalation.pk), None)
    if decision is not None and held is not None:
        _answer_call(work, held, decision)
    elif decision is not None:
        _answer_result(work, escalation, decision)
    elif escalation.status == Escalation.Status.EXPIRED and held is not None:
        # Silence is no approval: the call is refused, and the agent goes on without it.
        work.change(held, state=ToolCall.State.REFUSED, error=NOBODY_CAME)
        work.write(awaits_answer=False)
    elif escalation.status == Escalation.Status.EXPIRED:
        _expired(work, escalation)
    elif escalation.status == Escalation.Status.WITHDRAWN:
        stop(work, "The escalation was withdrawn.")
    else:  # woken too early: the decision was undone meanwhile
        wait_for(work, escalation)


def _answer_call(work: Work, call: ToolCall, decision: Decision) -> None:
    if decision.verdict == Verdict.DISMISS:
        stop(work, f"A reviewer ended the run. {decision.note}".strip())
        return
    work.change(call, **_what_becomes_of(call, decision))
    work.write(awaits_answer=False)


def _what_becomes_of(call: ToolCall, decision: Decision) -> dict[str, Any]:
    if decision.verdict == Verdict.ANSWER:
        return {"state": ToolCall.State.DONE, "output": decision.answer}
    if decision.verdict == Verdict.REJECT:
        note = f"A reviewer refused this call. {decision.note}".strip()
        return {"state": ToolCall.State.REFUSED, "error": note}
    if decision.content_hash != digest({"name": call.name, "arguments": call.arguments}):
        return {"state": ToolCall.State.REFUSED, "error": "What was approved is not what was asked for."}
    arguments = decision.arguments if decision.verdict == Verdict.EDIT else call.arguments
    return {"state": ToolCall.State.INTENT, "approved_arguments": arguments}


def _answer_result(work: Work, escalation: Escalation, decision: Decision) -> None:
    end: dict[str, Callable[[], None]] = {
        Verdict.ACCEPT: lambda: finish(
            work, escalation.output, "Accepted by a human.", partial=escalation.partial
        ),
        Verdict.EDIT: lambda: finish(work, decision.output, "Edited by a human."),
        Verdict.ANSWER: lambda: finish(work, decision.answer, "Answered by a human."),
        Verdict.REJECT: lambda: stop(work, f"Rejected by a human. {decision.note}".strip()),
        Verdict.DISMISS: lambda: stop(work, f"Dismissed by a human. {decision.note}".strip()),
        Verdict.CONTINUE: lambda: _go_on(work, decision.grant),
        Verdict.RETRY: lambda: _try_again(work, decision.note),
    }
    end[decision.verdict]()


def _go_on(work: Work, grant: dict[str, Any]) -> None:
    budget = extended(work.budget, Budget.from_mapping(grant), work.spend().active_s)
    work.write(budget=budget.as_mapping(), say=[GRANTED], awaits_answer=False)


def extended(budget: Budget, grant: Budget, active_s: float) -> Budget:
    """The budget after a grant: granted tokens may be output tokens too, and the clock starts anew.

    A granted `wall_clock_s` is the time from now on; without one the run has its whole time once more.
    """
    more = replace(grant, output_tokens=grant.output_tokens or grant.tokens)
    clock = None if budget.wall_clock_s is None else active_s + (grant.wall_clock_s or budget.wall_clock_s)
    return replace(budget.extended_by(more), wall_clock_s=clock)


def _try_again(work: Work, feedback: str) -> None:
    if work.run.rounds >= MOST_ROUNDS:
        stop(work, f"It was sent back {MOST_ROUNDS} times already.")
        return
    said = f"A reviewer looked at your answer and asks you to try again: {feedback or 'it is not right yet.'}"
    work.write(say=[said], rounds=work.run.rounds + 1, awaits_answer=False)


def _expired(work: Work, escalation: Escalation) -> None:
    taken = escalation.resolution or {}
    if taken.get("exit"):
        finish(work, taken.get("output"), f"Nobody decided in time: {taken.get('detail')}.")
    else:
        stop(work, "Nobody decided in time.")
