"""An agent for programs beside the test: what its tools did stands in a file, one line a time.

Celery workers import it; `python -m tests.agents.night_shift RUN STEP` takes one step of a run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from agents import Agent, Critic, rule, tool  # noqa: E402
from agents.registry import register  # noqa: E402
from agents.run.runner import advance  # noqa: E402


def _do(what: str) -> str:
    with Path(os.environ["NIGHT_SHIFT_LOG"]).open("a") as log:
        log.write(f"{what}\n")
    if os.environ.get("NIGHT_SHIFT_DIES_IN") == what.partition(" ")[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(os.environ.get("NIGHT_SHIFT_TAKES_S", "0.05")))
    return "done"


@tool(effect="read")
def count(what: str) -> str:
    """Count what is there."""
    return _do(f"count {what}")


@tool(effect="write")
def post(what: str) -> str:
    """Post a letter."""
    return _do(f"post {what}")


@rule("night-shift-dies")
def dies(task: Any, output: Any) -> Any:
    """End this process where the gate asks for an exit."""
    if os.environ.get("NIGHT_SHIFT_DIES_IN") == "gate":
        os.kill(os.getpid(), signal.SIGKILL)
    return None


night_shift = register(
    Agent(name="night-shift", model="claude-haiku-5-5", instructions="Work.", tools=[count, post])
)
night_watch = register(
    Agent(name="night-watch", model="claude-haiku-5-5", instructions="Watch.", critic=Critic())
)

if __name__ == "__main__":
    advance(int(sys.argv[1]), int(sys.argv[2]))
