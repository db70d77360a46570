"""Several servers behind one address: public clients of PyPI and npm, unchanged, at a gateway's `/mcp`, with two servers of the
Python SDK that have everything in common, npm's `server-everything`, one server that is dead and one that lies.

Each call is compared with the same call without Writ. Prints one `ok - …` or `not ok - …` line a check, then the figures as
JSON; exits 1 if any failed.

    many.py --writ target/release/writ --node target/real/npm
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from conformance_doors import Looped
from doors import TIMEOUT, stdio
from dpop import Agent
from servers import Server, grant, plain
from world import AGENT, CLIENT, World, free_port

HERE = pathlib.Path(__file__).parent
ALL = [grant("tool", "*"), grant("resource", "*"), grant("prompt", "*")]
ORDERS = ("orders", "archive")
TOOLS = ("order", "cancel", "count")
FIGURES = {"checks": 0, "failed": 0, "calls": 0}


def check(name: str, held: bool, detail: object = "") -> None:
    FIGURES["checks"] += 1
    FIGURES["failed"] += not held
    detail = " ".join(str(detail).split())[:500]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


class Liar(Looped):
    """It greets as it should, and then lists two tools of one name."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.called = 0

    async def start(self) -> None:
        app = Starlette(routes=[Route("/mcp", self.answer, methods=["GET", "POST", "DELETE"])])
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        await self.serving

    async def answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        message = json.loads(await request.body())
        if "id" not in message:
            return Response(status_code=202)
        capabilities = {"tools": {}}
        match message["method"]:
            case "initialize":
                result = {
                    "protocolVersion": message["params"]["protocolVersion"], "capabilities": capabilities,
                    "serverInfo": {"name": "liar", "version": "1"},
                }
            case "server/discover":
                result = {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities,
                          "ttlMs": 0, "cacheScope": "private"}
            case "tools/list":
                tool = {"name": "order", "inputSchema": {"type": "object"}}
                result = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": [tool, tool]}
            case _:
                self.called += 1
                result = {"content": []}
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": result})


@contextlib.contextmanager
def fixture(folder: pathlib.Path, name: str):
    """A server of the Python SDK on HTTP; a cancelled order leaves a trace in its file."""
    port, trace = free_port(), folder / f"{name}.cancelled"
    command = [sys.executable, str(HERE / "modern_server.py"), str(trace)]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + TIMEOUT
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start")
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port}/mcp"
        yield Server(name=name, command=[*command, "stdio"], grants=ALL, tools=set(), steps=[], url=url), trace
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextlib.asynccontextmanager
async def endpoint(world: World, mode: str, **more):
    """PyPI's client, straight at the gateway's `/mcp`."""
    agent = Agent(world.desk, world.code(), "python")
    async with httpx2.AsyncClient(auth=agent, timeout=TIMEOUT) as http:
        transport = streamable_http_client(f"{world.gateway}/mcp", http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=TIMEOUT, **more) as client:
            yield client


async def called(client, name: str, arguments: dict) -> tuple[str, object]:
    FIGURES["calls"] += 1
    try:
        return "result", plain(await client.call_tool(name, arguments))
    except MCPError as error:
        return "refused", {"message": str(error), "data": getattr(error.error, "data", None)}


async def python(world: World, servers: dict[str, Server], traces: dict[str, pathlib.Path], mode: str) -> None:
    """One client of PyPI, in one generation."""
    name = f"PyPI mcp, {mode}"
    async with endpoint(world, mode) as client:
        listed = await client.list_tools()
        tools = [tool.name for tool in listed.tools]
        wanted = {"legacy": "2025-11-25", "auto": "2026-07-28"}[mode]
        check(f"{name}: the revision is the newest of its generation", client.protocol_version == wanted, client.protocol_version)
        wanted = {f"{server}__{tool}" for server in ORDERS for tool in TOOLS}
        check(f"{name}: both servers' tools are listed under their names", wanted <= set(tools), tools)
        check(f"{name}: no name stands twice, all fit", len(set(tools)) == len(tools) and all(len(one) <= 64 for one in tools), tools)
        check(f"{name}: the liar's tools are absent", not any(one.startswith("liar__") for one in tools), tools)
        meta = (listed.model_dump(by_alias=True).get("_meta") or {}).get("writ/unreachable", [])
        named = {one["server"]: one["code"] for one in meta}
        wanted = {"liar": "GATE-0126", "dead": "GATE-0050"}
        check(f"{name}: who has no part is named", wanted.items() <= named.items(), meta)
        check(f"{name}: npm's server, which has sessions only, is among them", "everything__echo" in tools, tools)
        kind, told = await called(client, "everything__echo", {"message": "hello"})
        check(f"{name}: and answers", kind == "result" and "hello" in json.dumps(told), told)
        for server in ORDERS:
            async with Client(servers[server].url, mode=mode, read_timeout_seconds=TIMEOUT) as straight:
                bare = await called(straight, "order", {"number": "17"})
            through = await called(client, f"{server}__order", {"number": "17"})
            check(f"{name}: {server}'s tool answers as without Writ", bare == through, (bare, through))
            seen = []

            async def note(done, total, message, seen=seen):
                seen.append((done, total))

            await client.call_tool(f"{server}__count", {"steps": 3}, progress_callback=note)
            check(f"{name}: {server}'s progress arrives", seen == [(1, 3), (2, 3), (3, 3)], seen)
        both = await asyncio.gather(*(
            called(client, f"{server}__order", {"number": number}) for server in ORDERS for number in ("17", "18") * 5
        ))
        good = sum(kind == "result" for kind, _ in both)
        check(f"{name}: twenty calls at once to both", good == 20, both)
        uris = [str(one.uri) for one in (await client.list_resources()).resources]
        check(f"{name}: an address of both stands under their names", {f"writ-{one}:orders://all" for one in ORDERS} <= set(uris), uris)
        for server in ORDERS:
            read = await client.read_resource(f"writ-{server}:orders://all")
            content = read.contents[0]
            held = (str(content.uri), content.text) == (f"writ-{server}:orders://all", "17: three books")
            check(f"{name}: {server}'s resource is read", held, content)
        with contextlib.suppress(MCPError):
            read = await client.read_resource("orders://all")
            check(f"{name}: an address of two servers is not guessed", False, read)
        greeted = plain(await client.get_prompt("archive__greet", {"name": "Ann"}))
        check(f"{name}: a prompt of one of them", "Ann" in json.dumps(greeted), greeted)
        kind, told = await called(client, "dead__order", {"number": "17"})
        check(f"{name}: a dead server's call is refused", kind == "refused" and "GATE-0050" in json.dumps(told), told)
        kind, told = await called(client, "order", {"number": "17"})
        check(f"{name}: a name without its server is refused", kind == "refused" and "GATE-0125" in json.dumps(told), told)
        kind, told = await called(client, "archive__cancel", {"number": "17"})
        check(f"{name}: what is granted reaches its server", kind == "result" and traces["archive"].exists(), told)
        check(f"{name}: and no other", not traces["orders"].exists())
        traces["archive"].unlink(missing_ok=True)


async def npm(world: World, node: pathlib.Path) -> None:
    """npm's client through `writ connect` on stdio."""
    world.enroll("real")
    command = [str(world.writ), "connect", f"{world.gateway}/mcp", "--agent", "real", "--dir", str(world.keys)]
    program = shutil.which("node") or str(node / "node_modules/node/bin/node")
    process = await asyncio.create_subprocess_exec(
        program, str(HERE / "held_client.mjs"), str(node), json.dumps(command),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )

    async def ask(**asked) -> dict:
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        await process.stdin.drain()
        return json.loads(await asyncio.wait_for(process.stdout.readline(), TIMEOUT))

    try:
        listed = (await ask(ask="list"))["result"]["tools"]
        wanted = {f"{server}__{tool}" for server in ORDERS for tool in TOOLS} | {"everything__echo"}
        check("npm sdk, writ connect: all servers' tools are listed", wanted <= set(listed), listed)
        for server in ORDERS:
            told = await ask(ask="call", name=f"{server}__order", arguments={"number": "17"})
            FIGURES["calls"] += 1
            check(f"npm sdk, writ connect: {server} answers", told.get("result", {}).get("content", [{}])[0].get("text") == "three books", told)
        told = await ask(ask="call", name="everything__echo", arguments={"message": "hello"})
        check("npm sdk, writ connect: npm's server answers", "hello" in json.dumps(told.get("result")), told)
        told = await ask(ask="call", name="dead__order", arguments={})
        check("npm sdk, writ connect: a dead server's call is an error", "GATE-0050" in json.dumps(told), told)
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), TIMEOUT)


async def ended(world: World) -> None:
    """An agent that is ended is cut at the one address, too."""
    async with endpoint(world, "legacy") as client:
        await client.list_tools()
        moves = asyncio.Event()

        async def note(done, total, message):
            moves.set()

        steps = {"steps": 10_000_000}
        begun = asyncio.create_task(client.call_tool("orders__count", steps, progress_callback=note))
        await asyncio.wait_for(moves.wait(), TIMEOUT)
        await asyncio.to_thread(world.run, "agent", "terminate", "--client", CLIENT, AGENT, "--reason", "drill")
        try:
            told = await asyncio.wait_for(begun, TIMEOUT)
            check("an ended agent's call is cut", False, told)
        except Exception as error:
            check("an ended agent's call is cut", True, error)
        kind, told = await called(client, "orders__order", {"number": "17"})
        check("and it calls nothing more", kind == "refused", told)


def everything(node: pathlib.Path) -> Server:
    script = node / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
    program = shutil.which("node") or str(node / "node_modules/node/bin/node")
    return Server(name="everything", command=[program, str(script), "stdio"], grants=ALL, tools=set(), steps=[])


async def main(writ: pathlib.Path, node: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = pathlib.Path(place)
        fixtures = {name: stack.enter_context(fixture(folder, name)) for name in ORDERS}
        liar = stack.enter_context(Liar())
        nobody = f"http://127.0.0.1:{free_port()}/mcp"
        servers = {name: server for name, (server, _) in fixtures.items()}
        servers["liar"] = Server(name="liar", command=["true"], grants=ALL, tools=set(), steps=[], url=liar.url)
        servers["dead"] = Server(name="dead", command=["true"], grants=ALL, tools=set(), steps=[], url=nobody)
        servers["everything"] = everything(node.resolve())
        traces = {name: trace for name, (_, trace) in fixtures.items()}
        world = World(writ.resolve(), folder / "world", list(servers.values()))
        stack.callback(world.stop)
        for part in (
            lambda: python(world, servers, traces, "legacy"),
            lambda: python(world, servers, traces, "auto"),
            lambda: npm(world, node.resolve()),
            lambda: ended(world),
        ):
            try:
                await part()
            except Exception:
                check("a part runs to its end", False, traceback.format_exc()[-800:])
        check("nothing but lists and greetings reached the liar", liar.called == 0, liar.called)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--writ", type=pathlib.Path, required=True)
    arguments.add_argument("--node", type=pathlib.Path, required=True)
    given = arguments.parse_args()
    started = time.monotonic()
    asyncio.run(main(given.writ, given.node))
    print(json.dumps({**FIGURES, "seconds": round(time.monotonic() - started, 1)}))
    sys.exit(1 if FIGURES["failed"] else 0)
