"""manage.py exit_map: where every reason leads, as Markdown with a picture, for an agent's own documents."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from escalation.gating.exit_map import as_markdown, exit_map, taken_lately
from escalation.gating.models import Agent


class Command(BaseCommand):
    help = "Print an agent's exit map: gates by reasons, the exits of each, and what they did last week."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's name, as support-triage")

    def handle(self, *args: Any, **options: Any) -> None:
        agent = Agent.objects.filter(slug=options["agent"]).first()
        if agent is None:
            raise CommandError(f"No agent is named {options['agent']!r}.")
        self.stdout.write(as_markdown(agent, exit_map(agent.plan(), taken_lately([agent]))))
