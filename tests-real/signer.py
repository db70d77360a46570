"""A passkey in software, kept in a file: what the Python suites sign with, written from W3C WebAuthn Level 3 and
independent of Writ's own code.

Used through $WRIT_SIGNER: `signer.py sign FILE` reads request options on stdin, finds the origin in $WRIT_ORIGIN, and
prints the assertion. Never here: anything imported from Writ, or a passkey for anything but tests: the file is the key.
To answer another door: a function beside `join`.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import re
import secrets
import struct
import sys
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value) -> bytes:
    """RFC 8949, only what an authenticator says."""

    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        if number < 256:
            return bytes([major << 5 | 24, number])
        return bytes([major << 5 | 25]) + struct.pack(">H", number)

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    pairs = [cbor(key) + cbor(item) for key, item in value.items()]
    return head(5, len(pairs)) + b"".join(pairs)


class Passkey:
    """One credential. `counter` grows with every use; what is not kept in a file is forgotten with the object."""

    def __init__(self, file: pathlib.Path | None = None) -> None:
        self.file = file
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.credential, self.user, self.counter = secrets.token_bytes(32), "", 0

    @classmethod
    def load(cls, file: pathlib.Path) -> "Passkey":
        kept = json.loads(file.read_text())
        key = cls(file)
        key.private = serialization.load_pem_private_key(kept["private"].encode(), None)
        key.credential, key.user, key.counter = unb64(kept["credential"]), kept["user"], kept["counter"]
        return key

    def save(self) -> None:
        if self.file is None:
            return
        pem = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        kept = {
            "private": pem.decode(), "credential": b64(self.credential),
            "user": self.user, "counter": self.counter,
        }
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(kept))

    def jwk(self) -> dict:
        numbers = self.private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": b64(x), "y": b64(y)}

    def authenticator_data(self, rp: str, flags: int, more: bytes = b"") -> bytes:
        self.counter += 1
        return hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, self.counter) + more

    def register(self, options: dict, origin: str) -> dict:
        """The answer to creation options, as `PublicKeyCredential.toJSON()` gives it."""
        self.user = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        cose = cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cose
        data = self.authenticator_data(options["rp"]["id"], PRESENT | VERIFIED | ATTESTED, attested)
        response = {
            "clientDataJSON": b64(client_data("webauthn.create", options["challenge"], origin)),
            "attestationObject": b64(cbor({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal"],
        }
        self.save()
        return self.answer(response)

    def sign(self, options: dict, origin: str) -> dict:
        """The answer to request options."""
        told = client_data("webauthn.get", options["challenge"], origin)
        data = self.authenticator_data(options["rpId"], PRESENT | VERIFIED)
        signed = data + hashlib.sha256(told).digest()
        response = {
            "clientDataJSON": b64(told),
            "authenticatorData": b64(data),
            "signature": b64(self.private.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.user,
        }
        # Written before the assertion leaves: a counter never goes back.
        self.save()
        return self.answer(response)

    def answer(self, response: dict) -> dict:
        name = b64(self.credential)
        return {
            "id": name, "rawId": name, "type": "public-key", "response": response,
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
        }


def client_data(kind: str, challenge: str, origin: str) -> bytes:
    told = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(told, separators=(",", ":")).encode()


def origin_of(link: str) -> str:
    parts = urllib.parse.urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"


def asked(http, url: str, body: dict, csrf: str | None = None) -> dict:
    headers = {"Origin": origin_of(url), "Connection": "close"} | ({"writ-csrf": csrf} if csrf else {})
    answer = http.post(url, json=body, headers=headers)
    if answer.status_code >= 300:
        raise RuntimeError(f"{url}: {answer.status_code} {answer.text}")
    return answer.json() if answer.text else {}


def join(http, link: str, key: Passkey, label: str = "software") -> dict:
    """Follows an invitation or a recovery; says which fingerprint to read out."""
    options = asked(http, f"{link}/options", {})["options"]
    return asked(http, link, {"label": label, "response": key.register(options, origin_of(link))})


def welcome(http, link: str, key: Passkey, label: str = "software") -> dict:
    """Follows the bootstrap link and makes the very first passkey. `http` keeps cookies."""
    origin = origin_of(link)
    followed = http.post(link, headers={"Origin": origin}, follow_redirects=False)
    if followed.status_code >= 400 or "refused" in followed.headers.get("location", ""):
        raise RuntimeError(f"the link is refused: {followed.status_code} {followed.text}")
    page = http.get(f"{origin}/welcome").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    if token is None:
        raise RuntimeError("the page carries no token for its scripts")
    http.headers["writ-csrf"] = token.group(1)
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', http.get(f"{origin}/welcome").text)[1]
    options = asked(http, f"{origin}/welcome/options", {}, csrf)["options"]
    body = {"label": label, "response": key.register(options, origin)}
    return asked(http, f"{origin}/welcome", body, csrf)


def sign_in(http, origin: str, key: Passkey) -> None:
    """Signs in; `http` keeps the cookie and what every changing request repeats."""
    options = asked(http, f"{origin}/passkey/sign-in/options", {})["options"]
    asked(http, f"{origin}/passkey/sign-in", {"response": key.sign(options, origin)})
    token = re.search(r'name="csrf-token" content="([^"]+)"', http.get(f"{origin}/me").text)
    if token is None:
        raise RuntimeError("nobody was signed in")
    http.headers["writ-csrf"] = token[1]


def act(http, origin: str, key: Passkey, path: str, body: dict) -> dict:
    """An act over the API of whoever is signed in, with their signature if it takes one. Gives its answer."""
    url = f"{origin}/api/v1{path}"
    answer = http.post(url, json=body, headers={"Origin": origin, "Connection": "close"})
    told = answer.json() if answer.text else {}
    if answer.status_code == 403 and "signing" in told:
        signing = told["signing"]
        answered = key.sign(signing["options"], origin)
        return asked(http, f"{origin}/api/v1/signings/{signing['signing']}", answered)
    if answer.status_code >= 300:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=["sign"])
    parser.add_argument("file", type=pathlib.Path)
    chosen = parser.parse_args()
    options = json.load(sys.stdin)
    json.dump(Passkey.load(chosen.file).sign(options, os.environ["WRIT_ORIGIN"]), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
