"""Clients of one generation of MCP on servers that speak only the other, through a running gateway.

Servers: the fixture servers of the official TypeScript and Python SDKs, each as one of a single generation. Clients: those of
both SDKs, held to one generation, and the TypeScript SDK of before 2026-07-28, which has no other. What a client gets on a
server of the other generation through the gateway has to be what it gets on one of its own without it. The protocol's own
suite is a client, too: its scenarios of tools, resources, prompts and the like that have a counterpart. Prints one
`ok - …` or `not ok - …` line for each, the table as JSON last; exits 1 if any failed.

    bridge.py --writ target/release/writ [--only clients|suite]
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import servers
from conformance import FIXTURES, ROOT, behind, installed
from conformance_doors import Proof, until_listening
from conformance_suite import Found, Suite
from world import World, free_port

HERE = pathlib.Path(__file__).parent
GENERATIONS = {"session": "2025-11-25", "stateless": "2026-07-28"}
OTHER = {"session": "stateless", "stateless": "session"}
#: Clients, and the generation of each.
CLIENTS = {
    "python, session": "session",
    "python, stateless": "stateless",
    "typescript, session": "session",
    "typescript, stateless": "stateless",
    "typescript 1": "session",
}
#: What the suite asks about, as far as it is not about the wire of one generation.
ABOUT = ("tools-", "resources-", "prompts-", "completion-", "elicitation-", "logging-", "json-schema-", "ping", "caching", "input-required-", "sep-2164")
#: Scenarios of those without a counterpart, and why.
KEYS = "looks for the server's own keys of its questions; a session-based server gives its questions none"
ALONE = {
    "input-required-result-basic-elicitation": KEYS,
    "input-required-result-ignore-extra-params": KEYS,
    "input-required-result-multiple-input-requests": KEYS,
    "input-required-result-non-tool-request": KEYS,
}
#: Steps that cannot be the same, and why.
UNLIKE = {
    ("python, stateless", "python-session", "a changed list"): "this server tells what it did not announce, so nobody is promised it",
}
FAILED = 0


def check(name: str, held: bool, detail: str = "") -> bool:
    global FAILED
    FAILED += not held
    print(f"ok - {name}" if held else f"not ok - {name}: {' '.join(detail.split())[:500]}", flush=True)
    return held


@contextlib.contextmanager
def running(suite: Suite, folder: pathlib.Path):
    """The fixture servers, each of one generation alone; their addresses by name."""
    urls, processes = {}, []
    try:
        for only in GENERATIONS:
            for sdk in ("python", "typescript"):
                port = free_port()
                command = {
                    "python": [sys.executable, str(FIXTURES / "server.py"), str(port)],
                    "typescript": [str(suite.node), str(FIXTURES / "server.mjs"), str(suite.folder), str(port)],
                }[sdk]
                name = f"{sdk}-{only}"
                with (folder / f"{name}.log").open("wb") as log:
                    env = {**os.environ, "ONLY": only}
                    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
                processes.append(process)
                until_listening(port, process)
                urls[name] = f"http://127.0.0.1:{port}/mcp"
        yield urls
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=10)


def steps(suite: Suite, client: str, url: str) -> dict:
    """What a client gets at an address, step by step."""
    sdk, _, kind = client.partition(", ")
    if sdk == "python":
        command = [sys.executable, str(HERE / "bridge_steps.py"), url, kind]
    else:
        command = [str(suite.node), str(HERE / "bridge_client.mjs"), str(suite.folder), url, kind or "v1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    lines = done.stdout.strip().splitlines()
    if not lines:
        return {"the client": f"failed: {done.stderr[-300:]}"}
    return json.loads(lines[-1])


def clients(suite: Suite, world: World, urls: dict, table: dict) -> None:
    for client, own in CLIENTS.items():
        for sdk in ("python", "typescript"):
            server = f"{sdk}-{OTHER[own]}"
            straight = steps(suite, client, urls[f"{sdk}-{own}"])
            with Proof(world, server) as door:
                through = steps(suite, client, door.url)
            rows = {}
            for name in {**straight, **through}:
                if why := UNLIKE.get((client, server, name)):
                    print(f"note - client {client}, server {server}: {name}: {why}", flush=True)
                    continue
                one, two = straight.get(name), through.get(name)
                good = one == two and not str(two).startswith("failed")
                rows[name] = check(f"client {client}, server {server}: {name}", good, f"straight {one}, through {two}")
            table[f"{client} on {server}"] = summed(rows)


def suites(suite: Suite, world: World, urls: dict, table: dict) -> None:
    for own, revision in GENERATIONS.items():
        for sdk in ("python", "typescript"):
            server = f"{sdk}-{OTHER[own]}"
            straight = suite.server(urls[f"{sdk}-{own}"], revision)
            with Proof(world, server) as door:
                through = suite.server(door.url, revision)
            rows = {}
            for name in sorted({*straight, *through}):
                if name.startswith(ABOUT) and name not in ALONE:
                    good, why = same(straight.get(name), through.get(name))
                    rows[name] = check(f"suite {revision}, server {server}: {name}", good, why)
            table[f"suite {revision} on {server}"] = summed(rows)


def same(bare: Found | None, through: Found | None) -> tuple[bool, str]:
    if bare is None or through is None:
        return False, f"run only {'straight' if through is None else 'through the gateway'}"
    lost = [(key, count) for key, count in (bare.checks - through.checks).items()]
    new = [(*key, through.words[key]) for key in through.checks - bare.checks]
    return bare.checks == through.checks, f"straight {lost}, through {new}"


def summed(rows: dict[str, bool]) -> dict:
    return {
        "same": sum(rows.values()),
        "of": len(rows),
        "differ": sorted(name for name, good in rows.items() if not good),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, default=ROOT / "target/real/npm", help="the suite goes beside it")
    parser.add_argument("--only", choices=["clients", "suite"])
    chosen = parser.parse_args()
    suite = installed(chosen.node.resolve().parent / "conformance")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-bridge-"))
    table: dict[str, dict] = {}
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(running(suite, folder))
        listed: list[servers.Server] = [behind(name, url) for name, url in urls.items()]
        world = World(chosen.writ.resolve(), folder / "writ", listed)
        stack.callback(world.stop)
        if chosen.only in (None, "clients"):
            clients(suite, world, urls, table)
        if chosen.only in (None, "suite"):
            suites(suite, world, urls, table)
    if FAILED:
        print(f"{FAILED} not ok; logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(table))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
