"""A witness on another machine: the desk behind a TLS proxy, at an https origin, with certificates of its own.

Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed.

    away.py --writ target/release/writ --node target/real/npm
"""

import argparse
import asyncio
import datetime
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from world import CLIENT, World, free_port

FAILED = 0


def check(name: str, held: bool, detail: str = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:400]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


def certificates(folder: pathlib.Path) -> pathlib.Path:
    """An authority, and a certificate for `localhost` by it; gives the authority's file."""
    now, year = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=365)

    def made(name: str, issuer, signer, key, *extensions):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - year).not_valid_after(now + year)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = made("test authority", None, ca_key, ca_key, (x509.BasicConstraints(True, 0), True))
    leaf = made(
        "localhost", ca.subject, ca_key, key,
        (x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.BasicConstraints(False, None), True),
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "leaf.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder / "ca.pem"


async def pump(reader, writer) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def proxy(port: int, desk: int, folder: pathlib.Path) -> None:
    """TLS on one port, the desk's plain http behind it, until the process ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    ready = threading.Event()

    async def visit(reader, writer) -> None:
        there, out = await asyncio.open_connection("127.0.0.1", desk)
        await asyncio.gather(pump(reader, out), pump(there, writer))

    async def serve() -> None:
        server = await asyncio.start_server(visit, "127.0.0.1", port, ssl=context)
        ready.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    ready.wait(10)


class Away(World):
    """A world whose console is at an https origin."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path) -> None:
        self.folder, self.tls = folder, free_port()
        self.origin = f"https://localhost:{self.tls}"
        super().__init__(writ, folder, [])

    def configuration(self) -> str:
        proxy(self.tls, int(self.desk.rsplit(":", 1)[1]), self.folder)
        return super().configuration().replace("[desk]\n", f'[desk]\norigin = "{self.origin}"\n', 1)

    def witness(self, *more: str, server: str | None = None) -> subprocess.CompletedProcess:
        command = [
            str(self.writ), "witness", "run", str(self.folder / "witness"), "--server", server or self.origin,
            "--once", "--json", *more,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


def watched(world: Away, ca: pathlib.Path) -> None:
    line = world.run("receipt", "list", "--client", CLIENT)["rows"][0]["line"]
    file = world.folder / "receipt.json"
    world.run("receipt", "get", "--client", CLIENT, str(line), str(file))
    request = json.loads(file.read_text())["receipt"]["request"]
    check("what people sign names the https origin", request["origin"] == world.origin, json.dumps(request))
    made = world.run("witness", "init", str(world.folder / "witness"), "--name", "northgate/witness")
    client = ["--client", CLIENT]
    world.run("witness", "name", *client, "--name", "Second office", made["key"])
    export = world.folder / "export"
    world.run("ledger", "export", "--tenant", CLIENT, str(export))
    about = json.loads((export / "ledger.json").read_text())
    known = ["--log-key", about["verifier_key"]]
    stranger = world.witness(*known)
    check("a certificate of nobody known is refused", "REAC-0003" in stranger.stderr + stranger.stdout, stranger.stderr)
    plain = world.witness(*known, server="http://desk.example")
    check("plain http to another machine is refused", plain.returncode == 2, plain.stderr)
    seen = world.witness(*known, "--ca-file", str(ca))
    check("over https the witness sees the ledger and cosigns", seen.returncode == 0, seen.stderr + seen.stdout)
    (row,) = world.run("witness", "list", *client)
    check("and the desk knows how far it has seen", row["behind"] == 0 and row["seen_size"] > 0, json.dumps(row))
    told = world.run("ledger", "export", "--tenant", CLIENT, str(world.folder / "again"))
    check("the ledger is taken out again", bool(told))
    verified = world.run("ledger", "verify", str(world.folder / "again"), "--witness", made["key"])
    check("its export carries the cosignature", verified["verified"] is True, json.dumps(verified))


def in_time(world: Away, ca: pathlib.Path, log_key: str) -> None:
    """How long an honest line waits for its cosignature. The figure is printed; that it comes at all is checked."""
    command = [
        str(world.writ), "witness", "run", str(world.folder / "witness"), "--server", world.origin,
        "--log-key", log_key, "--ca-file", str(ca), "--json",
    ]
    watching = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client, waits = ["--client", CLIENT], []
    try:
        for number in range(6):
            world.run("group", "add", *client, "--name", f"group {number}")
            start = time.monotonic()
            while world.run("witness", "list", *client)[0]["behind"] and time.monotonic() - start < 30:
                pass
            waits.append((time.monotonic() - start) * 1000)
        (row,) = world.run("witness", "list", *client)
        check("a running witness keeps up", row["behind"] == 0 and watching.poll() is None, json.dumps(row))
    finally:
        watching.terminate()
        watching.wait(timeout=10)
    # The first one waits for the witness to start; asking itself takes some milliseconds.
    print(f"info: cosigned within {max(waits[1:]):.0f} ms of the command's answer, the slowest of {len(waits) - 1}")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--writ", type=lambda text: pathlib.Path(text).resolve(), required=True)
    arguments.add_argument("--node", type=pathlib.Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ca = certificates(folder)
        os.environ["SSL_CERT_FILE"] = str(ca)
        world = Away(chosen.writ, folder)
        try:
            watched(world, ca)
            about = json.loads((folder / "export" / "ledger.json").read_text())
            in_time(world, ca, about["verifier_key"])
        finally:
            world.stop()
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
