"""How a run ends: every way out passes here, and each leaves a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from agents.answer import Answer, Unreadable, read_answer, unsupported
from agents.guards.evidence import misquoted
from agents.guards.verdict import Reason
from agents.models import Run, ToolCall
from agents.run.opinions import next_aside, weighed
from agents.run.trace import evidence, readings, titled, trace, usage
from agents.run.waiting import wait_for
from agents.run.work import Work
from agents.statements import Moment
from agents.storable import storable
from escalation.gating.models import Drill, Outcome
from escalation.gating.models import Result as GateResult

# What an answer is worth at most when a tool's answer was an old one: under any threshold worth having.
CAP_WITH_CACHED_ANSWERS = 0.70


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run has to show when it ends. `causes` are reason codes, most important first."""

    output: Any
    confidence: float | None = None
    partial: bool = False
    completed: Sequence[str] = ()
    missing: Sequence[str] = ()
    causes: Sequence[str] = ()
    detail: str = ""
    cited: Sequence[str] = ()


def with_answer(work: Work, text: str) -> None:
    """End with what the model said last; or go on, while it is worth asking something else about it."""
    answer = read_answer(text, work.run.prompt["output_schema"])
    if isinstance(answer, Unreadable):
        end(work, Ending(text or None, causes=[Reason.OUTPUT_INVALID], detail=answer.why))
        return
    problem = unsupported(answer, _answered(work), needed=work.agent.needs_evidence)
    problem = problem or misquoted(answer.output, readings(work))
    # What goes to a human anyway is not worth another call.
    if not problem and answer.confidence is not None and next_aside(work):
        work.next_step()
        return
    confidence, opinions = weighed(work, answer)
    causes = [Reason.EVIDENCE_MISSING] if problem else []
    end(work, _told(answer, _capped(work, confidence), causes, problem or opinions))


def unchecked(work: Work, text: str, why: str) -> None:
    """End with an answer of which something could not be asked: it has no confidence then."""
    answer = read_answer(text, work.run.prompt["output_schema"])
    if isinstance(answer, Answer):
        detail = f"The model's confidence was not checked: {why}."
        end(work, _told(answer, None, [Reason.NO_CONFIDENCE], detail))


def partially(
    work: Work,
    detail: str,
    *,
    text: str = "",
    cause: Reason = Reason.BUDGET_EXHAUSTED,
    missing: Sequence[str] = ("the rest of the work, and a report of it",),
) -> None:
    """End with a PARTIAL result: the report if there is one, else what can be put together without it."""
    report = read_answer(text, work.run.prompt["output_schema"])
    if isinstance(report, Unreadable):
        report = _from_what_is_stored(work, text)
    end(
        work,
        Ending(
            report.output,
            report.confidence,
            partial=True,
            completed=report.completed or _completed(work),
            missing=report.missing or missing,
            causes=[cause],
            detail=f"{detail[:1].upper()}{detail[1:].rstrip('.')}.",
            cited=report.evidence,
        ),
    )


def for_cause(work: Work, cause: Reason, detail: str) -> None:
    """End because a guard says so, with what there is."""
    stored = _from_what_is_stored(work, "")
    done = _completed(work)
    end(work, Ending(stored.output, causes=[cause], detail=detail, completed=done, cited=stored.evidence))


@transaction.atomic
def end(work: Work, ending: Ending) -> None:
    """Put the result through the gate, and end the run or let it wait for the human whom the gate asks."""
    ending = Ending(**storable(asdict(ending)))
    _close(work, detail=ending.detail)
    if not work.run.gated:
        state = Run.State.PARTIAL if ending.partial else Run.State.FINISHED
        _finish(work, state, result=asdict(ending))
        return
    if work.run.drill:
        _rehearse(work, work.run.drill, ending)
        return
    key = f"run:{work.run.pk}:{work.run.step}"
    outcome, _ = Outcome.objects.pass_gate(work.run.agent, work.run.gate, _at_the_gate(work, ending), key=key)
    if outcome.exit == Outcome.Exit.HUMAN and outcome.escalation is not None:
        work.write(outcome=outcome)
        wait_for(work, outcome.escalation)
    else:
        _finish(work, Run.State.FINISHED, outcome=outcome, result=outcome.served, detail=outcome.detail)


def _rehearse(work: Work, drill: Drill, ending: Ending) -> None:
    outcome = Outcome.objects.rehearse(work.run.agent, work.run.gate, _at_the_gate(work, ending))
    drill.see(outcome)
    detail = f"A drill: {outcome.reason or 'nothing stopped it'}, exit {outcome.exit}. {outcome.detail}"
    _finish(work, Run.State.FINISHED, result=outcome.served, detail=detail)


def finish(work: Work, result: Any, detail: str, *, partial: bool = False) -> None:
    """End with what a human said is the result."""
    _close(work, awaits_answer=False)
    _finish(work, Run.State.PARTIAL if partial else Run.State.FINISHED, result=result, detail=detail)


def stop(work: Work, detail: str) -> None:
    """End without a result, because a human says so."""
    _close(work, awaits_answer=False)
    _finish(work, Run.State.STOPPED, detail=detail)


def _close(work: Work, **changes: Any) -> None:
    # The run's row first: it is locked from here on, and whoever holds another epoch is found out.
    work.write(step=work.run.step + 1, lease_until=None, lost=0, **changes)
    work.abandon_calls()


def _finish(work: Work, state: Run.State, **changes: Any) -> None:
    work.write(state=state, ended_at=Moment(), wake_at=None, **changes)


def _at_the_gate(work: Work, ending: Ending) -> GateResult:
    run = work.run
    return GateResult(
        task=run.task,
        output=ending.output,
        confidence=ending.confidence,
        partial=ending.partial,
        completed=ending.completed,
        missing=ending.missing,
        causes=ending.causes,
        detail=ending.detail,
        usage=usage(work.spend()),
        trace=trace(work),
        evidence=evidence(work, ending.cited),
        title=run.title,
        metadata=run.metadata,
        model=run.model,
        prompt_version=run.prompt_version,
        category=_category(work, ending.output),
        priority=run.priority,
    )


def _category(work: Work, output: Any) -> str:
    said = output.get(work.agent.category) if isinstance(output, Mapping) else None
    return said if isinstance(said, str) else ""


def _told(answer: Answer, confidence: float | None, causes: Sequence[str], detail: str) -> Ending:
    return Ending(
        answer.output,
        confidence,
        completed=answer.completed,
        missing=answer.missing,
        causes=causes,
        detail=detail,
        cited=answer.evidence,
    )


def _answered(work: Work) -> set[str]:
    return {call.tool_use_id for call in work.calls if call.state == ToolCall.State.DONE}


def _capped(work: Work, confidence: float | None) -> float | None:
    if confidence is None or not any(call.cached_age_s is not None for call in work.calls):
        return confidence
    return min(confidence, CAP_WITH_CACHED_ANSWERS)


def _from_what_is_stored(work: Work, text: str) -> Answer:
    """A result without the model's help: its last words, or what the tools answered."""
    said = [block["text"] for step in work.said for block in step.content if block.get("type") == "text"]
    answered = [call for call in work.calls if call.state == ToolCall.State.DONE]
    last_words = text or next((words for words in reversed(said) if words.strip()), "")
    read = read_answer(last_words, work.run.prompt["output_schema"])
    if isinstance(read, Answer):
        return replace(read, confidence=None)
    output = last_words or [{"tool": call.name, "answer": call.output} for call in answered] or None
    return Answer(output, None, (), (), tuple(call.tool_use_id for call in answered))


def _completed(work: Work) -> list[str]:
    return [f"{titled(call)} answered" for call in work.calls if call.state == ToolCall.State.DONE]
