"""Long polls: one look at the database every quarter of a second answers all who wait in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Annotated, Any, TypeVar

from django.db import DatabaseError, connection
from django.db.models import Model, QuerySet
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request

from escalation.api.validation import read_query
from escalation.parking import KEY, Bell, Parking
from escalation.queue.models import Escalation

EVERY_S = 0.25

Row = TypeVar("Row", bound=Model)


class WaitQuery(Struct, forbid_unknown_fields=True):
    """How long the answer may be held back until there is a decision, in seconds."""

    wait: Annotated[int, Meta(ge=1, le=60)] | UnsetType = UNSET


class Watch:
    """Rings for requests whose row is `settled`, or whose time is over.

    `settled` narrows ids down to the rows that nobody needs to wait for. Who waits holds no database
    connection, and under our own web server no thread either.
    """

    def __init__(self, settled: Callable[[Collection[int]], QuerySet[Any]]) -> None:
        self._settled = settled
        self._lock = threading.Lock()
        self._bells: dict[Bell, tuple[int, float]] = {}  # the row, and until when (monotonic seconds)
        self._watcher: threading.Thread | None = None

    def awaited(self, request: Request, find: Callable[[], Row]) -> Row:
        """The row that `find` finds: with `?wait=` once it is settled, or when that time is over."""
        wait = read_query(WaitQuery, request.query_params).wait
        row = find()
        return find() if wait and self.hold(request, row.pk, wait) else row

    def hold(self, request: Request, row_id: int, seconds: float) -> bool:
        """Hold the answer back until the row is settled, or for `seconds`; whether it must be read again."""
        parking: Parking | None = request.META.get(KEY)
        if parking and parking.has_waited:
            return False
        if self._settled([row_id]).exists():
            return True
        bell = self._hang_up(row_id, seconds)
        if parking:
            parking.bell = bell
            return False
        connection.close()
        bell.wait(seconds)
        return True

    def _hang_up(self, row_id: int, seconds: float) -> Bell:
        bell = Bell()
        with self._lock:
            self._bells[bell] = row_id, time.monotonic() + seconds
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._look, name="long polls", daemon=True)
                self._watcher.start()
        return bell

    def _look(self) -> None:
        try:
            while awaited := self._awaited():
                self._ring(set(self._settled(awaited).values_list("pk", flat=True)), time.monotonic())
        except DatabaseError:
            # Those who wait ask the database themselves next, and answer for what they find.
            with self._lock:
                self._watcher = None
            self._ring(set(), float("inf"))
        finally:
            connection.close()

    def _awaited(self) -> set[int]:
        time.sleep(EVERY_S)
        with self._lock:
            if not self._bells:
                self._watcher = None
            return {row_id for row_id, _ in self._bells.values()}

    def _ring(self, settled: Collection[int], now: float) -> None:
        with self._lock:
            rung = [bell for bell, (row, until) in self._bells.items() if row in settled or until <= now]
            for bell in rung:
                del self._bells[bell]
        for bell in rung:
            bell.ring()


# Until an escalation is decided and that is in effect, or it is withdrawn or expired.
watch = Watch(lambda ids: Escalation.objects.filter(pk__in=ids).settled())
