"""The protocol's own conformance suite, without Writ and through it, scenario by scenario and check by check.

Servers: the suite talks to fixture servers of the official TypeScript and Python SDKs, straight, then through each door
of the gateway. Clients: fixture clients of the same SDKs talk to the suite's servers, straight, then through the gateway.
What comes out must be the same. Prints one `ok - …` or `not ok - …` line a scenario; exits 1 if any failed.

    conformance.py --writ target/release/writ [--only server|client|authorization] [--doc]

`--doc` writes what was found into docs/conformance.md, if all of it was run.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CreateMessageResult, TextContent

import conformance_doc
import servers
from conformance_doors import Connect, Proof, Relay, until_listening
from conformance_suite import REVISIONS, Found, Suite
from world import World, free_port

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "conformance"
ROOT = HERE.parent
DOORS = {"a door with proofs": Proof, "writ connect": Connect}
#: Scenarios about HTTP streams, which a server on stdio has none of.
HTTP_ONLY = ("server-sse-polling", "server-sse-multiple-streams")
FAILED = 0


def check(name: str, held: bool, detail: str = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(detail.split())[:600]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


def installed(folder: pathlib.Path) -> Suite:
    """The suite and the TypeScript SDK of `conformance/package.json`, fetched if they are not there."""
    wanted, stamp = (FIXTURES / "package.json").read_text(), folder / "installed.stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel", "error"]
        subprocess.run(command, cwd=folder, check=True)
        stamp.write_text(wanted)
    return Suite(folder)


@contextlib.contextmanager
def running(command: list[str], port: int, log: pathlib.Path):
    """A fixture server, while the block runs."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            until_listening(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


def behind(name: str, url: str | None, command: list[str] | None = None) -> servers.Server:
    """A server of which the agent may use everything: what is not granted is another suite's business."""
    everything = [servers.grant(surface, "*") for surface in ("tool", "prompt", "resource")]
    return servers.Server(name=name, command=command or [], grants=everything, tools=set(), steps=[], url=url)


def same(name: str, bare: Found | None, through: Found | None) -> bool:
    """Whether a scenario came to the same; says which checks did not."""
    if bare is None or through is None:
        check(name, False, f"run only {'straight' if through is None else 'through the gateway'}")
        return False
    lost = [(key, count) for key, count in (bare.checks - through.checks).items()]
    new = [(*key, through.words[key]) for key in through.checks - bare.checks]
    check(f"{name}: {through.passed()} passed, {through.failed()} failed", bare.checks == through.checks,
          f"straight {lost}, through {new}")
    return bare.checks == through.checks


def against_servers(suite: Suite, world: World, fixtures: dict, results: dict) -> None:
    for sdk, url in fixtures.items():
        for revision in REVISIONS:
            bare = suite.server(url, revision)
            rows = results.setdefault(("server", sdk, revision), {})
            rows["straight"] = bare
            for door, made in DOORS.items():
                with made(world, sdk) as way:
                    through = suite.server(way.url, revision)
                rows[door] = through
                for scenario in sorted({*bare, *through}):
                    same(f"server of {sdk}, {revision}, {door}: {scenario}", bare.get(scenario), through.get(scenario))


def behind_lines(suite: Suite, world: World, results: dict) -> None:
    """The Python server once more, as a process of the gateway's: what comes out is what it gives over HTTP."""
    for revision in REVISIONS:
        straight = results["server", "python", revision]["straight"]
        with Proof(world, "lines") as way:
            through = suite.server(way.url, revision)
        bare, through = ({name: one for name, one in found.items() if name not in HTTP_ONLY} for found in (straight, through))
        results["server", "python on stdio", revision] = {"straight": bare, "a door with proofs": through}
        for scenario in sorted({*bare, *through}):
            same(f"server of python on stdio, {revision}: {scenario}", bare.get(scenario), through.get(scenario))


async def on_lines(world: World, sdk: str) -> str:
    """What a client on stdio, which has no headers, gets from a tool that wants an argument repeated in one."""
    url = f"{world.gateway}/mcp/{sdk}"
    words = ["connect", url, "--agent", "conformance", "--dir", str(world.keys)]
    command = StdioServerParameters(command=str(world.writ), args=words)
    async with Client(command, mode="2026-07-28", read_timeout_seconds=30) as client:
        await client.list_tools()
        said = await client.call_tool("test_region", {"region": "Zürich"})
        return said.content[0].text


def from_lines(world: World, fixtures: dict) -> None:
    """What the suite has no scenario for: it speaks HTTP only."""
    for sdk in fixtures:
        try:
            told = asyncio.run(on_lines(world, sdk))
        except Exception as error:  # noqa: BLE001  what falls over is one failed check
            told = repr(error)
        check(f"server of {sdk}, 2026-07-28, writ connect on stdio: Mcp-Param headers are added", told == "Zürich", told)


async def on_two_addresses(url: str) -> list[str]:
    """What a client of 2024-11-05's transport gets: a list, a call, and a call in which the server asks back."""

    async def sampled(_context, _params) -> CreateMessageResult:
        return CreateMessageResult(role="assistant", content=TextContent(type="text", text="asked back"), model="fixture")

    async with Client(sse_client(url), mode="legacy", read_timeout_seconds=30, sampling_callback=sampled) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        calls = [("test_simple_text", {}), ("test_sampling", {"prompt": "x"})]
        said = [(await client.call_tool(name, given)).content[0].text for name, given in calls]
        return [*(name for name, _ in calls if name not in listed), *said]


async def in_a_batch(url: str) -> list:
    """What a client of 2025-03-26 gets for two requests and a notification in one body."""
    kinds = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=kinds, timeout=30) as http:
        hello = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "batch", "version": "1"}}
        first = await http.post(url, json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
        session = {"mcp-session-id": first.headers["mcp-session-id"]}
        batch = [
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": "call", "method": "tools/call", "params": {"name": "test_simple_text", "arguments": {}}},
            {"jsonrpc": "2.0", "id": "list", "method": "tools/list"},
        ]
        answer = await http.post(url, json=batch, headers=session)
        lines = [line[5:] for line in answer.text.splitlines() if line.startswith("data:") and line[5:].strip()]
        told = answer.json() if answer.headers["content-type"].startswith("application/json") else map(json.loads, lines)
        return sorted([one["id"], next(iter(one["result"]))] for one in told if "id" in one)


def older_ways(world: World, fixtures: dict) -> None:
    """What the suite has no scenario for: the transport of 2024-11-05 and the batches of 2025-03-26."""
    for sdk in fixtures:
        ways = [
            ("2024-11-05 over two addresses, writ connect", Connect, on_two_addresses, "/sse"),
            ("2025-03-26, a batch, a door with proofs", Proof, in_a_batch, "/mcp"),
            ("2025-03-26, a batch, writ connect", Connect, in_a_batch, "/mcp"),
        ]
        for words, door, play, path in ways:
            with door(world, sdk) as way:
                try:
                    told = asyncio.run(play(way.url.removesuffix("/mcp") + path))
                except Exception as error:  # noqa: BLE001  what falls over is one failed check
                    told = repr(error)
            wanted = [["call", "content"], ["list", "tools"]]
            held = told == wanted if play is in_a_batch else len(told) == 2 and "asked back" in told[1]
            check(f"server of {sdk}, {words}", held, str(told))


def plays(suite: Suite, revision: str) -> list[str]:
    """Scenarios for clients that a gateway can stand in. With a token of the suite's own server, the client would have
    to be the gateway: those of `auth` are not among them; nor are skills, which the fixtures have none of."""
    extra = ["json-schema-2020-12-preservation"] if revision in ("2025-11-25", "2026-07-28") else []
    named = [*suite.required("client", revision), *extra]
    return [name for name in named if not name.startswith(("auth/", "sep-2640"))]


def through_clients(suite: Suite, world: World, relay: Relay, results: dict) -> None:
    clients = {
        "typescript": [str(suite.node), str(FIXTURES / "client.mjs"), str(suite.folder)],
        "python": [sys.executable, str(FIXTURES / "client.py")],
    }
    doors = {door: made(world, "relay") for door, made in DOORS.items()}
    with contextlib.ExitStack() as stack:
        for way in doors.values():
            stack.enter_context(way)
        for sdk, command in clients.items():
            for revision in REVISIONS:
                rows = results.setdefault(("client", sdk, revision), {})
                for scenario in plays(suite, revision):
                    bare = suite.client(command, revision, scenario)
                    rows.setdefault("straight", {})[scenario] = bare
                    for door, way in doors.items():
                        led = [sys.executable, str(FIXTURES / "through.py"), str(relay.file), way.url, *command]
                        through = suite.client(led, revision, scenario)
                        rows.setdefault(door, {})[scenario] = through
                        same(f"client of {sdk}, {revision}, {door}: {scenario}", bare, through)


def authorization(suite: Suite, world: World, results: dict) -> None:
    """The suite's scenarios for authorization servers, against the desk. There is nothing to compare it with: what came out
    is told, and is no failure of this run."""
    found = suite.authorization(world.desk)
    results["authorization", "desk", ""] = {"straight": found}
    for scenario, one in found.items():
        told = "; ".join(words for (_, status), words in one.words.items() if status in ("FAILURE", "WARNING"))
        print(f"note - the desk as authorization server: {scenario}: {told or 'passed'}", flush=True)


def all_of(chosen: argparse.Namespace, suite: Suite, folder: pathlib.Path) -> dict:
    ports = {"typescript": free_port(), "python": free_port()}
    commands = {
        "typescript": [str(suite.node), str(FIXTURES / "server.mjs"), str(suite.folder), str(ports["typescript"])],
        "python": [sys.executable, str(FIXTURES / "server.py"), str(ports["python"])],
    }
    urls = {sdk: f"http://127.0.0.1:{port}/mcp" for sdk, port in ports.items()}
    relay, results = Relay(folder / "target"), {}
    with contextlib.ExitStack() as stack:
        for sdk, command in commands.items():
            stack.enter_context(running(command, ports[sdk], folder / f"{sdk}.log"))
        stack.enter_context(relay)
        listed = [behind(name, url) for name, url in {**urls, "relay": relay.url}.items()]
        listed.append(behind("lines", None, [sys.executable, str(FIXTURES / "server.py"), "stdio"]))
        world = World(chosen.writ.resolve(), folder / "writ", listed)
        stack.callback(world.stop)
        world.enroll("conformance")
        if chosen.only in (None, "server"):
            against_servers(suite, world, urls, results)
            from_lines(world, urls)
            older_ways(world, urls)
            behind_lines(suite, world, results)
        if chosen.only in (None, "client"):
            through_clients(suite, world, relay, results)
        if chosen.only in (None, "authorization"):
            authorization(suite, world, results)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, default=ROOT / "target/real/npm", help="the suite goes beside it")
    parser.add_argument("--only", choices=["server", "client", "authorization"])
    parser.add_argument("--doc", action="store_true")
    chosen = parser.parse_args()
    suite = installed(chosen.node.resolve().parent / "conformance")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-conformance-"))
    try:
        results = all_of(chosen, suite, folder)
        if chosen.doc and chosen.only is None:
            (ROOT / "docs/conformance.md").write_text(conformance_doc.page(suite, results))
    finally:
        if FAILED:
            print(f"{FAILED} not ok; logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
