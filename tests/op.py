"""An OP of our own, on loopback. It tells what a test lets it tell, and signs it as told."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET, KID = "cstraject", "only for tests", "key-1"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, KEY, "RS256", headers={"kid": KID})


class Op:
    """What it was asked, what it tells, and how it goes wrong when a test wants it to."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.issuer = f"http://127.0.0.1:{server.server_address[1]}/op"
        self.asked: dict[str, str] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.numbers = count()
        self.person: dict[str, Any] = {}
        # On top of what an honest OP writes in an id token, and at userinfo; None leaves it out.
        self.token: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = signed

    def shows(self, location: str) -> dict[str, str]:
        """Somebody showed who they are, after being sent here; where they go back with."""
        assert location.startswith(f"{self.issuer}/auth?")
        self.asked = dict(parse_qsl(urlsplit(location).query))
        code = f"code-{next(self.numbers)}"
        self.codes[code] = self.asked
        return {"code": code, "state": self.asked["state"]}

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        match path:
            case "/op/.well-known/openid-configuration":
                return 200, {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/auth",
                    "token_endpoint": f"{self.issuer}/token",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "end_session_endpoint": f"{self.issuer}/logout",
                    "jwks_uri": f"{self.issuer}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                    **self.config,
                }
            case "/op/keys":
                public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
                return 200, {"keys": [{**public, "kid": KID, "use": "sig"}]}
            case "/op/token":
                return self._redeemed(form)
            case "/op/userinfo":
                return 200, {**self.person, **self.userinfo}
        return 404, {}

    def _redeemed(self, form: dict[str, str]) -> tuple[int, Any]:
        """A code does once, for whom it was made and who knows what was asked."""
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked.get("code_challenge_method") != "S256"
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
            or (form["client_id"], form["client_secret"]) != (CLIENT, SECRET)
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 3600,
            "nonce": asked.get("nonce"),
            "sub": self.person["sub"],
            **({"auth_time": now} if "max_age" in asked else {}),
            **self.token,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return 200, {
            "access_token": "for-userinfo",
            "token_type": "Bearer",
            "id_token": self.sign(told),
        }


@contextmanager
def running() -> Iterator[Op]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, form: dict[str, str] | None = None) -> None:
            status, told = op.answer(urlsplit(self.path).path, form or {})
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.do_GET({name: values[0] for name, values in parse_qs(body).items()})

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    op = Op(server)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield op
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
