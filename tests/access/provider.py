"""A small OpenID Connect provider on the loopback address, which answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT = ("otherwise", "a secret")


@dataclass
class Provider:
    """Whoever comes is signed in as `claims` says; `asked` is what the product sent them with."""

    address: str
    claims: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        found: dict[str, Any] = {name: f"{self.address}/{path}" for name, path in paths.items()}
        found |= {"issuer": self.address, "userinfo_endpoint": f"{self.address}/userinfo"}
        return found | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    def send_back(self, url: str) -> str:
        """What the person's browser does there: it signs in, and is sent back with a code."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = {"code": "one-time", "state": self.asked["state"]}
        return f"{urlsplit(self.asked['redirect_uri']).path}?{urlencode(back)}"

    def tokens(self, said: dict[str, str]) -> dict[str, Any] | None:
        """What a code is exchanged for; None when client, code or proof is not right."""
        proof = base64.urlsafe_b64encode(hashlib.sha256(said["code_verifier"].encode()).digest())
        proven = proof.decode().rstrip("=") == self.asked["code_challenge"]
        if not proven or (said["client_id"], said["client_secret"], said["code"]) != (*CLIENT, "one-time"):
            return None
        about = {"iss": self.address, "aud": CLIENT[0], "iat": int(time.time()), "exp": int(time.time()) + 60}
        return {"access_token": "t", "token_type": "Bearer", "id_token": unsigned(about | self.claims)}


def unsigned(claims: dict[str, Any]) -> str:
    """A token as it may come straight from the provider: the connection vouches for it, not the signature."""
    parts = (json.dumps(each).encode() for each in ({"alg": "RS256", "kid": "1"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature"))


@contextmanager
def running_provider() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.claims if self.path == "/userinfo" else provider.configuration())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.tokens({name: values[0] for name, values in parse_qs(body).items()}))

        def _answer(self, content: dict[str, Any] | None) -> None:
            body = json.dumps(content or {"error": "invalid_grant"}).encode()
            self.send_response(200 if content else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()
