"""Programs that nobody configured are let in by a person, in a real Chromium with a passkey: from the first 401 to a served call, a
refresh, and the end. The program is written with the official TypeScript SDK, which does OAuth and DPoP by itself; then the
conformance suite's own scenarios for authorization servers run against the desk.

The suite's client proves no key, and a token without one is given to nobody: for it, a door before the desk adds the proof to its
one request for a token, as `writ connect` adds it for clients that cannot. Everything else passes that door as it is.

    consent.py --writ target/release/writ [--node target/real/npm] [--chromium PATH]
"""

import argparse
import asyncio
import json
import pathlib
import sys
import tempfile
import urllib.parse

import httpx2
import uvicorn
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import house
import signer
from conformance import FIXTURES, behind, installed, running
from conformance_suite import Suite, saved
from dpop import Key
from house import check, sign_in
from people import Person
from world import AGENT, CLIENT, World, free_port

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
PROGRAM, SUITE = "night-report", "conformance"
SECONDS = 60


class Door:
    """The desk's public address. A request for a token that carries no proof goes on with one of the door's own key."""

    def __init__(self) -> None:
        self.port, self.key, self.desk = free_port(), Key(), ""
        self.url, self.added = f"http://127.0.0.1:{self.port}", 0

    async def __aenter__(self) -> "Door":
        self.http = httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False)
        app = Starlette(routes=[Route("/{path:path}", self.carry, methods=["GET", "POST"])])
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_) -> None:
        self.server.should_exit = self.server.force_exit = True
        await self.serving
        await self.http.aclose()

    async def carry(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length", "connection")}
        headers["host"] = f"127.0.0.1:{self.port}"
        target = self.desk + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body, nonce = await request.body(), None
        bare = request.url.path == "/oauth/token" and "dpop" not in headers
        for _ in range(2):
            if bare:
                headers["dpop"] = self.key.proof("POST", f"{self.url}/oauth/token", nonce, None)
            answer = await self.http.request(request.method, target, headers=headers, content=body)
            nonce = answer.headers.get("dpop-nonce")
            if not (bare and answer.status_code == 400 and "use_dpop_nonce" in answer.text):
                break
        self.added += bare
        kept = [(name, value) for name, value in answer.headers.items() if name not in ("content-length", "connection", "transfer-encoding")]
        out = Response(answer.content, answer.status_code)
        for name, value in kept:
            out.headers[name] = value
        return out


class Guarded(World):
    """A running Writ whose issuer is the door."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path, servers: list, door: Door) -> None:
        self.door = door
        super().__init__(writ, folder, servers)

    def configuration(self) -> str:
        self.door.desk = self.desk
        words = super().configuration().replace("\n\n[gateway]", f'\nissuer = "{self.door.url}"\n\n[gateway]', 1)
        clients = "".join(
            f'[[oauth.client]]\nid = "{name}"\nname = "{name}"\nredirect_uris = ["http://127.0.0.1/callback"]\n'
            for name in (PROGRAM, SUITE)
        )
        return f"{words}\n[oauth]\n{clients}"


class Program:
    """`consent_client.mjs`, as somebody runs it."""

    def __init__(self, suite: Suite, url: str) -> None:
        self.command = [str(suite.node), str(HERE / "consent_client.mjs"), str(suite.folder), url, PROGRAM, str(free_port())]

    async def start(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self.command, stdin=pipe, stdout=pipe)

    async def says(self) -> dict:
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        return json.loads(line) if line.strip() else {"failed": "it ended without a word"}

    async def does(self, command: str) -> dict:
        self.process.stdin.write(f"{command}\n".encode())
        await self.process.stdin.drain()
        return await self.says()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


async def answer(june: Person, to: str, choice: str, wait: int = 10000) -> bool:
    """Opens what a program asks for, signing in if need be, and answers it; whether the browser came back to the program."""
    await june.go(to)
    if not await june.at("/consent", 3000):
        await june.press("Sign in")
    if not await june.at("/consent"):
        return False
    await june.page.get_by_label(choice).first.check()
    await june.press("Answer")
    return await june.at("/callback", wait)


READS = """async ([url, how]) => {
    try { const answer = await fetch(url, how); return [answer.status, (await answer.text()).length > 0] } catch (fault) { return String(fault) }
}"""


async def elsewhere(world: Guarded, june: Person, origin: str) -> None:
    """What a page of another site may read, asked by the browser that the person is signed in with."""
    page = await june.context.new_page()
    await page.goto(origin)
    form = {"content-type": "application/x-www-form-urlencoded"}
    token = {"method": "POST", "headers": {**form, "dpop": "x"}, "body": "grant_type=client_credentials"}
    for path, how in (("/.well-known/oauth-authorization-server", {}), ("/oauth/jwks", {}), ("/oauth/token", token)):
        told = await page.evaluate(READS, [world.desk + path, how])
        check(f"a client in a browser reads {path}", isinstance(told, list) and told[1], told)
    told = await page.evaluate(READS, [world.desk + "/oauth/jwks", {"credentials": "include"}])
    check("not with a session", "Failed to fetch" in told, told)
    for path, how in (
        ("/oauth/introspect", {"method": "POST", "headers": form, "body": "token=x"}),
        ("/oauth/revoke", {"method": "POST", "headers": {**form, "dpop": "x"}, "body": "token=x"}),
        ("/api/v1/status", {}),
        ("/clients", {}),
    ):
        told = await page.evaluate(READS, [world.desk + path, how])
        check(f"nothing else: {path}", "Failed to fetch" in told, told)
    await page.close()


async def connected(world: Guarded, june: Person) -> str:
    """The page *Connections*, on a phone; its text."""
    await june.page.set_viewport_size({"width": 390, "height": 844})
    await june.go(f"/clients/{CLIENT}/connections")
    over = await june.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check("the page of connections fits a phone", over <= 0, over)
    return await june.text()


async def program(world: Guarded, suite: Suite, june: Person, origin: str) -> None:
    url = f"{world.gateway}/mcp/notes"
    one = Program(suite, url)
    await one.start()
    try:
        asks = await one.says()
        if not check("a program that has nothing sends a person to the desk", "go" in asks, asks):
            return
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asks["go"]).query))
        check("it asks for that server's address and scope", (query["resource"], query.get("scope")) == (url, "mcp:notes"), query)
        await june.go(asks["go"])
        check("the person is asked to sign in first", await june.at("/sign-in"), june.page.url)
        came = await answer(june, asks["go"], f"{AGENT} of Harbor Books")
        check("the answer comes back to the program", came, f"{june.page.url} {await june.text()}")
        has = await one.says()
        check("it has a token for its key, and lists tools", has.get("type") == "DPoP" and has.get("tools", 0) > 0, has)
        check("for that server, with a refresh token", has.get("scope") == "mcp:notes" and has.get("refresh"), has)
        told = await one.does("call")
        check("a call is served", "said" in told and told["said"], told)
        told = await one.does("spoil")
        check("without its access token it refreshes and goes on", bool(told.get("said")) and told.get("turned"), told)
        shown = json.dumps(world.run("agent", "show", "--client", CLIENT, AGENT))
        check("it is a running copy of the agent, under its name", PROGRAM in shown, shown)
        calls = await recorded(world)
        check("its calls are recorded as the agent's", {call["agent_name"] for call in calls} == {AGENT}, calls)
        rows = world.run("consent", "list", "--client", CLIENT)["rows"]
        mine = [row for row in rows if row["name"] == PROGRAM]
        check("the command line lists it", [row["scopes"] for row in mine] == [["mcp:notes"]], rows)
        check("with when it was last used", mine and mine[0]["used"] > mine[0]["since"], rows)
        shown = await connected(world, june)
        check("so does the page", PROGRAM in shown and "notes" in shown, shown)
        await elsewhere(world, june, origin)
        world.run("agent", "hold", "--client", CLIENT, AGENT, "--reason", "Month end")
        told = await one.does("call")
        check("the agent on hold, it is refused", "said" not in told, told)
        shown = await connected(world, june)
        check("and what the person let in is over", PROGRAM not in shown, shown)
    finally:
        await one.stop()


async def recorded(world: Guarded) -> list[dict]:
    """Calls of the tool. Records are written behind: they are asked for until there is one."""
    for _ in range(100):
        calls = world.run("call", "list", "--client", CLIENT)["calls"]
        if named := [call for call in calls if call["name"] == "test_simple_text"]:
            return named
        await asyncio.sleep(0.1)
    return []


async def refused(world: Guarded, suite: Suite, june: Person) -> None:
    one = Program(suite, f"{world.gateway}/mcp/notes")
    await one.start()
    try:
        asks = await one.says()
        went = await answer(june, asks["go"], "None: refuse", 1500)
        link = june.page.get_by_role("link", name="Go back to")
        check("a refusal goes back only when the person says so", not went and await link.count() == 1, june.page.url)
        await link.click()
        told = await one.says()
        check("a person who refuses gives nothing, and the program is told", "the person refused" in told.get("failed", ""), told)
    finally:
        await one.stop()


async def conformance(world: Guarded, door: Door, suite: Suite, june: Person, folder: pathlib.Path) -> None:
    out = folder / "authorization"
    words = ["authorization", "--url", door.url, "--client-id", SUITE, "-o", str(out)]
    pipe = asyncio.subprocess.PIPE
    path = {"PATH": f"{suite.node.parent}:/usr/bin:/bin"}
    process = await asyncio.create_subprocess_exec(
        str(suite.node), str(suite.script), *words, stdout=pipe, stderr=asyncio.subprocess.STDOUT, env=path,
    )
    told = []
    while line := await asyncio.wait_for(process.stdout.readline(), SECONDS):
        told.append(line.decode().strip())
        if told[-1].startswith(f"{door.url}/oauth/authorize?"):
            check("the suite's request is answered", await answer(june, told[-1], f"{AGENT} of Harbor Books"), june.page.url)
    await process.wait()
    found = saved(out)
    check("the suite ran both of its scenarios", len(found) == 2, told[-20:])
    for scenario, one in found.items():
        good = not one.failed() and one.passed() > 0
        check(f"conformance: {scenario}: {one.passed()} passed, {one.failed()} failed", good, one.words)
    check("the door added a proof to the suite's one request for a token", door.added == 1, door.added)


async def story(chosen: argparse.Namespace, folder: pathlib.Path) -> None:
    suite = installed(chosen.node.resolve().parent / "conformance")
    port = free_port()
    command = [sys.executable, str(FIXTURES / "server.py"), str(port)]
    with running(command, port, folder / "server.log"):
        async with Door() as door, async_playwright() as playwright:
            servers = [behind("notes", f"http://127.0.0.1:{port}/mcp")]
            world = await asyncio.to_thread(Guarded, chosen.writ.resolve(), folder / "writ", servers, door)
            try:
                arguments = ["--no-sandbox", "--disable-quic", "--no-first-run"]
                browser = await playwright.chromium.launch(executable_path=chosen.chromium, args=arguments)
                june = await Person.arrive(browser, "June Harbor", world.desk.replace("127.0.0.1", "localhost"))
                device = await june.device()
                await june.bring(device, signer.Passkey.load(world.passkey("June Harbor")), "localhost")
                await conformance_first(world, door, suite, june, (folder, f"http://127.0.0.1:{port}/"))
                await browser.close()
            finally:
                world.stop()


async def conformance_first(world: Guarded, door: Door, suite: Suite, june: Person, where: tuple[pathlib.Path, str]) -> None:
    """The agent is on hold at the end of the program's story, so that comes last."""
    await sign_in(june)
    await conformance(world, door, suite, june, where[0])
    await refused(world, suite, june)
    await june.context.clear_cookies()
    await program(world, suite, june, where[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, default=ROOT / "target/real/npm", help="the suite is beside it")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(chosen, pathlib.Path(folder)))
    return 1 if house.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
