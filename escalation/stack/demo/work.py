"""Work for the demo's agent: messages that were written for it, over and over."""

from __future__ import annotations

from pathlib import Path

from agents.bell import ring
from agents.feeding import pieces
from agents.library.support_triage import support_triage
from agents.models import Run
from agents.running import start_run
from escalation.queue.models import Escalation

MESSAGES = Path(__file__).with_name("messages.jsonl")
ENOUGH_WAITING = 60


def feed(count: int = 1) -> int:
    """Queue the next messages, and return how many; none when the reviewers have plenty to do."""
    waiting = Escalation.objects.filter(agent=support_triage.name).open()[: ENOUGH_WAITING + 1].count()
    if waiting > ENOUGH_WAITING:
        return 0
    messages = pieces(str(MESSAGES), "text")
    done = Run.objects.filter(agent=support_triage.name).count()
    for number in range(done, done + count):
        ring(start_run(support_triage, messages[number % len(messages)].task))
    return count
