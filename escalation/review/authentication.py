"""Who is signed in, read with what every page shows of them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User


class PeopleBackend(ModelBackend):
    """Django's own, in whose statement a person's keys come along."""

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("own_keys").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
