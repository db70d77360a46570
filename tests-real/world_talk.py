"""Public clients with one server, straight and through Writ, and what each shows when its agent is ended.

Never here: how a client is used; that is in `world_clients.py` and `world_clients.mjs`.
To add a client: a row in CLIENTS.
"""

import asyncio
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import time

import doors
from conformance_doors import until_listening
from world import AGENT, CLIENT, World, free_port
from world_parts import HERE, Parts

#: Clients at work at the same time; those that wait for the end of their agent do not count.
AT_ONCE = 3
#: LIMIT: seconds for one line of a client; the slowest step is a program started anew.
SECONDS = 60
OFFERED = "demo://resource/static/document/features.md"


@dataclasses.dataclass
class Step:
    """What is done, and what it has to come to: `same` as straight, `granted` part of a list, `refused`, `waits`, `ended`."""

    name: str
    kind: str
    do: str
    given: tuple = ()
    #: What has to stand in the answer, so that two empty answers are not the same.
    has: str = ""

    def plan(self) -> dict:
        return {"do": self.do, "with": list(self.given)}


LONG = ("trigger-long-running-operation", {"duration": 0.4, "steps": 4})
STEPS = [
    Step("the list of tools", "granted", "tools", has="echo"),
    Step("a call", "same", "call", ("echo", {"message": "grüß Gott"}), "grüß Gott"),
    Step("structured content", "same", "call", ("get-structured-content", {"location": "Chicago"}), "temperature"),
    Step("a tool's own error", "same", "call", ("echo", {})),
    Step("progress", "same", "progress", LONG, "[4"),
    Step("the list of prompts", "same", "prompts", has="args-prompt"),
    Step("a prompt", "same", "prompt", ("args-prompt", {"city": "Haarlem"}), "Haarlem"),
    Step("the list of resources", "granted", "resources", has=OFFERED),
    Step("a resource", "same", "read", (OFFERED,), "Features"),
    Step("an argument outside the grant", "refused", "call", ("get-sum", {"a": 11, "b": 3})),
    Step("a tool without a grant", "refused", "call", ("get-tiny-image", {})),
    Step("a call after a refusal", "same", "call", ("get-sum", {"a": 10, "b": 3}), "13"),
    Step("", "waits", "wait"),
    Step("a call after the end of the agent", "ended", "call", ("echo", {"message": "too late"})),
]
STRAIGHT = [step for step in STEPS if step.kind not in ("waits", "ended")]


@dataclasses.dataclass
class Client:
    name: str
    package: str
    ways: tuple[str, ...]


BOTH = ("stdio", "port", "wrap")
CLIENTS = [
    Client("inspector", "@modelcontextprotocol/inspector", BOTH),
    Client("mcp-remote", "mcp-remote", ("port",)),
    Client("mcp-proxy", "mcp-proxy", ("stdio", "wrap")),
    Client("ai-sdk", "@ai-sdk/mcp", BOTH),
    Client("openai-agents", "openai-agents", BOTH),
    Client("pydantic-ai", "pydantic-ai-slim", BOTH),
    Client("langchain", "langchain-mcp-adapters", BOTH),
    Client("fastmcp", "fastmcp-slim", BOTH),
]
#: Where each way leads, in words.
WAYS = {"stdio": "`writ connect` on stdio", "port": "`writ connect` on a port", "wrap": "`writ wrap`"}


def driver(client: Client, parts: Parts) -> list[str]:
    """The program that uses a client."""
    if client.name == "ai-sdk":
        return [parts.node, str(HERE / "world_clients.mjs"), str(parts.folder / "npm")]
    at_home = client.package in parts.pins["npm"]
    python = sys.executable if at_home else parts.program(client.package, "python")
    return [python, str(HERE / "world_clients.py"), client.name]


class Talk:
    """One client at one place, line by line."""

    def __init__(self, client: Client, way: str) -> None:
        self.client, self.way, self.lines = client, way, []
        self.label = f"{client.name}, {way}"

    async def start(self, command: list[str], plan: dict) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *command, json.dumps(plan), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, limit=1 << 24,
        )
        self.said = asyncio.create_task(self.process.stderr.read())

    async def until(self, kind: str | None) -> None:
        """Reads until a line of this kind, or to the end."""
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
            if not line:
                break
            told = json.loads(line)
            if kind and told.get("kind") == kind:
                return
            self.lines.append(told)

    async def go_on(self) -> None:
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        await self.until(None)

    async def stop(self) -> str:
        """What it said on the way; a client that does not end by itself is ended."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 20)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        return (await self.said).decode(errors="replace")[-600:]

    def revision(self) -> str:
        return self.lines[0].get("revision", "") if self.lines else ""

    def outcomes(self) -> list[dict]:
        return self.lines[1:]


def plan(parts: Parts, folder: pathlib.Path, place: dict, steps: list[Step]) -> dict:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        **place, "steps": [step.plan() for step in steps], "home": str(home), "port": free_port(),
        "inspector": parts.script("@modelcontextprotocol/inspector", "clients/launcher/build/index.js"),
        "remote": parts.script("mcp-remote", "dist/proxy.js"),
        "proxy": parts.script("mcp-proxy", "dist/bin/mcp-proxy.mjs"),
    }


def places(world: World, server, port: int) -> tuple[dict, dict]:
    """Where each way leads without Writ, and with it."""
    wrapped = [str(world.writ), "wrap", "--server", f"{server.name}-wrapped", "--agent", "real", "--dir", str(world.keys)]
    straight = {"stdio": {"command": server.command}, "port": {"url": server.url}, "wrap": {"command": server.command}}
    ours = {
        "stdio": {"command": doors.connect(world, server)},
        "port": {"url": f"http://127.0.0.1:{port}/mcp"},
        "wrap": {"command": [*wrapped, "--", *server.command]},
    }
    return straight, ours


def compare(talk: Talk, straight: list[dict], check) -> dict:
    """Checks each step; gives what the page says."""
    told, row = talk.outcomes(), {"same": 0, "refused": 0, "ended": 0, "not offered": []}
    wanted = [step for step in STEPS if step.kind != "waits"]
    if not check(f"{talk.label}: every step came to something", len(told) == len(wanted), f"{len(told)} of {len(wanted)}: {told[-2:]}"):
        return row
    for step, bare, seen in zip(wanted, [*straight, None], told, strict=True):
        name = f"{talk.label}: {step.name}"
        if seen["kind"] == "not offered":
            row["not offered"].append(step.name)
            continue
        if step.kind in ("refused", "ended"):
            well = bare is None or bare["kind"] == "result"
            # The wrapped server is gone with its agent: what a client says of a closed pipe is its own.
            wanted = GONE if (step.kind, talk.way) == ("ended", "wrap") else WORDS[step.kind]
            said = seen["kind"] == "error" and wanted.search(json.dumps(seen.get("value"), ensure_ascii=False))
            row[step.kind] += check(f"{name}: an error of this client, in our words", bool(well and said), f"{bare}, {seen}")
            row.setdefault(f"{step.kind} words", str(seen.get("value", "")))
            continue
        due = bare
        if step.kind == "granted":
            due = {**bare, "value": [one for one in bare["value"] if one in GRANTED or one.startswith("demo://resource/static/")]}
        has = step.has in json.dumps(seen.get("value"), ensure_ascii=False)
        row["same"] += check(name, due == seen and has, f"{due} became {seen}")
    return row


#: What has to stand in the error that the client's user sees: silence, and a call that is only given up, is neither. A client
#: that looks a tool up in the list first does not find it there.
WORDS = {"refused": re.compile("(?i)grant|not found on server"), "ended": re.compile("(?i)ended|stopped|terminated")}
GONE = re.compile("(?i)ended|stopped|terminated|clos|not connected|EPIPE|exit")
#: Tools of the server that the agent may use; what else it lists has to be gone from a client's list.
GRANTED = {"echo", "get-sum", "trigger-long-running-operation", "get-structured-content"}


async def straight(client: Client, way: str, parts: Parts, folder: pathlib.Path, place: dict, turn, done: dict) -> None:
    async with turn:
        talk = Talk(client, way)
        await talk.start(driver(client, parts), plan(parts, folder, place, STRAIGHT))
        await talk.until(None)
        said = await talk.stop()
        done[client.name, way] = talk
        if len(talk.outcomes()) != len(STRAIGHT):
            raise RuntimeError(f"{talk.label} without Writ: {talk.lines[-1:]} {said}")


async def through(client: Client, way: str, parts: Parts, folder: pathlib.Path, place: dict, turn, done: dict) -> None:
    async with turn:
        talk = Talk(client, way)
        begun = time.monotonic()
        await talk.start(driver(client, parts), plan(parts, folder, place, STEPS))
        done[client.name, way] = talk
        await talk.until("waits")
        print(f"# {talk.label}: {time.monotonic() - begun:.1f} s", flush=True)


async def talks(world: World, parts: Parts, folder: pathlib.Path, wanted: list[Client], port: int, check) -> tuple[dict, dict]:
    """All clients straight, then all of them through Writ as far as the end of their agent."""
    server = next(one for one in world.servers if one.name == "everything")
    turn, bare, ours = asyncio.Semaphore(AT_ONCE), {}, {}
    plain, led = places(world, server, port)
    for part, place, done in ((straight, plain, bare), (through, led, ours)):
        # Without Writ, a wrapped command is the command.
        pairs = [(client, way) for client in wanted for way in client.ways if part is through or way != "wrap"]
        parts_of = [part(client, way, parts, folder, place[way], turn, done) for client, way in pairs]
        for (client, way), ended in zip(pairs, await asyncio.gather(*parts_of, return_exceptions=True), strict=True):
            if isinstance(ended, BaseException):
                check(f"{client.name}, {way}, {part.__name__}", False, repr(ended))
    return bare, ours


async def all_clients(world: World, parts: Parts, folder: pathlib.Path, check, name: str | None) -> dict:
    server = next(one for one in world.servers if one.name == "everything")
    wanted = [client for client in CLIENTS if name in (None, client.name)]
    port = free_port()
    listener = subprocess.Popen(doors.connect(world, server, "--listen", f"127.0.0.1:{port}"))
    rows: dict = {}
    try:
        until_listening(port, listener)
        bare, ours = await talks(world, parts, folder, wanted, port, check)
        receipt = world.run("agent", "terminate", "--client", CLIENT, AGENT, "--reason", "the test is over")
        check("ending the agent of all clients gives a receipt", bool(receipt))
        gone_on = await asyncio.gather(*(talk.go_on() for talk in ours.values()), return_exceptions=True)
        for talk, ended in zip(ours.values(), gone_on, strict=True):
            if isinstance(ended, BaseException):
                print(f"# {talk.label} after the end: {ended!r}", flush=True)
        said = await asyncio.gather(*(talk.stop() for talk in ours.values()))
        for ((client, way), talk), words in zip(ours.items(), said, strict=True):
            before = bare.get((client, "stdio" if way == "wrap" else way))
            if before is None:
                continue
            row = compare(talk, before.outcomes(), check)
            if len(talk.outcomes()) < len(STEPS) - 1:
                print(f"# {talk.label} said: {words}", flush=True)
            rows.setdefault(client, {})[way] = {**row, "revision": talk.revision()}
    finally:
        listener.terminate()
        listener.wait(timeout=10)
    return {client.name: rows.get(client.name, {}) for client in wanted}
