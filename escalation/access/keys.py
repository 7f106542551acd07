"""The keys of second factors are stored encrypted: who reads the database, or a backup, has none of them."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class KeyAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    def encrypt(self, text: str) -> str:
        return _lock().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _lock().decrypt(encrypted_text).decode()
        except InvalidToken:
            # SECRET_KEY was lost. No code fits a key that nobody knows: `reset_second_factor` helps.
            return str(generate_totp_secret())


def _lock() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (salted_hmac("escalation.access.keys", "", key, algorithm="sha256").digest() for key in secrets)
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
