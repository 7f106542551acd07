from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from escalation.delivery.models.endpoint import callback_secret
from escalation.gating.models import Agent


class Command(BaseCommand):
    help = "Print the secret with which the webhooks to an agent's `callback_url`s are signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", metavar="AGENT", help="the slug of the agent")

    def handle(self, *args: Any, **options: Any) -> None:
        if not Agent.objects.filter(slug=options["agent"]).exists():
            raise CommandError(f"There is no agent {options['agent']!r}. Add it in the admin.")
        self.stdout.write(callback_secret(options["agent"]))
