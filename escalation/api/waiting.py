"""Long polls: one look at the database every quarter of a second answers all who wait in this process."""

from __future__ import annotations

import threading
from collections import defaultdict

from django.db import DatabaseError, connection

from escalation.queue.models import Escalation

EVERY_S = 0.25


class Watch:
    """Holds threads until their escalation is settled; a thread that waits holds no database connection.

    Each waiting client still holds one of the web server's threads (WEB_THREADS).
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bells: defaultdict[int, list[threading.Event]] = defaultdict(list)
        self._watcher: threading.Thread | None = None

    def until_settled(self, escalation_id: int, seconds: float) -> None:
        """Return when the escalation is decided and in effect, withdrawn or expired, or after `seconds`."""
        if Escalation.objects.filter(pk=escalation_id).settled().exists():
            return
        connection.close()
        bell = threading.Event()
        self._hang_up(escalation_id, bell)
        bell.wait(seconds)
        self._take_down(escalation_id, bell)

    def _hang_up(self, escalation_id: int, bell: threading.Event) -> None:
        with self._changed:
            self._bells[escalation_id].append(bell)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._look, name="long polls", daemon=True)
                self._watcher.start()

    def _take_down(self, escalation_id: int, bell: threading.Event) -> None:
        with self._changed:
            self._bells[escalation_id].remove(bell)
            if not self._bells[escalation_id]:
                del self._bells[escalation_id]
            self._changed.notify()

    def _look(self) -> None:
        try:
            while awaited := self._awaited():
                self._ring(Escalation.objects.filter(pk__in=awaited).settled().values_list("pk", flat=True))
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
            for escalation_id in list(settled):  # type: ignore[call-overload]
                for bell in self._bells.get(escalation_id, ()):
                    bell.set()


watch = Watch()
