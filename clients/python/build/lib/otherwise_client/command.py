"""`otherwise`: the client on a command line, JSON in and out. The exit codes are for scripts to branch on."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from otherwise_client.answers import Escalation, EscalationRow, Label, Outcome, Run
from otherwise_client.client import Otherwise
from otherwise_client.errors import (
    Forbidden,
    OtherwiseError,
    ProblemError,
    StillRunning,
    StillWaiting,
    Unauthorized,
)
from otherwise_client.fields import LabelFilter

VERDICTS = {"accept": 0, "edit": 0, "answer": 0, "reject": 10, "dismiss": 11, "continue": 12, "retry": 13}
WAITING, WITHDRAWN, EXPIRED = 20, 21, 22
RUNS = {"finished": 0, "partial": 14, "stopped": 23}
REFUSED, UNAUTHORIZED, UNAVAILABLE = 3, 4, 5
CODES = """\
exit codes:
   0  go on: accepted, edited or answered, or the call did what it says
  10  rejected        11  dismissed
  12  go on with more budget (PARTIAL results)    13  do it again, with the note
  14  a run ended with a part of its result
  20  a human must decide, and has not yet; a run is not over
  21  withdrawn       22  expired with no exit at the deadline (0 when there was one: see "resolution")
  23  a run was stopped
   2  the command line is wrong                   3  the server refused the request
   4  the token is wrong, or may not do this      5  no answer from the server

OTHERWISE_URL and OTHERWISE_TOKEN say where, and as whom. BODY is the JSON object of the REST contract.
"""
Command = Callable[[Otherwise, Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        with Otherwise(options.url, options.token, tries=options.tries) as client:
            command: Command = options.command
            return command(client, options)
    except StillWaiting as late:
        return _print_escalation(late.escalation)
    except StillRunning as late:
        return _print_run(late.run)
    except OtherwiseError as error:
        _complain(error.problem if isinstance(error, ProblemError) else {"detail": str(error)})
        return _code_of(error)
    except (OSError, ValueError) as error:
        _complain({"detail": str(error)})
        return 2


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="otherwise", description=__doc__, epilog=CODES, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="default: OTHERWISE_URL")
    parser.add_argument("--token", help="default: OTHERWISE_TOKEN (safer: others see command lines)")
    parser.add_argument("--tries", type=int, default=8, help="how often to try a call (default: 8)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _creating(commands, "gate", _gate, "put a result through a gate")
    _creating(commands, "raise", _raise, "put a question, a result or an action to a human")
    _waiting(commands, "wait", _wait, "wait until it is decided, withdrawn or expired")
    _by_id(commands, "get", _get, "show an escalation as it is now")
    _by_id(commands, "withdraw", _withdraw, "say that no answer is needed any more")
    listing = _command(commands, "list", _list, "list escalations, newest first, one JSON object a line")
    listing.add_argument("--status", choices=["waiting", "claimed", "decided", "withdrawn", "expired"])
    says = "have an agent work on a task on the server's workers"
    runs = commands.add_parser("run", help=says, description=says).add_subparsers(
        required=True, metavar="COMMAND"
    )
    _creating(runs, "start", _start_run, says)
    _waiting(runs, "wait", _wait_for_run, "wait until it is over")
    _by_id(runs, "get", _get_run, "show a run as it is now")
    _by_id(runs, "stop", _stop_run, "end a run without a result")
    labels = _command(commands, "labels", _labels, "list labels, newest first, one JSON object a line")
    export = _command(commands, "export", _export, "download all labels, oldest first")
    export.add_argument("--format", choices=["jsonl", "csv", "label-studio"], default="jsonl")
    export.add_argument("--output", metavar="FILE", help="default: standard output")
    for command in (labels, export):
        command.add_argument("--agent", help="of this agent alone")
        command.add_argument("--gate", help="of this gate alone")
        command.add_argument(
            "--since", metavar="MOMENT", help="decided since then, such as 2026-01-31T00:00:00Z"
        )
    _command(commands, "mcp", _mcp, "serve the client as MCP tools, over stdin and stdout")
    return parser


def _creating(commands: Any, name: str, command: Command, says: str) -> None:
    parser = _command(commands, name, command, says)
    parser.add_argument("body", nargs="?", default="-", metavar="BODY", help="a file, or - for stdin")
    parser.add_argument("--key", help="idempotency key: the same key never makes two")
    _add_wait(parser, "--wait", "wait for its end, at most so many seconds (0: as long as it takes)")


def _waiting(commands: Any, name: str, command: Command, says: str) -> None:
    parser = _by_id(commands, name, command, says)
    says = "at most so many seconds (default and 0: as long as it takes)"
    _add_wait(parser, "--timeout", says, default=0.0)


def _by_id(commands: Any, name: str, command: Command, says: str) -> ArgumentParser:
    parser = _command(commands, name, command, says)
    parser.add_argument("id", type=int, metavar="ID")
    return parser


def _command(commands: Any, name: str, command: Command, says: str) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(name, help=says, description=says)
    parser.set_defaults(command=command)
    return parser


def _add_wait(parser: ArgumentParser, flag: str, says: str, default: float | None = None) -> None:
    parser.add_argument(
        flag, dest="wait", type=float, nargs="?", const=0.0, default=default, metavar="SECONDS", help=says
    )


def _gate(client: Otherwise, options: Namespace) -> int:
    body = _body(options.body, needed=("task", "output"))
    outcome = client.gate(**body, key=options.key)
    if outcome.escalation is None or options.wait is None:
        _print(outcome)
        return WAITING if outcome.exit == "human" else 0
    return _print_escalation(client.wait(outcome.escalation.id, options.wait or None))


def _raise(client: Otherwise, options: Namespace) -> int:
    body = _body(options.body, needed=("reason", "title"))
    raised = client.escalate(**body, key=options.key)
    if options.wait is None:
        _print(raised)
        return 0
    return _print_escalation(client.wait(raised.id, options.wait or None))


def _wait(client: Otherwise, options: Namespace) -> int:
    return _print_escalation(client.wait(options.id, options.wait or None))


def _get(client: Otherwise, options: Namespace) -> int:
    return _print_escalation(client.get(options.id))


def _withdraw(client: Otherwise, options: Namespace) -> int:
    client.withdraw(options.id)
    return 0


def _list(client: Otherwise, options: Namespace) -> int:
    for row in client.escalations(**{"status": options.status} if options.status else {}):
        _print(row)
    return 0


def _start_run(client: Otherwise, options: Namespace) -> int:
    body = _body(options.body, needed=("task",))
    started = client.start_run(**body, key=options.key)
    if options.wait is None:
        _print(started)
        return 0
    return _print_run(client.wait_for_run(started.id, options.wait or None))


def _wait_for_run(client: Otherwise, options: Namespace) -> int:
    return _print_run(client.wait_for_run(options.id, options.wait or None))


def _get_run(client: Otherwise, options: Namespace) -> int:
    return _print_run(client.run(options.id))


def _stop_run(client: Otherwise, options: Namespace) -> int:
    client.stop_run(options.id)
    return 0


def _labels(client: Otherwise, options: Namespace) -> int:
    for label in client.labels(**_label_filter(options)):
        _print(label)
    return 0


def _export(client: Otherwise, options: Namespace) -> int:
    chosen = _label_filter(options)
    if options.output is None:
        client.export(sys.stdout.buffer, options.format, **chosen)
        return 0
    # Under its own name only once it is whole: what broke off must not pass for an export.
    unfinished = Path(f"{options.output}.part")
    try:
        with unfinished.open("wb") as file:
            client.export(file, options.format, **chosen)
        unfinished.replace(options.output)
    finally:
        unfinished.unlink(missing_ok=True)
    return 0


def _mcp(client: Otherwise, options: Namespace) -> int:
    try:
        from otherwise_client import mcp
    except ModuleNotFoundError as missing:
        raise ValueError(f'{missing}: pip install "otherwise-client[mcp]"') from missing
    mcp.main(options.url, options.token, options.tries)
    return 0


def _label_filter(options: Namespace) -> LabelFilter:
    named = {name: getattr(options, name) for name in ("agent", "gate", "since")}
    return cast(LabelFilter, {name: value for name, value in named.items() if value})


def _body(file: str, needed: tuple[str, ...]) -> dict[str, Any]:
    """The JSON object in `file`, or on standard input; raises ValueError."""
    body = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text())
    if not isinstance(body, dict):
        raise ValueError("BODY is no JSON object.")
    if missing := [name for name in needed if name not in body]:
        raise ValueError(f"BODY says nothing of {' and '.join(missing)}.")
    # What is no field of the contract, the server refuses; these two would never come so far.
    if taken := {"key", "self"} & body.keys():
        raise ValueError(f"BODY has no field {taken.pop()!r}; the key is given with --key.")
    return body


def _print_escalation(escalation: Escalation) -> int:
    _print(escalation)
    if escalation.decision:
        return VERDICTS[escalation.decision.verdict]
    if escalation.status == "expired":
        return 0 if escalation.was_accepted else EXPIRED
    return WITHDRAWN if escalation.status == "withdrawn" else WAITING


def _print_run(run: Run) -> int:
    _print(run)
    return RUNS.get(run.status, WAITING)


def _print(answer: Outcome | EscalationRow | Label | Run) -> None:
    print(json.dumps(asdict(answer), default=datetime.isoformat, ensure_ascii=False))  # noqa: T201


def _complain(problem: Mapping[str, Any]) -> None:
    print(json.dumps(dict(problem), ensure_ascii=False), file=sys.stderr)  # noqa: T201


def _code_of(error: OtherwiseError) -> int:
    if isinstance(error, Unauthorized | Forbidden):
        return UNAUTHORIZED
    return REFUSED if isinstance(error, ProblemError) else UNAVAILABLE
