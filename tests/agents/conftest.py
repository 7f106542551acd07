"""The Messages API that the agents under test talk to, and a desk at which one works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from pytest_django import Settings

from agents import Agent, registry
from agents.drills import begin
from agents.llm.local.faults import Entry, Fault
from agents.llm.local.server import LocalMessagesAPI
from agents.models import Run
from agents.registry import enrol, register
from agents.run.runner import advance
from agents.run.running import start_run
from agents.stores import answers
from escalation.gating.models import Drill, FailureMode
from escalation.queue.models import Decision, Escalation, ReviewQueue
from tests.agents.shop import Shop
from tests.cast import rehearsed
from tests.racing import race


@pytest.fixture
def messages_api(settings: Settings) -> Iterator[LocalMessagesAPI]:
    """A local Messages API that the settings point at. Its `script` dictates what it answers."""
    with LocalMessagesAPI() as server:
        settings.ANTHROPIC_API_KEY = ""
        settings.ANTHROPIC_BASE_URL = server.url
        yield server


@dataclass(frozen=True)
class Meanwhile(Fault):
    """The model's own answer; before it comes, `act` is done in a thread that is not the asker's."""

    kind: str = "slow_first_byte"
    seconds: float = 0.0
    act: Callable[[], object] = lambda: None

    def raise_error(self) -> None:
        race(self.act)


@dataclass
class Desk:
    """An agent at work: the model is told what to say, the shop has its tools, and Alice decides."""

    api: LocalMessagesAPI
    shop: Shop
    queue: ReviewQueue
    alice: User

    def begin(self, *script: Entry, agent: Agent | None = None, task: Any = "Where is it?") -> Run:
        """Start a run of a live agent, and dictate what the model says in it."""
        agent = agent or self.shop.agent()
        self.employ(agent)
        run = start_run(agent, task)
        self.api.script(f"run-{run.pk}", script)
        return run

    def run(self, *script: Entry, **how: Any) -> Run:
        """Start a run and take its steps until it is over or waits."""
        return self.go_on(self.begin(*script, **how))

    def employ(self, agent: Agent, *, live: bool = True, **terms: Any) -> None:
        """Make an agent known, under a policy without audits; `terms` are fields of Policy."""
        registry._agents[agent.name] = agent
        row = enrol(register(agent))
        row.owner, row.on_call = "Olga", "olga"
        row.save()
        limits = agent.limits.as_mapping() or {"cost_usd": 0.4}
        adopted: dict[str, Any] = {"audit_rate": 0.0, "queue": self.queue, "budget": limits}
        row.gates.get().adopt(author=None, reason="for this test", **(adopted | terms))
        if live:
            rehearsed(row.gates.get())
            row.go_live(None)

    def go_on(self, run: Run) -> Run:
        """Take a run's steps until it is over or waits."""
        run.refresh_from_db()
        while run.state in Run.GOING:
            run = advance(run.pk, run.step) or Run.objects.get(pk=run.pk)
        return run

    def decide(self, run: Run, verdict: str, **answer: Any) -> Decision:
        """Let Alice decide what the run waits for; with the undo window over at once."""
        escalation = self.waits_for(run)
        escalation.claim(self.alice)
        return escalation.decide(self.alice, verdict, **answer)

    def after(self, run: Run, verdict: str, **answer: Any) -> Run:
        """Let Alice decide, and take the steps that follow."""
        self.decide(run, verdict, **answer)
        return self.wake(run)

    def wake(self, run: Run) -> Run:
        """Advance a run that waits until it waits again or is over."""
        run.refresh_from_db()
        return self.go_on(advance(run.pk, run.step) or run)

    def rehearse(self, agent: Agent, injection: str) -> Drill:
        """A drill of an agent that is employed, to its end."""
        row = enrol(agent)
        FailureMode.objects.suggest(row, row.gates.get())
        drill = Drill.objects.want(row.failure_modes.get(injection=injection))
        run = begin(drill.pk)
        while run is not None and not run.is_over:
            run = self.go_on(run)
            if run.state == Run.State.WAITING_UPSTREAM:
                self.hurry(run)
                run = self.wake(run)
        drill.refresh_from_db()
        return drill

    def hurry(self, run: Run) -> None:
        """Let the wait of a run be over."""
        Run.objects.filter(pk=run.pk).update(wake_at=Now())

    def waits_for(self, run: Run) -> Escalation:
        """The escalation that the run waits for."""
        run.refresh_from_db()
        assert run.state == Run.State.WAITING_HUMAN
        assert run.escalation is not None
        return run.escalation

    def asked(self, run: Run) -> list[dict[str, Any]]:
        """The requests that the model got from this run, in order."""
        return [body for body in self.api.requests if body["metadata"]["user_id"] == f"run-{run.pk}"]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def desk(
    messages_api: LocalMessagesAPI,
    shop: Shop,
    queue: ReviewQueue,
    alice: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """The desk of the shop, with the undo window over at once."""
    settings.UNDO_WINDOW = type(settings.UNDO_WINDOW)()
    monkeypatch.setattr(registry, "_agents", dict(registry._agents))
    answers._answers_on.cache_clear()  # a process remembers what its tools answered
    return Desk(messages_api, shop, queue, alice)
