"""A running Writ with one client and one agent, set up by the commands that people use."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import httpx2

import signer

PROVIDER, CLIENT, AGENT = "northgate-it", "harbor-books", "order-clerk"
SIGNER = pathlib.Path(__file__).parent / "signer.py"
START_SECONDS = 30
EVERYTHING = [{"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"}]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def toml_list(words: list[str]) -> str:
    return "[" + ", ".join(json.dumps(word) for word in words) + "]"


class World:
    def __init__(self, writ: pathlib.Path, folder: pathlib.Path, servers: list) -> None:
        self.writ, self.data, self.keys = writ, folder / "data", folder / "keys"
        self.passkeys = folder / "passkeys"
        self.data.mkdir(parents=True)
        self.passkeys.mkdir()
        self.desk = f"http://127.0.0.1:{free_port()}"
        self.gateway = f"http://127.0.0.1:{free_port()}"
        self.servers = servers
        (self.data / "writ.toml").write_text(self.configuration())
        self.log = open(folder / "up.log", "wb")
        command = [str(writ), "up", "--data", str(self.data)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.wait(folder / "up.log")
            self.populate()
        except BaseException:
            self.stop()
            raise

    def configuration(self) -> str:
        lines = [f'[desk]\nlisten = "{self.desk[7:]}"\n\n[gateway]\nlisten = "{self.gateway[7:]}"\n']
        # The whole environment of a child: what finds its interpreter, and nothing else.
        path = f"env = {{ PATH = {json.dumps(os.environ['PATH'])} }}"
        for server in self.servers:
            place = f'url = "{server.url}"' if server.url else f"command = {toml_list(server.command)}\n{path}"
            lines.append(f'[[server]]\nname = "{server.name}"\n{place}\n')
            lines.append(f'[[server]]\nname = "{server.name}-wrapped"\nwrapped = true\n')
        return "\n".join(lines)

    def wait(self, log: pathlib.Path) -> None:
        end = time.monotonic() + START_SECONDS
        while not (self.data / "server.json").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"writ up did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)

    def run(self, *words: str, signs: str = "Mara Lind") -> dict:
        """A command; what needs a signature is signed by this person's software passkey."""
        command = [str(self.writ), *words, "--data", str(self.data), "--json"]
        program = f"{sys.executable} {SIGNER} sign {self.passkey(signs)}"
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60,
            env={**os.environ, "WRIT_SIGNER": program},
        )
        if done.returncode != 0:
            told = done.stdout + done.stderr
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {told}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def passkey(self, name: str) -> pathlib.Path:
        return self.passkeys / (name.lower().replace(" ", "-") + ".json")

    def found(self) -> None:
        """The provider and its first person, who makes the very first passkey by the link."""
        self.run("provider", "found", "--name", "Northgate IT", "--person", "Mara Lind")
        link = self.run("console")["sign_in"]
        with httpx2.Client() as http:
            signer.welcome(http, link, signer.Passkey(self.passkey("Mara Lind")))

    def invite(self, client: str, name: str, side: str, role: str) -> str:
        """A person is invited, makes their passkey, and is let in by the fingerprint they read out. Gives who they are."""
        at = ["--client", client]
        invited = self.run("person", "invite", *at, "--name", name, "--side", side, "--role", role)
        with httpx2.Client() as http:
            joined = signer.join(http, invited["link"], signer.Passkey(self.passkey(name)))
        called = ["--called", f"{name}, +31 20 555 0100"] if side == "client" else []
        self.run(
            "person", "admit", *at, joined["person"],
            "--fingerprint", joined["fingerprint"], *called,
        )
        return joined["person"]

    def charter(self, client: str, owner: str, clauses: list[dict] | None = None) -> None:
        """The provider drafts what may be done at a client, and both parties' owners sign it: nothing acts before that."""
        file = self.data.parent / "charter.json"
        file.write_text(json.dumps({"clauses": clauses or EVERYTHING}))
        at = ["--client", client]
        self.run("charter", "draft", *at, "--file", str(file))
        self.run("charter", "sign", *at)
        draft = self.run("charter", "show", *at)["draft"]
        to_sign = {"charter": draft["charter"], "digest": draft["digest"]}
        self.as_person(owner, f"/clients/{client}/charter/sign", to_sign)
        standing = self.run("charter", "show", *at)
        if standing["in_force"] is None:
            raise RuntimeError(f"both have signed, and no charter is in force: {standing}")

    def as_person(self, name: str, path: str, body: dict) -> dict:
        """An act of somebody at the console, signed with their passkey: a client's people do not use our command line."""
        origin, key = self.run("console")["console"].rstrip("/"), signer.Passkey.load(self.passkey(name))
        with httpx2.Client() as http:
            signer.sign_in(http, origin, key)
            return signer.act(http, origin, key, path, body)

    def populate(self) -> None:
        client = ["--client", CLIENT]
        self.found()
        self.run("client", "add", "--name", "Harbor Books", "--slug", CLIENT)
        auditor = self.invite(PROVIDER, "Ivo Brandt", "provider", "auditor")
        self.run("person", "seat", *client, auditor, "--role", "auditor")
        self.invite(CLIENT, "June Harbor", "client", "owner")
        self.charter(CLIENT, "June Harbor")
        self.run("agent", "propose", *client, "--name", AGENT, "--purpose", "Answers orders.")
        self.run(
            "agent", "account", *client, AGENT, "--authorizer", "June Harbor",
            "--auditor", "Ivo Brandt", "--terminator", "Mara Lind", "--terminator", "June Harbor",
        )
        self.run("agent", "activate", *client, AGENT)
        for server in self.servers:
            for name in (server.name, f"{server.name}-wrapped"):
                for grant in server.grants:
                    self.grant(name, grant)

    def grant(self, server: str, grant: dict) -> None:
        words = ["grant", "give", "--client", CLIENT, "--agent", AGENT, "--server", server]
        words += [f"--{grant['surface']}", grant["name"], "--reason", "daily work"]
        for rule in grant["rules"]:
            ((word, value),) = rule["must"].items()
            text = ",".join(value) if isinstance(value, list) else str(value)
            words += ["--where", f"{rule['path']} {word} {text}"]
        self.run(*words)

    def code(self) -> str:
        return self.run("agent", "offer", "--client", CLIENT, AGENT)["code"]

    def enroll(self, name: str) -> None:
        """A key on this machine, by the command."""
        words = ["enroll", self.code(), "--desk", self.desk, "--dir", str(self.keys), "--name", name]
        self.run(*words)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
