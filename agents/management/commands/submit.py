from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from agents.feeding import NotReadable, Piece, pieces
from agents.models import Run
from agents.registry import UnknownAgent, agent_named
from agents.run.bell import ring
from agents.run.running import start_run


class Command(BaseCommand):
    help = "Give an agent work: each line of a JSONL or CSV file, or each text file of a folder, is a run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's name, as support-triage")
        parser.add_argument(
            "file", help="a .jsonl, .csv, .jsonl.gz or .csv.gz file, or a folder of .txt and .md files"
        )
        parser.add_argument("--field", default="text", help="the field or column that holds the message")
        parser.add_argument("--limit", type=_whole, help="take only the first so many")
        parser.add_argument("--skip", type=_whole, default=0, help="leave out the first so many")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            agent = agent_named(options["agent"])
            work = pieces(options["file"], options["field"], skip=options["skip"], limit=options["limit"])
        except (UnknownAgent, NotReadable) as error:
            raise CommandError(str(error)) from error
        with Progress() as progress:
            bar = progress.add_task(f"Submitting to {agent.name}", total=len(work))
            first = None
            for piece in work:
                run = _submit(agent, piece)
                first = first or run.pk
                progress.advance(bar)
        self.stdout.write(f"{len(work)} runs queued, from number {first} on.")


def _submit(agent: Any, piece: Piece) -> Run:
    run = start_run(agent, piece.task, metadata=piece.metadata)
    ring(run)
    return run


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
