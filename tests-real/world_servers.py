"""Public servers and public clients of npm and PyPI, unchanged, straight and through Writ.

Servers: PyPI's client does each server's steps straight, through `writ connect` and the gateway, and through `writ wrap`.
Clients: each does the same steps with one server straight, through `writ connect` on stdio and on a port, and through
`writ wrap`; then their agent is ended while all of them are connected. What is granted must give the same, what is not
must come out as an error of that client and must not reach the server.
Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed.

    world_servers.py --writ target/release/writ [--node target/real/npm] [--only servers|clients] [--name NAME] [--doc]

The packages of `world_packages.json` go to `world` beside the folder of `--node`. `--doc` writes docs/works-with.md, if all
of it was run and nothing failed.
"""

import argparse
import asyncio
import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from mcp.shared.exceptions import MCPError

import doors
import servers
import world_doc
import world_list
import world_talk
from conformance_doors import until_listening
from world import World
from world_parts import Parts, Web

ROOT = pathlib.Path(__file__).parent.parent
#: Servers at work at the same time: two cores.
AT_ONCE = 2
#: LIMIT: seconds for all steps of one server through one door; a browser is among them.
SECONDS = 90
FAILED = 0


def check(name: str, held: bool, detail: str = "") -> bool:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:700]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)
    return held


async def outcome(step, client) -> tuple[str, object]:
    """What a step came to: its result, or the error that the client's user sees."""
    try:
        return "result", await step.act(client)
    except MCPError as error:
        return "refused", {"message": str(error), "data": getattr(error.error, "data", None)}


async def through(door, world: World, server) -> dict:
    """Every step's outcome, the tools as they were listed, what the server is, and what refused steps left behind."""
    server.reset()
    before = len(server.traces())
    async with asyncio.timeout(SECONDS), door(world, server, "auto") as client:
        listed = {tool.name: servers.plain(tool) for tool in (await client.list_tools()).tools}
        done = {step.name: await outcome(step, client) for step in server.steps}
        found = {"listed": listed, "steps": done, "revision": client.protocol_version}
    return {**found, "traces": server.traces()[before:]}


def compare(label: str, server, bare: dict, seen: dict) -> dict:
    """Checks each step; gives what the page says."""
    granted = {name: bare["listed"].get(name) for name in server.tools}
    check(f"{label}: the tools that are granted are listed, as the server describes them", seen["listed"] == granted,
          f"{granted} became {seen['listed']}")
    # Writ speaks the newest revision for a server that does not.
    check(f"{label}: a revision that is not older", seen["revision"] >= bare["revision"], f"{bare['revision']} became {seen['revision']}")
    check(f"{label}: refused calls left no trace", not seen["traces"], str(seen["traces"]))
    counts = {"same": 0, "refused": 0}
    for step in server.steps:
        straight, (kind, value) = bare["steps"][step.name], seen["steps"][step.name]
        if step.kind == "same":
            held = check(f"{label}: {step.name}", straight == (kind, value), f"{straight} became {(kind, value)}")
        else:
            cure = kind == "refused" and isinstance(value["data"], dict) and value["data"].get("cure")
            held = check(f"{label}: {step.name}: refused with a cure", bool(cure) and straight[0] == "result", f"{straight}, {kind} {value}")
        counts[step.kind] += held
    return counts


async def one_server(world: World, server, turn: asyncio.Semaphore, rows: dict) -> None:
    row = rows[server.name] = {"steps": [(step.name, step.kind) for step in server.steps], "doors": {}, "spoken": set()}
    async with turn:
        try:
            begun = time.monotonic()
            bare = await through(doors.bare, world, server)
            row["revision"], row["tools"] = bare["revision"], len(bare["listed"])
            for name, door in (("writ connect", doors.connect_stdio), ("writ wrap", doors.wrap)):
                straight = await through(doors.bare_stdio, world, server) if server.url and door is doors.wrap else bare
                seen = await through(door, world, server)
                row["spoken"].add(seen["revision"])
                row["doors"][name] = compare(f"{server.name} through {name}", server, straight, seen)
            print(f"# {server.name}: {time.monotonic() - begun:.1f} s", flush=True)
        except BaseException as error:  # noqa: BLE001  a server that falls over is one failed check
            if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
                raise
            traceback.print_exc()
            check(server.name, False, repr(error))


async def all_servers(world: World, chosen: argparse.Namespace) -> dict:
    turn, rows = asyncio.Semaphore(AT_ONCE), {}
    wanted = [server for server in world.servers if chosen.name in (None, server.name)]
    await asyncio.gather(*(one_server(world, server, turn, rows) for server in wanted))
    return {server.name: rows[server.name] for server in wanted}


@contextlib.contextmanager
def running(command: list[str], port: int, log: pathlib.Path):
    """A server on a port, while the block runs."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            until_listening(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


def books(world: World, folder: pathlib.Path) -> None:
    """After it all: the ledger of what was done verifies from its export alone."""
    export = folder / "export"
    world.run("ledger", "export", "--tenant", "harbor-books", str(export))
    check("the exported ledger verifies offline", bool(world.run("ledger", "verify", str(export))))


def all_of(chosen: argparse.Namespace, parts: Parts, folder: pathlib.Path) -> dict:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no Chromium: install it (Debian: apt install chromium); a server of the list is a browser")
    results = {}
    with contextlib.ExitStack() as stack:
        web = Web()
        stack.callback(web.stop)
        listed = world_list.all_of(parts, folder, web, chromium)
        for server in listed:
            if server.url:
                port = int(server.url.split(":")[2].split("/")[0])
                stack.enter_context(running(world_list.listening(server, parts), port, folder / f"{server.name}.log"))
        world = World(chosen.writ.resolve(), folder / "writ", listed)
        stack.callback(world.stop)
        world.enroll("real")
        if chosen.only in (None, "servers"):
            results["servers"] = asyncio.run(all_servers(world, chosen))
        if chosen.only in (None, "clients"):
            name = chosen.name if chosen.only else None
            results["clients"] = asyncio.run(world_talk.all_clients(world, parts, folder, check, name))
        books(world, folder)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, default=ROOT / "target/real/npm", help="the packages go beside it")
    parser.add_argument("--only", choices=["servers", "clients"])
    parser.add_argument("--name", help="one server, or with `--only clients` one client")
    parser.add_argument("--doc", action="store_true")
    chosen = parser.parse_args()
    begun = time.monotonic()
    parts = Parts(chosen.node.resolve().parent / "world")
    print(f"# packages: {time.monotonic() - begun:.1f} s", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-world-"))
    try:
        results = all_of(chosen, parts, folder)
        if chosen.doc and not FAILED and chosen.only is None and chosen.name is None:
            (ROOT / "docs/works-with.md").write_text(world_doc.page(parts, results))
    finally:
        print(f"# all: {time.monotonic() - begun:.1f} s", flush=True)
        if FAILED:
            print(f"{FAILED} not ok; logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
