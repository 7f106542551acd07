"""manage.py pause: the kill switch, for one agent, one gate or everything."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from escalation.gating.models import Agent, Gate


class Command(BaseCommand):
    help = "Stop an agent, a gate (AGENT/GATE) or, with --everything, all of them: at once, with a reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "what", nargs="?", help="an agent, as support-triage, or a gate: support-triage/default"
        )
        which.add_argument("--everything", action="store_true", help="every agent there is")
        parser.add_argument("--reason", required=True, help="why; it stays in the record")
        parser.add_argument("--by", default="", help="the user name of whoever does it (default: the system)")

    def handle(self, *args: Any, what: str | None, everything: bool, reason: str, by: str, **_: Any) -> None:
        actor = self._actor(by)
        if everything:
            count = Agent.objects.pause_all(actor, reason)
            self.stdout.write(f"{count} agents were stopped. Every result goes to a human.")
            return
        agent, _slash, gate = (what or "").partition("/")
        found: Agent | Gate | None = (
            Gate.objects.filter(agent__slug=agent, slug=gate).first()
            if gate
            else Agent.objects.filter(slug=agent).first()
        )
        if found is None:
            raise CommandError(f"There is no {'gate' if gate else 'agent'} {what!r}.")
        found.pause(actor, reason)
        self.stdout.write(f"{what} is paused. Every result there goes to a human.")

    def _actor(self, name: str) -> User | None:
        if not name:
            return None
        actor = User.objects.filter(username=name).first()
        if actor is None:
            raise CommandError(f"Nobody is named {name!r}.")
        return actor
