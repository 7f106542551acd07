"""What else is asked about an answer, and what the confidence is once all of it was asked."""

from __future__ import annotations

from agents.answer import Answer, read_answer
from agents.critic import Opinion, read_opinion
from agents.guards.confidence import agreement, combined
from agents.models import Step
from agents.run.work import Work

Aside = Step.Aside
LONGEST_REASON = 500  # characters in the sentence; the timeline has all of it


def next_aside(work: Work) -> Aside | None:
    """What is still to be asked about the answer, by what was pinned to the run; None when all was."""
    asked = [step.aside for step in work.asides]
    if asked.count(Aside.SAMPLE) < work.run.prompt.get("samples", 1) - 1:
        return Aside.SAMPLE
    if "critic" in work.run.prompt and Aside.CRITIC not in asked:
        return Aside.CRITIC
    return None


def weighed(work: Work, answer: Answer) -> tuple[float | None, str]:
    """The confidence in the answer, and a sentence on how it came about if more was asked than its author.

    None while something is still to be asked, and when the critic gave nothing that can be read: a number
    that was to be checked and was not is no confidence.
    """
    if next_aside(work):
        return None, ""
    support: list[float | None] = []
    parts = [f"The model states {_percent(answer.confidence)}"]
    samples = _samples(work)
    if samples:
        share = agreement(answer.essence(_fields(work)), samples)
        support.append(share)
        parts.append(f"{round(share * (1 + len(samples)))} of {1 + len(samples)} answers agree")
    for critic in [step for step in work.asides if step.aside == Aside.CRITIC]:
        opinion = read_opinion(critic.text) if _is_whole(critic) else None
        support.append(opinion.confidence if opinion else None)
        parts.append(_told(critic, opinion))
    return combined(answer.confidence, support), "; ".join(parts) if support else ""


def _samples(work: Work) -> list[str | None]:
    return [_essence(work, step) for step in work.asides if step.aside == Aside.SAMPLE]


def _essence(work: Work, sample: Step) -> str | None:
    read = read_answer(sample.text, work.run.prompt["output_schema"])
    return read.essence(_fields(work)) if isinstance(read, Answer) and _is_whole(sample) else None


def _fields(work: Work) -> list[str]:
    return list(work.run.prompt.get("agree_on", ()))


def _is_whole(aside: Step) -> bool:
    return aside.stop_reason == "end_turn" and not aside.cut


def _told(critic: Step, opinion: Opinion | None) -> str:
    if opinion is None:
        return f"the critic gave no opinion ({critic.cut or critic.stop_reason})"
    return f"the critic gives it {_percent(opinion.confidence)}: {opinion.reason[:LONGEST_REASON]}".rstrip(
        ": "
    )


def _percent(confidence: float | None) -> str:
    return "nothing" if confidence is None else f"{confidence:.0%}"
