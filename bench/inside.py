"""The product's own code, called in a process of its own for each database: one JSON line in, one out."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any


class Inside:
    """A process with Django set up on one database; each call is one function of `bench.acts`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "bench.inside"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, name: str, **arguments: Any) -> Any:
        """Call `bench.acts.<name>`, or `bench.<module>.<name>`, there and return what it returned.

        Raises RuntimeError when it failed.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"{name} failed; the traceback is above")
        return json.loads(said)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


def main() -> None:
    """Answer calls until stdin ends."""
    import django

    django.setup()
    logging.disable(logging.INFO)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        name, arguments = json.loads(line)
        module, _, function = name.rpartition(".")
        act = getattr(import_module(f"bench.{module or 'acts'}"), function)
        print(json.dumps(act(**arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
