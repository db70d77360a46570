"""A real Envoy that asks a real Writ before anything goes on, in front of a real HTTP server and a real MCP server.

What is granted passes and reaches the server; what is not, what is cut, forged, too large, of an agent that is ended, or
sent while Writ does not run, does not. Prints one `ok - …` or `not ok - …` line a check, and figures as JSON last; exits 1
if any failed.

    envoy.py --writ target/release/writ [--envoy target/real/venv/bin/envoy]

Never here: a body that only looks like one. To add a road: its asker in `asker`, its listener in `configuration`.
"""

import argparse
import asyncio
import json
import pathlib
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from dpop import Agent
from world import AGENT, CLIENT, World, free_port

HERE = pathlib.Path(__file__).parent
FAILED = 0
FIGURES: dict = {}
MOST, CUT = 64 << 10, 64
LISTENERS = ("open", "shop", "cut", "tools")


def check(name: str, held: bool, detail: object = "") -> bool:
    global FAILED
    FAILED += not held
    print(f"ok - {name}" if held else f"not ok - {name}: {' '.join(str(detail).split())[:400]}", flush=True)
    return held


class Shop:
    """An HTTP server that remembers what reached it."""

    def __init__(self) -> None:
        self.port, self.seen = free_port(), []
        methods = ["GET", "POST", "PUT", "DELETE"]
        app = Starlette(routes=[Route("/{rest:path}", self.serve, methods=methods)])
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    async def serve(self, request):
        body = await request.body()
        self.seen.append((request.method, request.url.path, dict(request.headers), body))
        return JSONResponse({"served": request.url.path, "bytes": len(body)})

    def __enter__(self):
        self.thread.start()
        wait(lambda: self.server.started, "the HTTP server")
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(10)


def wait(held, what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not held():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come up")
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Guarded(World):
    """A Writ whose operator's file lets Envoy ask, as an agent of its own."""

    def asked_by(self, folder: pathlib.Path, ports: dict[str, int]) -> str:
        at = ["--client", CLIENT]
        self.run("agent", "propose", *at, "--name", "edge-envoy", "--purpose", "Asks before it lets through.")
        people = ["--authorizer", "June Harbor", "--auditor", "Ivo Brandt", "--terminator", "Mara Lind"]
        self.run("agent", "account", *at, "edge-envoy", *people, "--terminator", "June Harbor")
        self.run("agent", "activate", *at, "edge-envoy")
        Agent(self.desk, self.run("agent", "offer", *at, "edge-envoy")["code"], "envoy")
        for server in ("shop", "till"):
            self.give("edge-envoy", "decisions", server)
        self.give(AGENT, "shop", "GET", "/resource/id one_of /todos,/todos/{todoId}")
        self.give(AGENT, "shop", "POST", "/resource/id one_of /orders", "/context/body/amount at_most 100")
        self.give(AGENT, "till", "balance")
        key = secrets.token_urlsafe(48)
        (self.data / "edge.key").write_text(key + "\n")
        (self.data / "edge.key").chmod(0o600)
        tenant = next(one["tenant"] for one in self.run("client", "list") if one["slug"] == CLIENT)
        self.restart(folder, self.asker(tenant, ports))
        return key

    def give(self, agent: str, server: str, tool: str, *rules: str) -> None:
        words = ["grant", "give", "--client", CLIENT, "--agent", agent, "--server", server, "--tool", tool]
        for rule in rules:
            words += ["--where", rule]
        self.run(*words, "--reason", "daily work")

    @staticmethod
    def asker(tenant: str, ports: dict[str, int]) -> str:
        shop = 'paths = ["/todos", "/todos/{todoId}", "/orders"]\nbody = true'
        roads = [("shop", "shop", shop), ("cut", "shop", shop), ("tools", "till", "mcp = true")]
        lines = [f'[[asker]]\nname = "edge"\nclient = "{tenant}"\nagent = "edge-envoy"\nkey_file = "edge.key"\n']
        for name, server, carries in roads:
            origin = f"http://127.0.0.1:{ports[name]}"
            lines.append(f'[[asker.road]]\nname = "{name}"\nserver = "{server}"\norigin = "{origin}"\n{carries}\n')
        return "\n".join(lines)

    def restart(self, folder: pathlib.Path, more: str) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        with (self.data / "writ.toml").open("a") as file:
            file.write("\n" + more)
        (self.data / "server.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [str(self.writ), "up", "--data", str(self.data)], stdout=self.log, stderr=subprocess.STDOUT
        )
        self.wait(folder / "up.log")


class Caller(Agent):
    """An agent whose tokens are for Writ's gateway as a whole, and its proofs for whatever address it calls."""

    def __init__(self, world: World) -> None:
        super().__init__(world.desk, world.code(), "behind envoy")
        self.umbrella = f"{world.gateway}/mcp"

    def token(self, resource: str) -> str:
        return super().token(self.umbrella)


def configuration(ports: dict[str, int], upstreams: dict[str, int], key: str) -> str:
    def filled(file: str, words: dict[str, object]) -> str:
        text = (HERE / file).read_text()
        for name, value in words.items():
            text = text.replace("{{" + name + "}}", str(value))
        return text

    guarded = ""
    for name, upstream, most, partial in (("shop", "shop", MOST, "false"), ("cut", "shop", CUT, "true"), ("tools", "till", MOST, "false")):
        words = {"name": name, "port": ports[name], "upstream": upstream, "most": most, "partial": partial}
        guarded += filled("envoy_guarded.yaml", {**words, "road": name, "key": key, "writ": upstreams["writ"]})
    clusters = ""
    for name, port in upstreams.items():
        at = f"endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}"
        clusters += f"  - name: {name}\n    type: STATIC\n    connect_timeout: 1s\n    load_assignment:\n"
        clusters += f"      cluster_name: {name}\n      endpoints: [{{ lb_endpoints: [{{ {at} }}] }}]\n"
    return filled("envoy.yaml", {"open": ports["open"], "guarded": guarded, "clusters": clusters})


class Envoy:
    def __init__(self, program: pathlib.Path, folder: pathlib.Path, text: str, ports: dict[str, int]) -> None:
        self.file, self.log = folder / "envoy.yaml", open(folder / "envoy.log", "wb")
        self.file.write_text(text)
        self.command = [str(program), "-c", str(self.file), "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
        self.ports = ports

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            wait(lambda: self.process.poll() is not None or all(map(listens, self.ports.values())), "Envoy")
            if self.process.poll() is not None:
                raise RuntimeError("Envoy did not start: " + (self.file.parent / "envoy.log").read_text()[-2000:])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()


def said(answer: httpx2.Response) -> str:
    """The code of an answer's reason."""
    try:
        told = answer.json()
    except ValueError:
        return answer.text.split(":")[0]
    return (told.get("context") or told.get("error", {}).get("data") or {}).get("code", "")


def shopping(shop: Shop, at: dict[str, str], agent: Caller) -> None:
    http = httpx2.Client(auth=agent, timeout=30)
    before = len(shop.seen)
    answer = http.get(f"{at['shop']}/todos/7?full=1")
    check("a permitted GET reaches the server", answer.status_code == 200 and len(shop.seen) == before + 1, answer.text)
    headers = shop.seen[-1][2] if len(shop.seen) > before else {}
    check("which is told the call's record", headers.get("writ-call-id", "").startswith("cal_"), headers)
    check("and no key", "writ-key" not in headers, headers)
    answer = http.post(f"{at['shop']}/orders", json={"amount": 99.5})
    reached = shop.seen[-1][3] if shop.seen else b""
    check("a permitted POST reaches it with its body", answer.status_code == 200 and json.loads(reached or "{}") == {"amount": 99.5}, answer.text)
    FIGURES["permitted"] = len(shop.seen) - before
    before, refused = len(shop.seen), 0
    bad = {
        "a method that is not granted": (lambda: http.delete(f"{at['shop']}/todos/7"), 403, "DENY-0011"),
        "a path that no template has": (lambda: http.get(f"{at['shop']}/users/1"), 403, "GATE-0154"),
        "a body that breaks a condition": (lambda: http.post(f"{at['shop']}/orders", json={"amount": 101}), 403, "DENY-0012"),
        "a key that stands twice": (lambda: raw(http, f"{at['shop']}/orders", b'{"amount":1,"amount":900}'), 400, "GATE-0009"),
        "a body that is no JSON": (lambda: raw(http, f"{at['shop']}/orders", b"amount=1"), 400, "GATE-0008"),
        "a POST without a body": (lambda: http.post(f"{at['shop']}/orders"), 403, "GATE-0156"),
        "a body larger than Envoy takes": (lambda: http.post(f"{at['shop']}/orders", json={"amount": 1, "x": "x" * MOST}), 413, None),
        "a body that Envoy cut": (lambda: http.post(f"{at['cut']}/orders", json={"amount": 1, "x": "x" * CUT}), 403, "GATE-0156"),
        "a cut body that says it is whole": (
            lambda: http.post(f"{at['cut']}/orders", json={"amount": 1, "x": "x" * CUT}, headers={"x-envoy-auth-partial-body": "false"}),
            403, "GATE-0156",
        ),
        "no token": (lambda: httpx2.get(f"{at['shop']}/todos"), 401, "GATE-0080"),
        "a bearer token": (lambda: httpx2.get(f"{at['shop']}/todos", headers={"Authorization": "Bearer x"}), 401, "GATE-0082"),
        "a token without its proof": (lambda: httpx2.get(f"{at['shop']}/todos", headers={"Authorization": f"DPoP {agent.token('')}"}), 401, None),
    }
    for name, (act, status, code) in bad.items():
        answer = act()
        held = answer.status_code == status and code in (None, said(answer))
        refused += check(f"{name} is refused", held, (answer.status_code, answer.text))
    for path in ("/todos/../orders", "//todos", "/todos/%2e%2e/orders", "/todos/a%2fb", "/todos/;a"):
        status = line(at["shop"], path, agent)
        refused += check(f"the path {path} is refused", status in (400, 403), status)
    forged = http.get(f"{at['shop']}/todos", headers={"writ-key": "wrong", "writ-agent": "agt_somebody"})
    check("a forged key of the caller's changes nothing", forged.status_code == 200, forged.text)
    seen = shop.seen[-1][2] if shop.seen else {}
    check("nor does a forged name reach the server", seen.get("writ-agent", "").split(",")[-1].strip() != "agt_somebody", seen)
    FIGURES["refused"] = refused
    check("nothing that was refused reached the server", len(shop.seen) == before + 1, shop.seen[before:])


def raw(http: httpx2.Client, url: str, body: bytes) -> httpx2.Response:
    return http.post(url, content=body, headers={"Content-Type": "application/json"})


def line(origin: str, path: str, agent: Caller) -> int:
    """A path as no client library would write it, with good proofs for exactly that."""
    nonce = agent.nonces.get(origin)
    for _ in range(2):
        token = agent.token("")
        proof = agent.key.proof("GET", origin + "/", nonce, token)
        # The library would tidy the path in the proof up too.
        claims = json.loads(_payload(proof))
        claims["htu"] = origin + path
        proof = agent.key.sign({"typ": "dpop+jwt", "jwk": agent.key.jwk}, json.dumps(claims).encode())
        host, port = origin[7:].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: DPoP {token}\r\nDPoP: {proof}\r\nConnection: close\r\n\r\n"
            sock.sendall(head.encode())
            told = b""
            while piece := sock.recv(65536):
                told += piece
        status = int(told.split()[1])
        fresh = [part.split(b":", 1)[1].strip().decode() for part in told.split(b"\r\n") if part.lower().startswith(b"dpop-nonce:")]
        if status != 401 or not fresh:
            return status
        nonce = fresh[0]
    return 0


def _payload(proof: str) -> bytes:
    import base64

    part = proof.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def tooling(at: dict[str, str], agent: Caller, done: pathlib.Path) -> None:
    async with httpx2.AsyncClient(auth=agent, timeout=30) as http:
        for mode in ("legacy", "2026-07-28"):
            transport = streamable_http_client(f"{at['tools']}/mcp", http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=30) as client:
                tools = {tool.name for tool in (await client.list_tools()).tools}
                check(f"MCP {client.protocol_version}: a list passes", "balance" in tools, tools)
                result = await client.call_tool("balance", {})
                check(f"MCP {client.protocol_version}: a granted tool answers", "12,406.10" in str(result), result)
                try:
                    result = await client.call_tool("share_list", {"recipient": "eve@evil.example"})
                    refused, told = False, result
                except MCPError as error:
                    refused, told = True, error
                except BaseException as error:  # noqa: BLE001  clients differ in what a 403 is to them
                    refused, told = True, error
                check(f"MCP {mode}: a tool that is not granted is refused", refused and not done.exists(), told)


def pace(at: dict[str, str], agent: Caller) -> None:
    http, times = httpx2.Client(auth=agent, timeout=30), {"open": [], "shop": []}
    for _ in range(100):
        for name in times:
            begun = time.perf_counter()
            http.get(f"{at[name]}/todos")
            times[name].append((time.perf_counter() - begun) * 1000)
    for name, all_ in times.items():
        FIGURES[f"ms_p50_{'without' if name == 'open' else 'with'}_writ"] = round(statistics.median(all_), 2)


def ending(world: Guarded, shop: Shop, at: dict[str, str], agent: Caller) -> None:
    http = httpx2.Client(auth=agent, timeout=30)
    check("before the end it passes", http.get(f"{at['shop']}/todos").status_code == 200)
    stop, until = threading.Event(), {"last": 0.0}

    def load() -> None:
        busy = httpx2.Client(auth=agent, timeout=30)
        while not stop.is_set():
            try:
                if busy.get(f"{at['shop']}/todos").status_code == 200:
                    until["last"] = time.perf_counter()
            except RuntimeError:
                return

    thread = threading.Thread(target=load)
    thread.start()
    world.run("agent", "terminate", "--client", CLIENT, AGENT, "--reason", "the test is over")
    ended = time.perf_counter()
    time.sleep(1)
    stop.set()
    thread.join(30)
    late = max(0.0, until["last"] - ended)
    FIGURES["passed_after_the_end_s"] = round(late, 3)
    check("an agent that is ended is refused within a second", late < 1, late)
    before = len(shop.seen)
    try:
        status = http.get(f"{at['shop']}/todos").status_code
    except RuntimeError as error:
        status = f"no token any more: {error}"
    check("and nothing of it passes afterwards", status != 200 and len(shop.seen) == before, status)


def silence(world: Guarded, shop: Shop, at: dict[str, str], agent: Caller) -> None:
    """Writ does not run: Envoy has nobody to ask. The token is still good for a while."""
    token = agent.token("")
    world.process.terminate()
    world.process.wait(timeout=20)
    before, statuses = len(shop.seen), []
    for method, path in (("GET", "/todos"), ("POST", "/orders"), ("GET", "/users")):
        headers = {"Authorization": f"DPoP {token}", "DPoP": agent.key.proof(method, at["shop"] + path, agent.nonces.get(at["shop"]), token)}
        statuses.append(httpx2.request(method, at["shop"] + path, headers=headers, json={"amount": 1}, timeout=30).status_code)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    statuses.append(httpx2.post(f"{at['tools']}/mcp", json=body, timeout=30).status_code)
    FIGURES["while_writ_does_not_run"] = statuses
    held = all(status >= 400 for status in statuses) and len(shop.seen) == before
    check("while Writ does not run, nothing passes", held, statuses)


def everything(chosen: argparse.Namespace, folder: pathlib.Path, world: Guarded) -> None:
    ports = {name: free_port() for name in LISTENERS}
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    key = world.asked_by(folder / "writ", ports)
    done, till = folder / "done.ndjson", free_port()
    with Shop() as shop, open(folder / "till.log", "wb") as log:
        server = subprocess.Popen([sys.executable, str(HERE / "till_server.py"), str(done), str(till)], stdout=log, stderr=log)
        try:
            wait(lambda: listens(till), "the MCP server")
            upstreams = {"shop": shop.port, "till": till, "writ": int(world.gateway.rsplit(":", 1)[1])}
            with Envoy(chosen.envoy.resolve(), folder, configuration(ports, upstreams, key), ports):
                agent = Caller(world)
                shopping(shop, at, agent)
                asyncio.run(tooling(at, agent, done))
                pace(at, agent)
                # Records come into the lake a moment after their answers.
                begun, effects = time.perf_counter(), set()
                while not effects >= {"allowed", "blocked"} and time.perf_counter() - begun < 30:
                    calls = world.run("call", "list", "--client", CLIENT, "--limit", "500")["calls"]
                    effects = {one["effect"] for one in calls}
                FIGURES["records"] = len(calls)
                check("what passed and what did not is on record", effects >= {"allowed", "blocked"}, calls[:1])
                ending(world, shop, at, agent)
                silence(world, shop, at, agent)
        finally:
            server.terminate()
            server.wait(timeout=10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, help="what the suite gives every script; nothing of it is used here")
    parser.add_argument("--envoy", type=pathlib.Path, default=pathlib.Path(sys.executable).parent / "envoy")
    chosen = parser.parse_args()
    if not chosen.envoy.exists():
        print("# LEFT OUT: everything; there is no Envoy (tests-real/requirements-bench.txt pins it)", flush=True)
        print(json.dumps({"failed": 0, "left_out": "envoy"}))
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-envoy-"))
    world = Guarded(chosen.writ.resolve(), folder / "writ", [])
    try:
        everything(chosen, folder, world)
    except Exception:  # noqa: BLE001  what falls over is one failed check
        check("the run", False, traceback.format_exc())
    finally:
        world.stop()
        if FAILED:
            for name in ("writ/up.log", "envoy.log"):
                if (folder / name).exists():
                    print((folder / name).read_text()[-3000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"failed": FAILED, **FIGURES}))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
