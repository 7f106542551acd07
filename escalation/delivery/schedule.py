"""When a delivery is tried again (PURE)."""

from datetime import timedelta

# How long to wait after each try: about 5 s, 1 m, 5 m, 30 m, 2 h, 6 h, 12 h, 24 h, then dead.
SCHEDULE_S = (5, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400)
MOST_TRIES = len(SCHEDULE_S) + 1
# How long one try may hold a delivery: longer than a worker may take for it.
TRY_LEASE = timedelta(seconds=30)


def pause_after(tries: int, jitter: float, at_least: timedelta = timedelta()) -> timedelta | None:
    """How long to wait after so many tries, `jitter` uniform in [0, 1); None when that was the last."""
    if tries >= MOST_TRIES:
        return None
    return max(timedelta(seconds=SCHEDULE_S[tries - 1] * (0.8 + 0.4 * jitter)), at_least)
