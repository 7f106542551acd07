"""Long polls: one look at the database every quarter of a second answers all who wait in this process."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from escalation.queue.models import Escalation

EVERY_S = 0.25


class Watch:
    """Holds threads until their row is `settled`; a thread that waits holds no database connection.

    `settled` narrows ids down to the rows that nobody needs to wait for. Each waiting client still holds one
    of the web server's threads (WEB_THREADS).
    """

    def __init__(self, settled: Callable[[Collection[int]], QuerySet[Any]]) -> None:
        self._settled = settled
        self._changed = threading.Condition()
        self._bells: defaultdict[int, list[threading.Event]] = defaultdict(list)
        self._watcher: threading.Thread | None = None

    def until_settled(self, row_id: int, seconds: float) -> None:
        """Return when the row is settled, or after `seconds`."""
        if self._settled([row_id]).exists():
            return
        connection.close()
        bell = threading.Event()
        self._hang_up(row_id, bell)
        bell.wait(seconds)
        self._take_down(row_id, bell)

    def _hang_up(self, row_id: int, bell: threading.Event) -> None:
        with self._changed:
            self._bells[row_id].append(bell)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._look, name="long polls", daemon=True)
                self._watcher.start()

    def _take_down(self, row_id: int, bell: threading.Event) -> None:
        with self._changed:
            self._bells[row_id].remove(bell)
            if not self._bells[row_id]:
                del self._bells[row_id]
            self._changed.notify()

    def _look(self) -> None:
        try:
            while awaited := self._awaited():
                self._ring(self._settled(awaited).values_list("pk", flat=True))
        except DatabaseError:
            # Those who wait ask the database themselves next, and answer for what they find.
            with self._changed:
                self._watcher = None
                self._ring(list(self._bells))
        finally:
            connection.close()

    def _awaited(self) -> list[int]:
        with self._changed:
            self._changed.wait(EVERY_S)
            if not self._bells:
                self._watcher = None
            return list(self._bells)

    def _ring(self, settled: object) -> None:
        with self._changed:
            for row_id in list(settled):  # type: ignore[call-overload]
                for bell in self._bells.get(row_id, ()):
                    bell.set()


# Until an escalation is decided and that is in effect, or it is withdrawn or expired.
watch = Watch(lambda ids: Escalation.objects.filter(pk__in=ids).settled())
