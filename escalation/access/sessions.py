"""The session engine: each row says whose session it is, so that a person can see and end theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils.timezone import now

from escalation.access.models import Session

# How old "last seen" may be: every request would write otherwise.
SEEN_EVERY = timedelta(minutes=1)


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        session.browser, session.address = data.get("browser", ""), data.get("address", "")
        session.seen_at = now()
        return session

    def _get_session_from_db(self) -> Session | None:
        session: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        if session and session.user_id and session.seen_at < now() - SEEN_EVERY:
            Session.objects.filter(pk=session.pk).update(seen_at=now())
        return session
