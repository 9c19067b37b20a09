"""A real OP in a process of its own. It asks a nonce and a proof, and remembers what it saw.

Whoever types a subject on its page is that person, with the claims that were PUT for it.
"""

import base64
import hashlib
import os
import sys
import time
from urllib.parse import parse_qs, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import flask
import oidc_provider_mock
import werkzeug.serving
from oidc_provider_mock._storage import AuthorizationCode

seen: list[dict[str, object]] = []
proofs: dict[str, str] = {}


def remember() -> flask.typing.ResponseReturnValue | None:
    asked = flask.request
    if asked.path != "/seen":
        seen.append({"method": asked.method, "path": asked.path, "args": asked.args.to_dict()})
    if asked.path == "/oauth2/authorize" and asked.args.get("code_challenge_method") != "S256":
        return {"error": "invalid_request"}, 400
    if asked.path == "/oauth2/token":
        digest = hashlib.sha256(asked.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if proofs.pop(asked.form["code"], None) != challenge:
            return {"error": "invalid_grant"}, 400
    return None


def keep_proof(response: flask.Response) -> flask.Response:
    if flask.request.path == "/oauth2/authorize" and response.status_code == 302:
        if "state=" not in response.location:
            # A refusal of its own it sends without; the specification asks it there too.
            response.location += f"&state={flask.request.args['state']}"
        for code in parse_qs(urlsplit(response.location).query).get("code", []):
            proofs[code] = flask.request.args["code_challenge"]
    return response


if __name__ == "__main__":
    # Its page asks each time who it is: the moment of the code is that of signing in.
    AuthorizationCode.get_auth_time = lambda self: int(time.time())
    app = oidc_provider_mock.app(require_nonce=True)
    app.before_request(remember)
    app.after_request(keep_proof)
    app.get("/seen")(lambda: flask.jsonify(seen))
    werkzeug.serving.make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
