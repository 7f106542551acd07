"""The Lua script against the rule it must follow: the same events lead to the same breaker."""

from dataclasses import replace
from typing import Any

from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.guards.breaker import Breaker, BreakerPolicy, Mode, Outcome, Permit, Report, Slot
from agents.stores.breaker_redis import KEYS_KEY, PREFIX, RedisKeeper
from agents.stores.connection import connect

POLICIES = [
    BreakerPolicy(),
    BreakerPolicy(failure_threshold=1, recovery_timeout=0.7, max_open_s=3.3, probe_lease_s=1.1),
    BreakerPolicy(failure_threshold=1, recovery_timeout=1.5, max_open_s=5, slow_call_s=1.5, jitter=0.37),
    BreakerPolicy(failure_threshold=50, minimum_calls=4, failure_rate=0.5, window_s=7.7),
    BreakerPolicy(failure_threshold=50, minimum_calls=4, failure_rate=1.0, slow_call_s=1.5, slow_rate=0.5),
    BreakerPolicy(failure_threshold=2, minimum_calls=2, slow_call_s=1.5, slow_rate=0.6, window_s=0.005),
    BreakerPolicy(failure_threshold=2, max_open_s=5, recovery_timeout=2.9, max_retry_after_s=8.05),
]
REPORTS = st.builds(
    Report,
    st.sampled_from([*Outcome, Outcome.FAILURE, Outcome.FAILURE]),
    st.sampled_from([3, 1499, 1500, 60_000]),
    st.sampled_from([0, 0, 4_000, 10**9]),
)
CALLERS = st.integers(0, 3)
DRAWS = st.floats(0, 0.999)
CALL = st.tuples(st.just("call"), st.tuples(CALLERS, REPORTS, DRAWS))
DUE = st.tuples(st.just("come_due"), st.integers(-1, 2))
EVENTS = st.one_of(
    *[CALL] * 5,
    *[DUE] * 3,
    st.tuples(st.just("acquire"), CALLERS),
    st.tuples(st.just("report"), st.tuples(st.integers(0, 5), REPORTS, DRAWS)),
    st.tuples(st.just("pass"), st.integers(1, 9_000)),
    st.tuples(
        st.just("set"), st.sampled_from([Mode.CLOSED, Mode.CLOSED, Mode.FORCED_OPEN, Mode.FORCED_CLOSED])
    ),
)


class Pair:
    """One breaker twice: as the script keeps it in Redis, and as the rule says that it should be."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self.client = connect(django_settings.REDIS_URL)
        self.client.delete(PREFIX + "pair", KEYS_KEY)
        self.keeper = RedisKeeper(self.client, orders=lambda name: None)
        self.keeper.acquire("pair", policy, "nobody")
        self.policy = policy
        self.rule = Breaker()
        self.permits = [Permit("nobody", 0)]

    def meet(self, kind: str, what: Any) -> None:
        """Let one event happen to both, and hold them against each other."""
        getattr(self, f"_{kind}")(what)
        assert self.keeper.load("pair") == self.rule

    def _acquire(self, caller: int) -> None:
        reply = self.keeper.acquire("pair", self.policy, f"caller {caller}")
        self.rule, answer = self.rule.acquire(self.policy, f"caller {caller}", now=reply.now)
        assert reply.answer == answer
        assert (reply.after, reply.cause) == (self.rule.mode, self.rule.cause)
        if isinstance(answer, Permit):
            self.permits.append(answer)

    def _report(self, what: tuple[int, Report, float]) -> None:
        back, report, draw = what
        permit = self.permits[-1 - back % len(self.permits)]
        reply = self.keeper.report("pair", self.policy, permit, report, draw)
        # What changed no mode was counted, if at all, in the newest grain of the window.
        window = self.keeper.load("pair").window
        now = reply.now if reply else window[-1].start if window else 0
        before = self.rule
        self.rule = before.report(self.policy, permit, report, now=now, draw=draw)
        assert (reply and (reply.before, reply.after)) == (
            None if before.mode is self.rule.mode else (before.mode, self.rule.mode)
        )

    def _call(self, what: tuple[int, Report, float]) -> None:
        caller, report, draw = what
        self._acquire(caller)
        self._report((0, report, draw))

    def _set(self, mode: Mode) -> None:
        reply = self.keeper.set("pair", mode)
        self.rule = self.rule.set_by_hand(mode, now=reply.now)

    def _come_due(self, early: int) -> None:
        """Let time pass until `early` ms before what an open or half-open breaker waits for."""
        waits_for = max(self.rule.open_until, self.rule.probe_until)
        self._pass(max(0, waits_for - self.keeper.clock() - early))

    def _pass(self, ms: int) -> None:
        """Let time pass for both, by putting everything that they remember so much further into the past."""
        old = self.rule
        self.rule = replace(
            old,
            since=old.since - ms,
            open_until=old.open_until - ms,
            probe_until=old.probe_until - ms,
            window=tuple(slot._replace(start=slot.start - ms) for slot in old.window),
        )
        *older, newest = self.rule.window or [Slot(0, 0, 0, 0)]
        window = ";".join(":".join(map(str, slot)) for slot in older)
        self.client.hset(
            PREFIX + "pair",
            items=["window", window, "slot", newest.start, "turns", newest.start + self.policy.slot_ms],
        )
        for name in ("since", "open_until", "probe_until"):
            self.client.hset(PREFIX + "pair", name, str(getattr(self.rule, name)))


@settings(max_examples=120)
@given(st.sampled_from(POLICIES), st.lists(EVENTS, min_size=20, max_size=40))
def test_the_same_events_lead_to_the_same_breaker(
    policy: BreakerPolicy, events: list[tuple[str, Any]]
) -> None:
    pair = Pair(policy)

    for kind, what in events:
        pair.meet(kind, what)
