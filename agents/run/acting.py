"""The second half of a step: its tools are used, and what came of them says how the run goes on."""

from __future__ import annotations

from agents.asking import ASK
from agents.guards.loop import Call, Nudge, check_loop, fingerprint
from agents.guards.verdict import PROCEED, Proceed, Reason, Stop
from agents.models import ToolCall
from agents.run import ending
from agents.run.toolbox import UNAVAILABLE, carry_out, stopped_by_hand, too_early_s
from agents.run.waiting import hold, wait_to_poll
from agents.run.work import Work

PAUSED_S = 30.0


def use_tools(work: Work) -> None:
    """Carry out the present step's calls; then go on, wait for a human, or end."""
    carry_out(work)
    calls = work.calls_of(work.last_step)
    if stopped_by_hand(work):
        wait_to_poll(work, seconds=PAUSED_S, detail="The agent is paused.")
    elif unknown := [call for call in calls if call.state == ToolCall.State.UNKNOWN]:
        doubt = f"whether {unknown[0].name} ran"
        # As a PARTIAL result, since that one goes to a human whatever else the policy says.
        detail = f"nobody knows {doubt}: {unknown[0].error}"
        ending.partially(work, detail, cause=Reason.TOOL_FAILED, missing=[doubt])
    elif down := _called_again_while_down(work):
        detail = f"The circuit is open and no fresh answer is kept: {', '.join(down)}"
        ending.for_cause(work, Reason.BREAKER_OPEN, detail)
    elif held := [call for call in calls if call.state == ToolCall.State.HELD]:
        _ask_a_human(work, held[0])
    elif early := [call for call in calls if call.state == ToolCall.State.INTENT]:
        waits_s = min(too_early_s(work, call) for call in early)
        detail = f"{early[0].name} is called again when its interval is over."
        wait_to_poll(work, seconds=waits_s, detail=detail)
    else:
        work.next_step()


def _ask_a_human(work: Work, call: ToolCall) -> None:
    if work.run.drill_id is None:
        hold(work, call)
    else:  # nobody is asked in a drill: where the call would have gone is what it wants to see
        asks = call.name == ASK and work.agent.may_ask
        cause = Reason.INPUT_REQUESTED if asks else Reason.APPROVAL_REQUIRED
        ending.for_cause(work, cause, f"{call.name} waits for a human.")


def _called_again_while_down(work: Work) -> list[str]:
    """The tools called in the present step though an earlier one told the model that they are down."""
    now = {call.name for call in work.calls_of(work.last_step) if call.error == UNAVAILABLE}
    steps = {(call.name, call.step_id) for call in work.calls if call.error == UNAVAILABLE}
    return sorted(name for name in now if sum(name == other for other, _ in steps) > 1)


def check_repetition(work: Work) -> Proceed | Nudge | Stop:
    """Whether the calls of the last step go round in circles; what a human says now may end the circle."""
    if work.run.say or not work.calls_of(work.last_step):
        return PROCEED
    turns = [tuple(_as_call(work, call) for call in work.calls_of(step)) for step in work.steps]
    return check_loop([turn for turn in turns if turn], work.run.nudges)


def _as_call(work: Work, call: ToolCall) -> Call:
    tool = work.agent.tool_named(call.name)
    return Call(
        tool=call.name,
        arguments=fingerprint(call.arguments),
        result=fingerprint(call.error or call.output),
        is_error=bool(call.error),
        polling=tool is not None and tool.polling_interval_s is not None,
    )
