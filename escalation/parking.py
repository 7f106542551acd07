"""Requests that wait without a thread: the view asks for it, a server that can does it (stack/web_worker.py).

Under such a server, every request finds a `Parking` under KEY. A view that would wait hangs a bell up there
and answers; the answer is thrown away, and when the bell rings, the request is handled once more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

KEY = "otherwise.parking"


class Bell:
    """Rings once; who listens, or waits, after that hears it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._listener: Callable[[], object] | None = None

    def ring(self) -> None:
        with self._lock:
            self._rung.set()
            listener, self._listener = self._listener, None
        if listener:
            listener()

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener`, in the thread that rings, when it rings."""
        with self._lock:
            if not self._rung.is_set():
                self._listener = listener
                return
        listener()

    def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)


@dataclass(slots=True)
class Parking:
    """What a request may do about waiting: hang a `bell` up, unless it has waited already."""

    has_waited: bool = False
    bell: Bell | None = None
