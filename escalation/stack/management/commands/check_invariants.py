"""Assert on any database what must hold at any moment."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, FileType
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from escalation.invariants import all_invariants

MOST_NAMES = 5
ADDRESS = re.compile(r"/(escalations|outcomes|runs)/(\d+)/")
ROWS = {"escalations": "queue.Escalation", "outcomes": "gating.Outcome", "runs": "agents.Run"}


class Command(BaseCommand):
    help = "Check what must hold on any database, a line each; exits with 1 when something does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--answered",
            type=FileType(),
            metavar="FILE",
            help="what producers were answered (the Location of each 201), a line each: all must be there",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            # Every check sees the same moment, whatever happens meanwhile; a big database may take its time.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        found = {invariant.sentence: invariant.breaches() for invariant in all_invariants()}
        if options["answered"]:
            with options["answered"] as lines:
                found["What producers were told is stored, is stored."] = lost(lines)
        for sentence, breaches in found.items():
            self.stdout.write(line(sentence, breaches))
        if any(found.values()):
            sys.exit(1)


def lost(lines: Iterable[str]) -> list[str]:
    """The addresses among `lines` of which there is no row."""
    named = [(match[1], int(match[2])) for line in lines if (match := ADDRESS.search(line))]
    missing = []
    for kind, model in ROWS.items():
        ids = {pk for name, pk in named if name == kind}
        stored = apps.get_model(model)._default_manager.filter(pk__in=ids).values_list("pk", flat=True)
        missing += [f"/{kind}/{pk}/" for pk in sorted(ids - set(stored))]
    return missing


def line(sentence: str, breaches: list[str]) -> str:
    """One line of the report, with the first names of what breaks it."""
    if not breaches:
        return f"ok      {sentence}"
    more = f" and {len(breaches) - MOST_NAMES} more" if len(breaches) > MOST_NAMES else ""
    return f"BROKEN  {sentence} ({', '.join(breaches[:MOST_NAMES])}{more})"
