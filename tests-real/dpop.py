"""An agent's credential in Python, written from the RFCs and independent of Writ's own code.

Enrolls with a one-time code, fetches tokens with private_key_jwt (RFC 7523) and DPoP (RFC 9449), and adds a proof to each
request of an HTTP client. Never here: anything imported from Writ.
"""

import base64
import hashlib
import json
import time
import urllib.parse
import uuid

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A P-256 key."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.jwk = {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big")),
        }

    def sign(self, header: dict, payload: bytes) -> str:
        """A compact JWS, ES256."""
        signed = b64(json.dumps({"alg": "ES256", **header}).encode()) + "." + b64(payload)
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return signed + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def proof(self, method: str, url: str, nonce: str | None, token: str | None) -> str:
        parts = urllib.parse.urlsplit(url)
        claims = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
            "iat": int(time.time()),
        }
        if nonce:
            claims["nonce"] = nonce
        if token:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        header = {"typ": "dpop+jwt", "jwk": self.jwk}
        return self.sign(header, json.dumps(claims).encode())


class Agent(httpx2.Auth):
    """One instance of an agent; as `auth` of an HTTP client it makes every request prove its key."""

    requires_response_body = False

    def __init__(self, desk: str, code: str, label: str) -> None:
        self.key = Key()
        body = {
            "code": code,
            "jwk": self.key.jwk,
            "label": label,
            "proof": self.key.sign({"typ": "writ-enroll+jws"}, code.encode()),
        }
        answer = httpx2.post(f"{desk}/enroll", json=body)
        answer.raise_for_status()
        self.enrolled = answer.json()
        self.tokens: dict[str, tuple[str, float]] = {}
        self.nonces: dict[str, str] = {}

    def asks(self, resource: str) -> dict:
        """What it asks for, beside who it is."""
        return {"grant_type": "client_credentials", "resource": resource}

    def token(self, resource: str) -> str:
        """A token for a resource, kept until shortly before its end."""
        known = self.tokens.get(resource)
        if known and known[1] > time.time() + 30:
            return known[0]
        endpoint = self.enrolled["token_endpoint"]
        for _ in range(2):
            client, now = self.enrolled["client_id"], int(time.time())
            claims = {
                "iss": client, "sub": client, "aud": self.enrolled["issuer"],
                "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex,
            }
            assertion = self.key.sign({"typ": "JWT"}, json.dumps(claims).encode())
            form = {
                **self.asks(resource),
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            }
            proof = self.key.proof("POST", endpoint, self.nonces.get(endpoint), None)
            answer = httpx2.post(endpoint, data=form, headers={"DPoP": proof})
            if nonce := answer.headers.get("DPoP-Nonce"):
                self.nonces[endpoint] = nonce
            if answer.status_code == 200:
                told = answer.json()
                self.tokens[resource] = (told["access_token"], time.time() + told["expires_in"])
                return told["access_token"]
            if answer.json().get("error") != "use_dpop_nonce":
                raise RuntimeError(f"no token: {answer.status_code} {answer.text}")
        raise RuntimeError("no token: the server asks for one nonce after another")

    def auth_flow(self, request):
        url = str(request.url)
        parts = urllib.parse.urlsplit(url)
        origin, path = f"{parts.scheme}://{parts.netloc}", parts.path
        token = self.token(origin + path)
        for _ in range(2):
            request.headers["Authorization"] = f"DPoP {token}"
            request.headers["DPoP"] = self.key.proof(
                request.method, url, self.nonces.get(origin), token
            )
            response = yield request
            if nonce := response.headers.get("DPoP-Nonce"):
                self.nonces[origin] = nonce
            asked = response.headers.get("WWW-Authenticate", "")
            if response.status_code != 401 or "use_dpop_nonce" not in asked:
                return
