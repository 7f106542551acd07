"""Work for the demo's agents: messages and documents that were written for it, over and over."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agents.feeding import Piece, pieces
from agents.library.document_extraction import document_extraction
from agents.library.support_triage import support_triage
from agents.models import Run
from agents.run.bell import ring
from agents.run.running import start_run
from escalation.queue.models import Escalation

if TYPE_CHECKING:
    from agents import Agent

HERE = Path(__file__).parent
SOURCES = {support_triage.name: "messages.jsonl", document_extraction.name: "documents"}
ENOUGH_WAITING = 60
MESSAGES_PER_DOCUMENT = 12


def feed() -> int:
    """Queue what comes next: a message, and now and then a document; returns how many."""
    fed = give(support_triage, 1)
    is_time = fed and _given(support_triage) % MESSAGES_PER_DOCUMENT == 0
    return fed + (give(document_extraction, 1) if is_time else 0)


def give(agent: Agent, count: int) -> int:
    """Queue an agent's next pieces of work, and return how many; none when reviewers have plenty to do."""
    waiting = Escalation.objects.filter(agent=agent.name).open()[: ENOUGH_WAITING + 1].count()
    if waiting > ENOUGH_WAITING:
        return 0
    work = work_for(agent)
    done = _given(agent)
    for number in range(done, done + count):
        piece = work[number % len(work)]
        ring(start_run(agent, piece.task, metadata=piece.metadata))
    return count


def _given(agent: Agent) -> int:
    return Run.objects.in_earnest().filter(agent=agent.name).count()


def work_for(agent: Agent) -> list[Piece]:
    """The pieces of work that there are for an agent of the demo."""
    return _read(SOURCES[agent.name])


@cache
def _read(source: str) -> list[Piece]:
    return pieces(str(HERE / source), "text")
