"""What every model call of a run needs, a turn or a check: where the run stands, and patience."""

from __future__ import annotations

from agents.guards.turn_plan import Position
from agents.llm.pricing import Price
from agents.llm.turn import TurnRequest, estimate_input_tokens
from agents.run.purse import shared_left
from agents.run.stage import PAUSE_S
from agents.run.upstream import NotAsked
from agents.run.waiting import wait_for_upstream
from agents.run.work import Work


def position(work: Work, request: TurnRequest, price: Price) -> Position:
    """Where the run stands before `request` is sent; raises BudgetUnavailable."""
    return Position(
        transcript_tokens=estimate_input_tokens(request),
        spend=work.spend(),
        budget=work.budget,
        price=price.worst,
        shared_micro_usd=shared_left(work.run, work.budget),
    )


def waited_for(work: Work, refusal: NotAsked) -> bool:
    """Let go of the run until the model may be asked again; False when patience is over or would not help."""
    pause = refusal.pause_s(work.run.upstream_failures) if work.run.gated else None
    if pause is not None and work.run.drill_id is not None:
        pause = PAUSE_S
    if pause is not None:
        wait_for_upstream(work, seconds=pause, detail=refusal.why)
    return pause is not None
