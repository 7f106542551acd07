"""What was slow to count is not counted again at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")

# What took longer is kept as many times as long, and no longer than the last.
SLOW_S, TIMES, LONGEST_S = 0.2, 200, 600
MOST_KEPT = 32
_kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()


def remembered(key: Hashable, count: Callable[[], Value]) -> Value:
    """What `count` returns, or returned a short while ago in this process when that was slow."""
    began = time.monotonic()
    if key in _kept and began < _kept[key][0]:
        value: Value = _kept[key][1]
        return value
    value = count()
    took = time.monotonic() - began
    if took > SLOW_S:
        _kept[key] = (began + took + min(TIMES * took, LONGEST_S), value)
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return value
