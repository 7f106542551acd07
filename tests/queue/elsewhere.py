"""A program on a host whose clock is SECONDS ahead: `python -m tests.queue.elsewhere SECONDS < PROGRAM`."""

from __future__ import annotations

import datetime
import sys
import time

TRUE = time.time


def shift(seconds: float) -> None:
    """Let this process believe that it is so much later; must come before everything that tells the time."""

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Shifted:
            return cls.fromtimestamp(TRUE() + seconds, tz)

    datetime.datetime = Shifted  # type: ignore[misc]
    time.time = lambda: TRUE() + seconds


if __name__ == "__main__":
    shift(float(sys.argv[1]))
    import django

    django.setup()
    exec(sys.stdin.read())
