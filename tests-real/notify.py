"""Telling people: a running Writ, a real mail server (PyPI aiosmtpd, with STARTTLS and a login), webhook receivers over TLS
that check signatures with PyPI cryptography, chats; receivers that fail, that are away, that are gone; restarts in between.

Prints one `ok - …` or `not ok - …` line a check, then what was counted; exits 1 if any failed. Never here: anything imported
from Writ. To add a receiver: a way in `Told.configuration`, its behavior in `Receivers.answer`, its count below.

    notify.py --writ target/release/writ [--node …]
"""

import argparse
import base64
import collections
import email
import email.policy
import http.server
import json
import logging
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from away import certificates
from world import CLIENT, World, free_port

FAILED = 0
DANA, MARA, JUNE = "dana@harbor.example", "mara@northgate.example", "june@harbor.example"
#: Seconds that a message may take, beside the pauses between tries.
SOON = 20
SECRET = "not a good password"


def check(name: str, held: bool, detail: object = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:600]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


def until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


class Mailbox:
    """A submission server: STARTTLS or nothing, a login or nothing."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.letters, self.logins, self.clear = [], [], 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "leaf.pem")
        self.port = free_port()
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=context, require_starttls=True,
            authenticator=self.authenticate, auth_required=True, auth_require_tls=True,
        )
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        self.logins.append(mechanism)
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"writ", SECRET.encode())
        return AuthResult(success=good)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.clear += session.ssl is None
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append((envelope.mail_from, tuple(envelope.rcpt_tos), letter))
        return "250 taken"

    def about(self, words: str) -> list:
        return [one for one in self.letters if words in one[2]["Subject"]]


class Receivers(http.server.ThreadingHTTPServer):
    """Every webhook and chat, told apart by their paths."""

    daemon_threads = True

    def __init__(self, folder: pathlib.Path | None) -> None:
        self.heard = collections.defaultdict(list)
        self.kill = None
        super().__init__(("127.0.0.1", 0), Handler)
        if folder is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "leaf.pem")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request, client_address) -> None:
        """A connection that breaks off is no noise here."""

    def times(self, name: str, kind: str) -> list[dict]:
        return [one for one in list(self.heard[name]) if one["body"].get("type") == kind]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        self.server.heard["trap"].append({"body": {}})
        self.send_error(404)

    def do_POST(self) -> None:
        name = self.path.strip("/")
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        self.server.heard[name].append({
            "raw": raw, "body": body, "headers": dict(self.headers.items()), "at": time.monotonic(),
        })
        tries = len([one for one in self.server.heard[name] if one["body"].get("type") == body.get("type")])
        if name == "crash" and tries == 1 and self.server.kill:
            # Writ ends after we have it and before it can know that.
            self.server.kill()
            return
        status = {"flaky": 500 if tries < 3 else 200, "gone": 410, "redirect": 302}.get(name, 204)
        if name == "busy":
            status = 429 if tries == 1 else 200
        self.send_response(status)
        if name == "busy" and tries == 1:
            self.send_header("Retry-After", "12")
        if name == "redirect":
            self.send_header("Location", f"https://localhost:{self.server.port}/trap")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Told(World):
    """A world that tells people by every way there is."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path) -> None:
        self.folder, self.mailbox = folder, None
        certificates(folder)
        self.mailbox, self.hooks, self.chats = Mailbox(folder), Receivers(folder), Receivers(None)
        self.away = free_port()
        super().__init__(writ, folder, [])

    def configuration(self) -> str:
        (self.data / "smtp.secret").write_text(SECRET + "\n")
        (self.data / "teams.url").write_text(f"http://127.0.0.1:{self.chats.port}/teams?sig=hidden-in-the-file\n")
        (self.data / "smtp.secret").chmod(0o600)
        (self.data / "teams.url").chmod(0o600)
        smtp = f'host = "localhost"\nport = {self.mailbox.port}\nfrom = "Writ <writ@northgate.example>"\n'
        lines = [
            super().configuration(),
            f'[notify]\nca_file = "{self.folder / "ca.pem"}"',
            f'[notify.smtp]\n{smtp}user = "writ"\npassword_file = "smtp.secret"',
        ]
        for name, kinds in (
            ("good", None), ("flaky", ["frozen"]), ("busy", ["frozen"]), ("gone", ["frozen", "thawed"]),
            ("redirect", ["frozen"]), ("crash", ["suspended"]),
        ):
            of = f"kinds = {json.dumps(kinds)}\n" if kinds else ""
            url = f"https://localhost:{self.hooks.port}/{name}"
            lines.append(f'[[notify.webhook]]\nname = "{name}"\nurl = "{url}"\n{of}client = "{CLIENT}"')
        away = f"https://localhost:{self.away}/away"
        lines.append(f'[[notify.webhook]]\nname = "away"\nurl = "{away}"\nkinds = ["frozen"]')
        other = f"https://localhost:{self.hooks.port}/other"
        lines.append(f'[[notify.webhook]]\nname = "other"\nurl = "{other}"\nclient = "juniper"')
        lines.append('[[notify.chat]]\nname = "desk"\nkind = "teams"\nurl_file = "teams.url"')
        slack = f"http://127.0.0.1:{self.chats.port}/slack"
        lines.append(f'[[notify.chat]]\nname = "desk-too"\nkind = "slack"\nurl = "{slack}"')
        return "\n".join(lines) + "\n"

    def start(self) -> None:
        """Again, on the same folder."""
        (self.data / "server.json").unlink(missing_ok=True)
        self.log.close()
        self.log = open(self.folder / "up.log", "ab")
        command = [str(self.writ), "up", "--data", str(self.data)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.wait(self.folder / "up.log")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def rows(self, kind: str | None = None) -> list[dict]:
        page = self.run("notify", "list", "--client", CLIENT)
        return [row for row in page["rows"] if kind in (None, row["kind"])]


def sound(world: Told, one: dict, key: Ed25519PublicKey) -> str:
    """Whether a request is signed as Standard Webhooks says; its id."""
    headers = {name.lower(): value for name, value in one["headers"].items()}
    stamp, name = headers["webhook-timestamp"], headers["webhook-id"]
    if abs(int(stamp) - time.time()) > 300:
        raise ValueError(f"the timestamp {stamp} is far off")
    signed = f"{name}.{stamp}.".encode() + one["raw"]
    for part in headers["webhook-signature"].split():
        version, _, signature = part.partition(",")
        if version == "v1a":
            key.verify(base64.b64decode(signature), signed)
            altered = signed.replace(b"a", b"b")
            try:
                key.verify(base64.b64decode(signature), altered)
            except InvalidSignature:
                return name
            raise ValueError("an altered request verifies too")
    raise ValueError("no v1a signature")


def asked(world: Told) -> None:
    """A pending approval: an activation that the client's owner has to agree to."""
    quorum = [{"party": "client", "role": "owner", "n": 1}]
    clauses = [
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "switch-on", "title": "A new agent needs our yes", "actions": ["agent.activate"],
         "mode": {"approve": {"quorum": quorum}}},
    ]
    world.charter(CLIENT, "June Harbor", clauses)
    at = ["--client", CLIENT]
    name = "paper-clerk"
    world.run("agent", "propose", *at, "--name", name, "--purpose", "Orders paper.")
    world.run(
        "agent", "account", *at, name, "--authorizer", "June Harbor", "--auditor", "Ivo Brandt",
        "--terminator", "Mara Lind", "--terminator", "June Harbor",
    )
    told = world.as_person("Mara Lind", f"/clients/{CLIENT}/agents/{name}/activate", {})
    hold = told.get("hold", {}).get("hold", "")
    check("the activation waits", hold.startswith("hld_"), told)
    mailbox, hooks, chats = world.mailbox, world.hooks, world.chats
    words = "Harbor Books: a decision waits"
    check("a pending approval reaches SMTP", until(lambda: mailbox.about(words), SOON), mailbox.letters)
    check("and a webhook", until(lambda: hooks.times("good", "approval_asked"), SOON))
    both = lambda: [json.dumps(one["body"]) for name in ("teams?sig=hidden-in-the-file", "slack") for one in chats.heard[name]]
    there = lambda: [text for text in both() if words in text]
    check("and both chats", until(lambda: len(there()) == 2, SOON), both())
    queue = world.run("queue")
    check("and the queue", any(item.get("hold") == hold for item in queue["items"]), queue)
    sender, to, letter = mailbox.about(words)[0]
    check("the mail is to who can say yes, and to nobody else", [one[1] for one in mailbox.about(words)] == [(JUNE,)])
    check("from whom the operator says", sender == "writ@northgate.example" and "Writ" in letter["From"], letter["From"])
    plain, rich = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link = f"/a/{hold}"
    check("both forms say who, what, why, until when and link", all(
        word in form for form in (plain, rich)
        for word in ("Mara Lind", "agent.activate", "A new agent needs our yes", "Until:", link)
    ), plain)
    check("the message is marked as automatic", letter["Auto-Submitted"] == "auto-generated")
    check("mail went under TLS, after a login", mailbox.clear == 0 and bool(mailbox.logins), mailbox.logins)
    silent = [text for text in there() if "paper-clerk" in text or "Mara" in text]
    check("chats say that something waits, and link, and no more", not silent and all(link in text for text in there()))


def retried(world: Told, key: Ed25519PublicKey) -> None:
    """One freeze, and everything that goes wrong outside."""
    hooks = world.hooks
    world.as_person("June Harbor", f"/clients/{CLIENT}/freeze", {"reason": "Strange orders\u00bb”, says <b>June</b> https://evil.example/"})
    came = until(lambda: hooks.times("good", "frozen"), SOON)
    check("a freeze is told", came)
    tries = lambda name: hooks.times(name, "frozen")
    check("one that fails twice is asked a third time", until(lambda: len(tries("flaky")) == 3, 15 + SOON), len(tries("flaky")))
    ids = {sound(world, one, key) for one in tries("flaky")}
    check("under one id", len(ids) == 1, ids)
    pauses = [b["at"] - a["at"] for a, b in zip(tries("flaky"), tries("flaky")[1:])]
    check("after 5 and 10 seconds", all(p - 0.5 < gap < p + 5 for p, gap in zip((5, 10), pauses)), pauses)
    busy = until(lambda: len(tries("busy")) == 2, 12 + SOON)
    gap = tries("busy")[1]["at"] - tries("busy")[0]["at"] if busy else 0
    check("Retry-After is honored", busy and gap > 11.5, gap)
    check("a redirect is not followed", not hooks.heard["trap"] and len(tries("redirect")) >= 1)
    check("gone is asked once", len(tries("gone")) == 1)
    page = world.run("notify", "list", "--client", CLIENT)
    closed = [way for way in page["ways"] if not way["open"]]
    check("and closed, which the page and the queue say", [way["way"] for way in closed] == ["webhook gone"] and any(
        item["ask"] == "undelivered" for item in world.run("queue")["items"]), page["ways"])
    letters = world.mailbox.about("everything is frozen")
    text = letters[0][2].get_body(("plain",)).get_content() if letters else ""
    check("who is told of a freeze: the deciders but who did it", {one[1] for one in letters} == {(MARA,)}, letters)
    check("others' words are quoted and make no link", "“Strange orders»', says <b>June</b> https: //evil.example/”" in text, text)
    rich = letters[0][2].get_body(("html",)).get_content() if letters else ""
    check("and no markup", "<b>" not in rich and "https://evil" not in rich, rich)


def restarted(world: Told, key: Ed25519PublicKey) -> None:
    """What waits outlives the process; what is told is not told again."""
    hooks, mailbox = world.hooks, world.mailbox
    before = (len(mailbox.letters), len(hooks.heard["good"]), len(world.chats.heard["slack"]))
    check("what is away waits", any(row["state"] == "waiting" and row["tries"] > 0 for row in world.rows("frozen")))
    world.stop()
    late = Receivers.__new__(Receivers)
    later(late, world)
    world.start()
    came = until(lambda: late.times("away", "frozen"), 90)
    check("a receiver that was dead is told after the restart", came, world.rows("frozen"))
    time.sleep(2)
    after = (len(mailbox.letters), len(hooks.heard["good"]), len(world.chats.heard["slack"]))
    check("and nobody is told twice", before == after and len(late.heard["away"]) == 1, (before, after))
    # Killed between the other side's yes and writing it down: once more, under the same id.
    world.hooks.kill = world.kill
    world.as_person("June Harbor", f"/clients/{CLIENT}/charter/suspend", {"clause": "switch-on", "reason": "Later"})
    killed = until(lambda: world.process.poll() is not None, SOON)
    check("it is killed while it tells", killed)
    world.start()
    twice = until(lambda: len(hooks.times("crash", "suspended")) == 2, SOON)
    ids = {sound(world, one, key) for one in hooks.times("crash", "suspended")}
    check("then the same is told once more, under the same id", twice and len(ids) == 1, ids)


def later(server: Receivers, world: Told) -> None:
    """A receiver on the port that was dead."""
    server.heard, server.kill = collections.defaultdict(list), None
    http.server.ThreadingHTTPServer.__init__(server, ("127.0.0.1", world.away), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.folder / "leaf.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def own(world: Told) -> None:
    """An address that does not work, one that is changed, and what is kept where."""
    told = world.as_person("June Harbor", "/me/contact", {"mail": DANA})
    check("one's address is one's own to change", told == {"mail": DANA, "sends": True}, told)
    letters = lambda: [one[1] for one in world.mailbox.about("a mail address changed")]
    check("the old address is told", until(lambda: letters() == [(JUNE,)], SOON), letters())
    world.as_person("Mara Lind", "/me/contact", {"mail": "nobody@northgate.example"})
    sent = world.run("notify", "test", "--client", CLIENT)
    check("a test goes out", sent["sent"] > 3, sent)
    lost = lambda: [row for row in world.rows("test") if row["way"] == "mail" and row["state"] == "given up"]
    check("an address that is nobody's is tried once", until(lambda: lost(), SOON) and "550" in lost()[0]["why"], world.rows("test"))
    world.as_person("Mara Lind", "/me/contact", {"mail": None})
    kept = b"".join(path.read_bytes() for path in world.data.iterdir() if path.is_file() and path.suffix != ".toml" and path.name not in ("smtp.secret", "teams.url"))
    check("no address is kept in the clear", b"harbor.example" not in kept and b"northgate.example" not in kept)
    log = (world.folder / "up.log").read_text()
    secret = [word for word in (SECRET, "hidden-in-the-file", "harbor.example") if word in log]
    check("no secret and no address is in the log", not secret, secret)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path)
    chosen = parser.parse_args()
    # aiosmtpd warns of an attribute that it sets itself.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        world = Told(chosen.writ.resolve(), pathlib.Path(folder))
        try:
            printed = world.run("notify", "key")["key"]
            check("the public key is printed as whpk_", printed.startswith("whpk_"), printed)
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(printed[5:]))
            for name, mail in (("Mara Lind", MARA), ("June Harbor", JUNE)):
                world.as_person(name, "/me/contact", {"mail": mail})
            asked(world)
            retried(world, key)
            restarted(world, key)
            own(world)
            signed = [sound(world, one, key) for name in ("good", "flaky", "busy") for one in world.hooks.heard[name]]
            good = [sound(world, one, key) for one in world.hooks.heard["good"] if one["body"]["type"] != "suspended"]
            check("every webhook is signed, and verified by another implementation", bool(signed))
            check("no message reached the good receiver twice, but what was on its way when it was killed", len(good) == len(set(good)), good)
            check("another client's receiver heard nothing", not world.hooks.heard["other"])
            rows = world.rows()
            counted = collections.Counter(row["state"] for row in rows)
            print(json.dumps({
                "mails": len(world.mailbox.letters), "webhooks": len(signed), "chats": sum(map(len, world.chats.heard.values())),
                "rows": dict(counted), "failed": FAILED,
            }), flush=True)
        except BaseException:
            print((pathlib.Path(folder) / "up.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            world.stop()
            world.mailbox.controller.stop()
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
