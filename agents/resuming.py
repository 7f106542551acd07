"""What a human's decision means for the run that waited for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents.ending import finish, stop
from agents.guards.budget import Budget
from agents.models import ToolCall
from agents.waiting import wait_for
from agents.work import Work
from escalation.queue.content import digest
from escalation.queue.models import Decision, Escalation, Verdict

MOST_ROUNDS = 3
GRANTED = "A reviewer granted more budget. Go on from where you stopped, and finish the work."


def resume(work: Work) -> None:
    """Apply the answer that the run waited for: afterwards it is over, or may go on."""
    escalation = Escalation.objects.select_related("decision").get(pk=work.run.escalation_id)
    decision = escalation.decision
    if decision is not None:
        held = [call for call in work.calls if call.escalation_id == escalation.pk]
        if held:
            _answer_call(work, held[0], decision)
        else:
            _answer_result(work, escalation, decision)
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
    if decision.verdict == Verdict.ANSWER:
        call.state, call.output = ToolCall.State.DONE, decision.answer
    elif decision.verdict == Verdict.REJECT:
        call.state = ToolCall.State.REFUSED
        call.error = f"A reviewer refused this call. {decision.note}".strip()
    elif decision.content_hash != digest({"name": call.name, "arguments": call.arguments}):
        call.state, call.error = ToolCall.State.REFUSED, "What was approved is not what was asked for."
    else:
        edited = decision.verdict == Verdict.EDIT
        call.state = ToolCall.State.INTENT
        call.approved_arguments = decision.arguments if edited else call.arguments
    call.save(update_fields=["state", "output", "error", "approved_arguments"])
    work.write(awaits_answer=False)


def _answer_result(work: Work, escalation: Escalation, decision: Decision) -> None:
    end: dict[str, Callable[[], None]] = {
        Verdict.ACCEPT: lambda: finish(work, escalation.output, "Accepted by a human.", partial=escalation.partial),
        Verdict.EDIT: lambda: finish(work, decision.output, "Edited by a human."),
        Verdict.ANSWER: lambda: finish(work, decision.answer, "Answered by a human."),
        Verdict.REJECT: lambda: stop(work, f"Rejected by a human. {decision.note}".strip()),
        Verdict.DISMISS: lambda: stop(work, f"Dismissed by a human. {decision.note}".strip()),
        Verdict.CONTINUE: lambda: _go_on(work, decision.grant),
        Verdict.RETRY: lambda: _try_again(work, decision.note),
    }
    end[decision.verdict]()


def _go_on(work: Work, grant: dict[str, Any]) -> None:
    budget = work.budget.extended_by(Budget.from_mapping(grant))
    work.write(budget=budget.as_mapping(), say=[GRANTED], awaits_answer=False)


def _try_again(work: Work, feedback: str) -> None:
    if work.run.rounds >= MOST_ROUNDS:
        stop(work, f"It was sent back {MOST_ROUNDS} times already.")
        return
    said = f"A reviewer looked at your answer and asks you to try again: {feedback or 'it is not right yet.'}"
    work.write(say=[said], rounds=work.run.rounds + 1, awaits_answer=False)


def _expired(work: Work, escalation: Escalation) -> None:
    taken = escalation.resolution or {}
    if taken.get("exit"):
        finish(work, taken.get("output"), f"Nobody decided in time: {taken['detail']}.")
    else:
        stop(work, "Nobody decided in time.")
