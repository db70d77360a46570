"""Public clients and servers, unchanged, through every door of Writ.

The PyPI client `mcp` talks to npm's `server-everything`, `server-filesystem` and `server-memory`. Each step is done once
without Writ and once through each door; what is granted must give the same, what is not must be refused with a cure.
Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed.

    run.py --writ target/release/writ --node target/real/npm [--door NAME] [--server NAME]
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

from mcp.shared.exceptions import MCPError

import doors
import servers
from world import AGENT, CLIENT, World, free_port

FAILED = 0


def check(name: str, held: bool, detail: str = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(detail.split())[:400]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


async def outcome(step, client) -> tuple[str, object]:
    """What a step came to: its result, or the error that the client's user sees."""
    try:
        return "result", await step.act(client)
    except MCPError as error:
        return "refused", {"message": str(error), "data": getattr(error.error, "data", None)}


async def steps_through(door, world, server, mode: str) -> dict:
    """Every step's outcome, the tools that were listed, and what refused steps left behind."""
    server.reset()
    async with door(world, server, mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        done = {step.name: await outcome(step, client) for step in server.steps}
        found = {"listed": listed, "steps": done, "revision": client.protocol_version}
    return {**found, "traces": server.traces()}


def compare(name: str, server, bare: dict, through: dict) -> None:
    check(f"{name}: only granted tools are listed", through["listed"] == server.tools, str(through["listed"]))
    # A client that speaks both generations stays stateless: the gateway bridges to a server that is not.
    revisions = {bare["revision"], "2026-07-28"} if "auto" in name else {bare["revision"]}
    check(f"{name}: the same revision, or its client's newest", through["revision"] in revisions, through["revision"])
    check(f"{name}: refused calls left no trace", not through["traces"], str(through["traces"]))
    for step in server.steps:
        kind, value = through["steps"][step.name]
        if step.kind == "same":
            same = (kind, value) == bare["steps"][step.name]
            check(f"{name}: {step.name}", same, f"{bare['steps'][step.name]} became {(kind, value)}")
        else:
            cure = kind == "refused" and isinstance(value["data"], dict) and value["data"].get("cure")
            check(f"{name}: {step.name}: refused with a cure", bool(cure), f"{kind} {value}")


async def everything(world: World, chosen: argparse.Namespace) -> None:
    for server in world.servers:
        if chosen.server not in (None, server.name):
            continue
        for mode in server.modes:
            bare = {}
            for name, door in doors.DOORS.items():
                if chosen.door in (None, name):
                    await one(world, server, mode, (name, door), bare)


async def one(world: World, server, mode: str, named_door, bare: dict) -> None:
    name, door = named_door
    label = f"{server.name}, {mode}, through {name}"
    without = doors.bare_stdio if name == "wrap" else doors.bare
    try:
        if without not in bare:
            bare[without] = await steps_through(without, world, server, mode)
        through = await steps_through(door, world, server, mode)
        compare(label, server, bare[without], through)
    except BaseException as error:  # noqa: BLE001  a door that falls over is one failed check
        if isinstance(error, KeyboardInterrupt):
            raise
        traceback.print_exc()
        check(label, False, repr(error))


async def guarded(part) -> None:
    """A part that falls over is one failed check, not the end of the run."""
    try:
        await part
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        check(part.__name__, False, repr(error))


@contextlib.contextmanager
def listening(server, folder: pathlib.Path):
    """The HTTP form of a server, while the block runs."""
    port = server.url.split(":")[2].split("/")[0]
    with open(folder / "modern.log", "wb") as log:
        command = [*server.command[:-1], port]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < end:
                with socket.socket() as sock:
                    if sock.connect_ex(("127.0.0.1", int(port))) == 0:
                        break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


async def ending(world: World) -> None:
    """Ends the agent while two clients are connected: neither gets anything through after it."""
    server = world.servers[0]
    step = server.steps[0]
    async with (
        doors.direct(world, server, "legacy") as straight,
        doors.connect_stdio(world, server, "legacy") as helped,
    ):
        for client in (straight, helped):
            kind, _ = await outcome(step, client)
            check("before the end, a call goes through", kind == "result")
        receipt = world.run("agent", "terminate", "--client", CLIENT, AGENT, "--reason", "the test is over")
        check("ending gives a receipt", bool(receipt), json.dumps(receipt))
        for name, client in (("direct", straight), ("connect (stdio)", helped)):
            kind, told = await outcome(step, client)
            check(f"after the end, nothing goes through {name}", kind == "refused", f"{told}")


def books(world: World, folder: pathlib.Path) -> None:
    """After it all: every call is on record, and the ledger verifies from its export alone."""
    calls = world.run("call", "list", "--client", CLIENT)
    check("calls are on record", bool(calls.get("calls")), json.dumps(calls))
    export = folder / "export"
    world.run("ledger", "export", "--tenant", CLIENT, str(export))
    told = world.run("ledger", "verify", str(export))
    check("the exported ledger verifies offline", bool(told), json.dumps(told))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, required=True)
    parser.add_argument("--door", choices=list(doors.DOORS))
    parser.add_argument("--server")
    chosen = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-real-"))
    node = chosen.node.resolve()
    behind = [
        servers.everything(node),
        servers.filesystem(node, folder / "files"),
        servers.memory(node, folder),
        servers.modern(free_port(), folder),
    ]
    world = World(chosen.writ.resolve(), folder / "writ", behind)
    try:
        world.enroll("real")
        with listening(behind[-1], folder):
            asyncio.run(everything(world, chosen))
        asyncio.run(guarded(ending(world)))
        books(world, folder)
    finally:
        world.stop()
        if FAILED:
            print((folder / "writ" / "up.log").read_text()[-4000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
