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


def keys_in_order(value: Any) -> list[str]:
    """The keys of an object, or of all objects in a list, as they were written."""
    rows = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
