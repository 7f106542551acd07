"""What an approval is bound to."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256, in hex, of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def keys_in_order(values: Any) -> list[str]:
    """The keys of all objects among these values, and in lists among them, as they were written."""
    rows = [row for value in values for row in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
