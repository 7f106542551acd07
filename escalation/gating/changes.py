"""What one version of a policy says otherwise than another. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from escalation.gating.exits import ACCEPTS_NOTHING

# The terms whose numbers are thresholds.
THRESHOLDS = ("threshold", "categories")


@dataclass(frozen=True, slots=True)
class Change:
    """One term, in words: what it was and what it is; an empty text where there was, or is, none."""

    term: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every term that differs; tables (budget, exits) are compared row by row."""
    found = []
    for name, value in after.items():
        earlier = before.get(name)
        if isinstance(value, Mapping) and isinstance(earlier, Mapping | None) and name != "default_output":
            rows = sorted({*value, *(earlier or {})})
            found += [_change(f"{name}: {row}", (earlier or {}).get(row), value.get(row)) for row in rows]
        else:
            found.append(_change(name, earlier, value))
    return [change for change in found if change.before != change.after]


def _change(term: str, before: Any, after: Any) -> Change:
    if term.split(":")[0] in THRESHOLDS:
        before, after = (
            "accepts nothing" if value == ACCEPTS_NOTHING else value for value in (before, after)
        )
    return Change(term.replace("_", " "), _said(before), _said(after))


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", then ".join(str(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
