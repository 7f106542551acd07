"""What a run did, for those who look at it: also when its agent's definition is gone."""

from __future__ import annotations

from agents.agent import Agent
from agents.models import Run
from agents.run.work import Work


def past_of(run: Run) -> Work:
    """A run with its steps, calls and ledger. Whoever was its agent: looking at it takes no turn."""
    return Work.on(run, Agent(model=run.model))
