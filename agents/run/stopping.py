"""Ending a run from outside, whoever holds it: the kill switch of one run."""

from __future__ import annotations

import contextlib

from django.db import transaction

from agents.models import Run
from escalation.queue.exceptions import TransitionRefused


@transaction.atomic
def stop_run(run: Run, detail: str) -> bool:
    """End a run without a result and take back what it asked of a human; False when it was over.

    A worker in the middle of its turn finds its epoch gone and writes nothing more; a tool that it has
    started already is not called back.
    """
    if not run.stop(detail):
        return False
    if run.escalation:
        # One that was decided a moment ago stays decided: nobody is left to act on it.
        with contextlib.suppress(TransitionRefused):
            run.escalation.withdraw()
    return True
