from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from escalation.tuning.rebuilding import differences


class Command(BaseCommand):
    help = "Make every label once more from its decision, and say where what is stored is something else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="put the right labels in the place of those")

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        number = 0
        for difference in differences():
            number += 1
            self.stdout.write(f"{difference}{', mended' if mend else ''}")
            if mend:
                difference.mend()
        if number and not mend:
            raise CommandError(f"{number} differ; --mend puts that right.")
        self.stdout.write(f"{number} labels mended." if number else "No label differs.")
