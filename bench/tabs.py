"""Fifty people with the queue before them: what open tabs cost when nothing happens, and when much does."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from itertools import count, cycle

from bench.cpu import cpu_s
from bench.ground import Ground, Site
from bench.table import Line, Spread

TABS, POLL_S = 50, 10.0  # static/js/live.js
LOOKED_AFTER_S = 30.0  # escalation/review/views/queue.py
CPU_PERCENT = 10.0
WAITING = 10_000
# A team of fifty that decides as fast as agents ask.
RAISED_EVERY_S = 2.0


def measure(ground: Ground) -> list[Line]:
    """Let every tab ask for news as the page's script does, each time on a connection of its own."""
    site = ground.site(WAITING)
    tabs = _Tabs(ground, site)
    tabs.watch(POLL_S, busy=True)
    quiet, busy = [], []
    for _ in range(ground.scale.rounds):
        # What happened before is known to all, and the list is looked up again though nothing moved.
        tabs.ask_all()
        quiet.append(tabs.watch(LOOKED_AFTER_S, busy=False))
        busy.append(tabs.watch(POLL_S, busy=True))
    return [
        _line("nothing happens", quiet),
        _line(f"one is raised and one is decided every {RAISED_EVERY_S:.0f} s", busy),
    ]


def _line(when: str, percents: list[float]) -> Line:
    ours = Spread(tuple(percents), "%")
    return Line(
        work=f"{TABS} open tabs while {when}: CPU of web and PostgreSQL, of a core",
        ours=ours,
        promise=f"≤ {CPU_PERCENT:.0f} %",
        kept=ours.median <= CPU_PERCENT,
    )


class _Tabs:
    """The tabs, each with the ETag of what it shows."""

    def __init__(self, ground: Ground, site: Site) -> None:
        self.ground, self.site = ground, site
        self.path = site.inside.call("visits.news_path")
        self.etags = [""] * TABS

    def watch(self, seconds: float, *, busy: bool) -> float:
        """Let every tab ask when it is its turn; returns the CPU of the servers, in percent of a core."""
        began, before = time.monotonic(), self._cpu_s()
        happens = began + RAISED_EVERY_S / 2
        for number, tab in zip(count(), cycle(range(TABS))):
            turn = began + number * POLL_S / TABS
            if turn > began + seconds:
                break
            if busy and turn > happens:
                self.site.inside.call("decide_some", ids=self.site.inside.call("raise_some", number=1))
                self.site.inside.call("raise_some", number=1)
                happens += RAISED_EVERY_S
            time.sleep(max(0.0, turn - time.monotonic()))
            self._ask(tab)
        return 100 * (self._cpu_s() - before) / (time.monotonic() - began)

    def ask_all(self) -> None:
        """Let every tab ask at once."""
        for tab in range(TABS):
            self._ask(tab)

    def _ask(self, tab: int) -> None:
        headers = {"Cookie": self.ground.keys["session"], "HX-Request": "true"}
        if self.etags[tab]:
            headers["If-None-Match"] = self.etags[tab]
        connection = HTTPConnection("127.0.0.1", self.site.web.port, timeout=30)
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 304), answer.status
        self.etags[tab] = answer.headers["ETag"]
        connection.close()

    def _cpu_s(self) -> float:
        return cpu_s(self.site.web.pid) + cpu_s(self.ground.postgres_pid)
