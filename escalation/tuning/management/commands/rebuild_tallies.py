from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from escalation.tuning.models import Tally


class Command(BaseCommand):
    help = "Count every tally once more from the outcomes and labels, and say how many are something else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="put the right tallies in the place of those")

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        number = Tally.objects.recount(mend=mend)
        if number and not mend:
            raise CommandError(f"{number} differ; --mend puts that right.")
        self.stdout.write(f"{number} tallies mended." if number else "No tally differs.")
