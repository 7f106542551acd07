"""JSON laid out for people, whatever somebody put into it. PURE."""

import json
from typing import Any

LONGEST = 200_000
_indented = json.JSONEncoder(indent=2, ensure_ascii=False, default=str)


def legible(value: Any, most: int = LONGEST) -> str:
    """JSON over several lines, or on one where indenting would make it longer than `most` characters.

    A megabyte of deep nesting is sixty when it is indented: no more of them is made than is wanted.
    """
    lines, length = [], 0
    for part in _indented.iterencode(value):
        lines.append(part)
        length += len(part)
        if length > most:
            return json.dumps(value, ensure_ascii=False, default=str)
    return "".join(lines)
