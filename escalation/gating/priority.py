"""How urgently a failure mode wants a handler: the Action Priority of the FMEA handbook. Pure.

Source: AIAG & VDA, Failure Mode and Effects Analysis Handbook, 1st edition 2019, the table of Action Priority
for design and process FMEA. It took the place of the product severity x occurrence x detection, which ranks a
deadly failure that is rare and easily seen (10 x 2 x 2 = 40) below a scratch (3 x 7 x 7 = 147).
"""

from __future__ import annotations

from typing import Final

HIGH, MEDIUM, LOW = "H", "M", "L"

# By the least severity and the least occurrence of a row: the priority for each band of DETECTION.
TABLE: Final = (
    (9, ((8, "HHHH"), (6, "HHHH"), (4, "HHHM"), (2, "HMLL"), (1, "LLLL"))),
    (7, ((8, "HHHH"), (6, "HHHM"), (4, "HMMM"), (2, "MMLL"), (1, "LLLL"))),
    (4, ((8, "HHMM"), (6, "MMML"), (4, "MLLL"), (2, "LLLL"), (1, "LLLL"))),
    (2, ((8, "MMLL"), (6, "LLLL"), (4, "LLLL"), (2, "LLLL"), (1, "LLLL"))),
    (1, ((1, "LLLL"),)),
)
DETECTION: Final = (7, 5, 2, 1)

# Occurrence by how often it happens, as one in so many: the handbook's table for processes (in a thousand:
# 100, 50, 20, 10, 2, 0.5, 0.1 and 0.01).
ONE_IN: Final = ((10, 10), (20, 9), (50, 8), (100, 7), (500, 6), (2_000, 5), (10_000, 4), (100_000, 3))


def action_priority(severity: int, occurrence: int, detectability: int) -> str:
    """H: it must have a handler; M: it should; L: it could. Each number from 1, harmless, to 10.

    A detectability of 10 is a failure that nobody notices.
    """
    rows = next(rows for least, rows in TABLE if severity >= least)
    letters = next(letters for least, letters in rows if occurrence >= least)
    column = next(n for n, least in enumerate(DETECTION) if detectability >= least)
    return letters[column]


def rank(severity: int, occurrence: int, detectability: int) -> tuple[int, int, int, int]:
    """A key that sorts the most urgent first: by Action Priority, then by each number in that order."""
    letter = action_priority(severity, occurrence, detectability)
    return "HML".index(letter), -severity, -occurrence, -detectability


def occurrence_of(seen: int, among: int) -> int | None:
    """The occurrence that outcomes speak for, 2 to 10; None while it was not seen at all."""
    if not seen:
        return None
    return next((rating for one_in, rating in ONE_IN if seen * one_in >= among), 2)
