from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from escalation.delivery.models import Delivery
from escalation.gating.models import Agent


class Command(BaseCommand):
    help = (
        "Send dead deliveries again, each with the id that it had, and print how many. Under way: left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        says = "UTC unless it says otherwise, such as 2027-03-01T14:00"
        parser.add_argument("--since", metavar="TIME", required=True, help=says)
        parser.add_argument("--until", metavar="TIME", help="up to, and not including")
        parser.add_argument("--agent", help="only what this agent was to be told")
        parser.add_argument(
            "--delivered-too", action="store_true", help="also what was delivered, not only what is dead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Delivery.objects.filter(created_at__gte=_moment(options["since"]))
        if options["until"]:
            rows = rows.filter(created_at__lt=_moment(options["until"]))
        if options["agent"]:
            rows = rows.of_agent(_known(options["agent"]))
        if not options["delivered_too"]:
            rows = rows.filter(status=Delivery.Status.DEAD)
        self.stdout.write(str(rows.redeliver()))


def _known(slug: str) -> str:
    if not Agent.objects.filter(slug=slug).exists():
        raise CommandError(f"There is no agent {slug!r}.")
    return slug


def _moment(written: str) -> datetime:
    try:
        moment = parse_datetime(written)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{written!r} is no time; write it like 2027-03-01T14:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
