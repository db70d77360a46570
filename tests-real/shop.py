"""A shop with a bank behind Writ, MCP clients that ask for payments, and a shop owner with a phone.

Never here: what is checked (`held.py`). To add a client: a way to make a `Caller`.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import pathlib
import sys
import typing
import urllib.parse

import mcp.client.session
from mcp import Client
from mcp.shared.exceptions import MCPError

import doors
import signer
from house import signed_for, submit
from people import Person
from servers import Server, grant
from world import CLIENT, PROVIDER, World

HERE = pathlib.Path(__file__).parent
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
EMPTY = "juniper-tea"
PAYMENT = {"to": "Paper & Sons", "iban": "DE02120300000000202051", "amount": "148.50", "reference": "Invoice 2214"}
TOOLS = {
    "release_payment": {"action": "payment.release", "amount": "/amount", "currency": "EUR"},
    "share_list": {"action": "data.share"},
    "balance": {"action": "data.read"},
    "watch": {"action": "data.read"},
}
#: What the provider's own server can do for the shop, so that every clause of the template speaks of something.
OFFICE = {
    "isolate_laptop": "host.isolate", "release_laptop": "host.release", "send_mail": "mail.send",
    "send_as": "mail.send_as_person", "delete_mail": "mail.delete", "restore_backup": "backup.restore",
    "end_session": "session.end", "run_command": "command.run", "change_rule": "rule.change",
    "cut_vendor": "vendor.freeze", "write_ticket": "ticket.write",
}
COUNTS_AS = [
    *({"server": "*", "surface": "tool", "name": name, **says} for name, says in TOOLS.items()),
    *({"server": "office", "surface": "tool", "name": name, "action": action} for name, action in OFFICE.items()),
]


def bank(folder: pathlib.Path, port: int) -> Server:
    """What `till_server.py` is to the gateway, and on stdio to `writ wrap`."""
    return Server(
        name="bank",
        command=[sys.executable, str(HERE / "till_server.py"), str(folder / "done.ndjson"), "stdio"],
        grants=[grant("tool", name) for name in TOOLS],
        tools={*TOOLS, "writ_pending"},
        steps=[],
        url=f"http://127.0.0.1:{port}/mcp",
    )


class Shop(World):
    """The world of the other suites, a second owner of the provider, and a client where nothing is written yet."""

    def populate(self) -> None:
        super().populate()
        jonas = self.invite(PROVIDER, "Jonas Weber", "provider", "owner")
        self.run("client", "add", "--name", "Juniper Tea", "--slug", EMPTY)
        for client in (CLIENT, EMPTY):
            self.run("person", "seat", "--client", client, jonas, "--role", "owner", "--role", "approver")
        self.done = self.data.parent.parent / "done.ndjson"
        self.base = self.run("console")["console"].rstrip("/")

    def executed(self) -> int:
        """What the bank counted."""
        return len(self.done.read_text().splitlines()) if self.done.exists() else 0

    async def person(self, browser, name: str, **looks) -> Person:
        """Somebody of this world in a browser, with the passkey that they have in software."""
        person = await Person.arrive(browser, name, self.base, **looks)
        key = signer.Passkey.load(self.passkey(name))
        await person.bring(await person.device(), key, urllib.parse.urlsplit(self.base).hostname)
        return person


@dataclasses.dataclass
class Told:
    """What a client was told of a call."""

    kind: str
    text: str
    code: str | int | None = None
    hold: str | None = None
    url: str | None = None
    data: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def result(cls, value: dict) -> "Told":
        data = (value.get("_meta") or {}).get("writ/hold") or {}
        text = " ".join(part.get("text", "") for part in value.get("content", []))
        kind = "error" if value.get("isError") else "result"
        return cls(kind, text, data.get("code"), data.get("hold_id"), data.get("url"), data)

    @classmethod
    def error(cls, code: int, message: str, data) -> "Told":
        data = data if isinstance(data, dict) else {}
        return cls("error", message, data.get("code", code), data.get("hold_id"), data.get("url"), {**data, "rpc": code})


class Caller:
    """One running copy of an agent, behind one public client."""

    def __init__(self, name: str, call: typing.Callable, tools: typing.Callable, revision: str) -> None:
        self.name, self.tools, self.revision, self._call = name, tools, revision, call
        self.client: Client | None = None

    async def call(self, tool: str, **arguments) -> Told:
        return await self._call(tool, arguments)

    async def pay(self, **more) -> Told:
        return await self.call("release_payment", **{**PAYMENT, **more})

    async def pending(self, hold: str) -> Told:
        return await self.call("writ_pending", hold_id=hold)


def python(name: str, client: Client) -> Caller:
    async def call(tool: str, arguments: dict) -> Told:
        try:
            result = await client.call_tool(tool, arguments)
        except MCPError as error:
            return Told.error(error.error.code, str(error), getattr(error.error, "data", None))
        return Told.result(result.model_dump(mode="json", by_alias=True, exclude_none=True))

    async def tools() -> set[str]:
        return {tool.name for tool in (await client.list_tools()).tools}

    caller = Caller(name, call, tools, client.protocol_version)
    caller.client = client
    return caller


@contextlib.contextmanager
def offering(revision: str):
    """The public client as it was when this revision of the handshake was its newest."""
    newest = mcp.client.session.LATEST_HANDSHAKE_VERSION
    mcp.client.session.LATEST_HANDSHAKE_VERSION = revision
    try:
        yield
    finally:
        mcp.client.session.LATEST_HANDSHAKE_VERSION = newest


@contextlib.asynccontextmanager
async def through(door: str, shop: Shop, mode: str, **more):
    """PyPI's client of a mode (`legacy`, `2026-07-28`, or an older revision of the handshake) through a door."""
    older = mode if mode.startswith("2025") else None
    with offering(older) if older else contextlib.nullcontext():
        async with doors.DOORS[door](shop, shop.servers[0], "legacy" if older else mode, **more) as client:
            yield python(f"PyPI {client.protocol_version} through {door}", client)


@contextlib.asynccontextmanager
async def npm(shop: Shop, node: pathlib.Path, links: bool = False):
    """npm's client on stdio, through `writ connect`."""
    command = ["node", str(HERE / "held_client.mjs"), str(node), json.dumps(doors.connect(shop, shop.servers[0]))]
    process = await asyncio.create_subprocess_exec(
        *command, *(["links"] if links else []), env=dict(os.environ),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )

    async def ask(**words) -> dict:
        process.stdin.write(json.dumps(words).encode() + b"\n")
        await process.stdin.drain()
        line = await asyncio.wait_for(process.stdout.readline(), doors.TIMEOUT)
        return json.loads(line)

    async def call(tool: str, arguments: dict) -> Told:
        answer = await ask(ask="call", name=tool, arguments=arguments)
        error = answer.get("error")
        return Told.error(error["code"], error["message"], error.get("data")) if error else Told.result(answer["result"])

    async def tools() -> set[str]:
        return set((await ask(ask="list"))["result"]["tools"])

    try:
        revision = (await ask(ask="revision"))["result"].get("revision", "?")
        yield Caller(f"npm {revision} through connect", call, tools, revision)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def open_link(phone: Person, url: str) -> None:
    """The link of a message, on the phone: it leads to the page of what waits."""
    at = urllib.parse.urlsplit(url)
    await phone.go(phone.base + at.path)


async def press_through(person: Person, words: str) -> None:
    """A button whose form leads to a page, and the page."""
    async with person.page.expect_navigation():
        await person.press(words)


async def sign_here(person: Person) -> bool:
    """Signs what the page shows; whether that page is left for what came of it."""
    if not await person.at("/sign/"):
        return False
    await person.press("Sign with passkey")
    return await signed_for(person)


async def approve(phone: Person, url: str, words: str = "") -> bool:
    """Opens the link, says yes, signs."""
    await open_link(phone, url)
    if words:
        await phone.fill(words=words)
    await press_through(phone, "Yes, go on")
    return await sign_here(phone)


async def refuse(phone: Person, url: str, words: str) -> None:
    await open_link(phone, url)
    await phone.page.get_by_role("link", name="No", exact=True).click()
    await phone.fill(words=words)
    await submit(phone)
