"""The database engine: Django's own for PostgreSQL, without a round trip for each request's health check."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is kept from request to request."""

    def is_usable(self) -> bool:
        """Whether the connection still stands; the server itself is asked only after an error.

        Between two statements a server says nothing, except that it ends: then there is something to read.
        """
        if self.errors_occurred:
            return super().is_usable()
        return not (self.connection.closed or _can_be_read(self.connection.fileno()))


def _can_be_read(descriptor: int) -> bool:
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    return bool(readable.poll(0))
