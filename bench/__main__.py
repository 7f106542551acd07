"""`python -m bench [NAME…]`: measure what the product promises about speed, and print one table."""

import argparse
import os
import sys
import time

from bench import (
    claim,
    desk,
    doors,
    drift,
    export,
    guards,
    ingest,
    lists,
    pages,
    runs,
    tabs,
    thresholds,
    waiting,
    webhooks,
    workbench,
)
from bench.cpu import others_cpu_s
from bench.ground import FULL, QUICK, ground
from bench.table import Line, table

MEASUREMENTS = {
    "ingest": ingest.measure,
    "claim": claim.measure,
    "doors": doors.measure,
    "lists": lists.measure,
    "export": export.measure,
    "waiting": waiting.measure,
    "webhooks": webhooks.measure,
    "runs": runs.measure,
    "pages": pages.measure,
    "tabs": tabs.measure,
    "desk": desk.measure,
    "guards": guards.measure,
    "thresholds": thresholds.measure,
    "drift": drift.measure,
    "workbench": workbench.measure,
}


def main() -> int:
    """Measure what was asked for, and return the exit status."""
    options = _options()
    lines: list[Line] = []
    began, before = time.monotonic(), others_cpu_s()
    with ground(QUICK if options.quick else FULL) as where:
        for name in options.names or MEASUREMENTS:
            print(f"measuring: {name}", file=sys.stderr)
            lines += MEASUREMENTS[name](where)
    print(table(lines))
    others = (others_cpu_s() - before) / (time.monotonic() - began)
    print(f"\nOther programs took {others:.1f} of {os.cpu_count()} cores meanwhile.")
    print("Above 0.2 the times for one request say little, and the CPU times are up to twice too long.")
    return int(options.strict and any(line.kept is False for line in lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="Absolute numbers depend on the machine and the hour; ratios within one run count.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(MEASUREMENTS)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows, fewer and shorter rounds")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a promise is broken")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in MEASUREMENTS]:
        parser.error(f"no measurement is named {', '.join(unknown)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
