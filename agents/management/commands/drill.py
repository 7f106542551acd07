"""manage.py drill: rehearse an agent's failure modes on the workers, and say which exits were seen."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from escalation.gating.catalogue import INJECTIONS
from escalation.gating.models import Agent, Drill, FailureMode

POLL_S = 0.3


class Command(BaseCommand):
    help = "Rehearse how an agent fails: each failure is injected, and the declared exit must be seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's name, as support-triage")
        parser.add_argument("--failure", choices=sorted(INJECTIONS), help="only this one (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        drills = [Drill.objects.want(mode) for mode in self._modes(options["agent"], options["failure"])]
        failed = [drill for drill in self._watch(drills) if not drill.passed]
        if failed:
            raise CommandError(f"{len(failed)} of {len(drills)} drills did not see the declared exit.")
        self.stdout.write(self.style.SUCCESS(f"{len(drills)} of {len(drills)} drills saw the declared exit."))

    def _modes(self, slug: str, injection: str | None) -> list[FailureMode]:
        agent = Agent.objects.filter(slug=slug).first()
        if agent is None:
            known = ", ".join(Agent.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"No agent is named {slug!r}; there are: {known}.")
        if not agent.runs_here:
            raise CommandError(
                f"{slug} runs elsewhere: it rehearses by posting to /api/v1/sandbox/outcomes/."
            )
        modes = [mode for mode in FailureMode.objects.filter(agent=agent).ranked() if mode.injection]
        chosen = [mode for mode in modes if injection in (None, mode.injection)]
        if not chosen:
            written = (
                ", ".join(mode.injection for mode in modes) or "none yet: write its pre-mortem in the admin"
            )
            raise CommandError(f"{slug} has no such failure mode to rehearse; there are: {written}.")
        return chosen

    def _watch(self, drills: list[Drill]) -> list[Drill]:
        ended: list[Drill] = []
        with Progress(transient=True) as progress:
            bar = progress.add_task("Waiting for the workers", total=len(drills))
            while len(ended) < len(drills):
                waiting = [drill.pk for drill in drills if drill.pk not in {one.pk for one in ended}]
                for drill in Drill.objects.filter(pk__in=waiting).exclude(passed=None).order_by("ended_at"):
                    ended.append(drill)
                    progress.update(bar, advance=1, description=drill.what)
                    progress.console.print(self._said(drill), highlight=False, soft_wrap=True)
                time.sleep(POLL_S)
        return ended

    def _said(self, drill: Drill) -> str:
        seen = f"{drill.seen_reason or 'accepted'} → {drill.seen_exit}" if drill.seen_exit else "no exit"
        wanted = f"{drill.expected_reason} → {', then '.join(drill.expected_exits)}"
        if drill.passed:
            return f"[green]passed[/]  {drill.what}: {seen}"
        return f"[red]failed[/]  {drill.what}: wanted {wanted}, saw {seen}. {drill.detail}"
