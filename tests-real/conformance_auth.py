"""The `auth` group of the protocol's conformance suite against Writ as the OAuth client: each scenario's server is entered
by the gateway itself, with a token that it or a person's consent got from the scenario's authorization server.

    conformance_auth.py --writ target/release/writ [--only SCENARIO…]

Prints one `ok - …` or `not ok - …` line a scenario and revision, and what was found as JSON last; exits 1 if any failed.
The suite starts `conformance_auth.py --play FOLDER URL` for each: an operator's file with that URL, a running Writ, an
agent that lists and calls, and, where a refusal says that an account has to be connected, a person who follows the link.

Never here: OAuth. What the gateway does not do by itself fails.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

import httpx2

HERE = pathlib.Path(__file__).parent
SERVER = "guarded"
#: How often a person connects an account in one scenario before they give up: what the suite itself allows.
CONSENTS = 3
START_SECONDS = 30
#: For one scenario: a Writ is started and stopped in it.
TIMEOUT_MS = 60_000
DOCUMENT = "https://conformance-test.local/client-metadata.json"
FAILED = 0


def check(name: str, held: bool, detail: str = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(detail.split())[:600]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


# What the suite starts.


class Site:
    """The prepared Writ of a folder, started with this scenario's server."""

    def __init__(self, folder: pathlib.Path, url: str) -> None:
        known = json.loads((folder / "site.json").read_text())
        self.folder, self.writ, self.data = folder, known["writ"], folder / "data"
        self.desk, self.gateway, self.client, self.agent = (known[key] for key in ("desk", "gateway", "client", "agent"))
        context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
        file = [f'[desk]\nlisten = "{self.desk[7:]}"\n[gateway]\nlisten = "{self.gateway[7:]}"']
        file += [f'[[server]]\nname = "{SERVER}"\nurl = "{url}"\n[server.auth]\nallow_private = true']
        file += [f"{key} = {json.dumps(value)}" for key, value in self.auth(url, context).items()]
        (self.data / "writ.toml").write_text("\n".join(file) + "\n")

    def auth(self, url: str, context: dict) -> dict:
        """What an operator who was told the same as the suite's client writes."""
        if "client_id" not in context:
            return {"grant": "code", "client_document": DOCUMENT}
        auth = {"grant": "code", "client_id": context["client_id"], "issuer": context.get("issuer") or issuer(url)}
        if "client_secret" in context:
            auth["client_secret_file"] = self.file("client.secret", context["client_secret"])
        if "issuer" not in context:
            auth["grant"] = "client_credentials"
        if "private_key_pem" in context:
            auth["client_key_file"] = self.file("client.pem", context["private_key_pem"])
        if "valid_jwt" in context:
            auth |= {"grant": "workload", "word_file": self.file("workload.jwt", context["valid_jwt"])}
        if "idp_id_token" in context:
            auth |= {
                "grant": "enterprise", "word_file": self.file("id-token.jwt", context["idp_id_token"]),
                "idp_token_endpoint": context["idp_token_endpoint"], "idp_client_id": context["idp_client_id"],
            }
        return auth

    def file(self, name: str, text: str) -> str:
        path = self.data / name
        path.touch(mode=0o600)
        path.write_text(text)
        return name

    def __enter__(self):
        (self.data / "server.json").unlink(missing_ok=True)
        self.log = open(self.folder / "up.log", "ab")
        self.process = subprocess.Popen([self.writ, "up", "--data", str(self.data)], stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while not (self.data / "server.json").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"writ up did not start: {(self.folder / 'up.log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()

    def run(self, *words: str) -> dict:
        command = [self.writ, *words, "--data", str(self.data), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def connect(self) -> None:
        """A person on this machine asks for the link and opens it; the suite's authorization server consents at once."""
        link = self.run("upstream", "connect", SERVER, "--client", self.client, "--agent", self.agent)["url"]
        token = (self.data / "cli.token").read_text().strip()
        with httpx2.Client(timeout=30) as http:
            there = http.get(link, headers={"authorization": f"Bearer {token}"})
            if there.status_code != 303:
                raise RuntimeError(f"the link does not lead on: {there.status_code} {there.text}")
            back = http.get(there.headers["location"])
            if back.status_code not in (302, 303, 307):
                raise RuntimeError(f"the authorization server does not lead back: {back.status_code} {back.text}")
            done = http.get(back.headers["location"])
            if done.status_code != 200:
                raise RuntimeError(f"not connected: {done.status_code} {done.text}")


def issuer(url: str) -> str:
    """What an operator knows of a server: who lets people in there."""
    at = urllib.parse.urlsplit(url)
    place = f"{at.scheme}://{at.netloc}/.well-known/oauth-protected-resource{at.path}"
    return httpx2.get(place, timeout=30).json()["authorization_servers"][0]


def messages(revision: str) -> list[tuple[str, dict | None]]:
    """What an ordinary client of this revision does: says hello, lists, calls."""
    call = {"name": "test-tool", "arguments": {}}
    if revision == "2026-07-28":
        return [("tools/list", {}), ("tools/call", call)]
    hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "auth", "version": "1"}}
    return [("initialize", hello), ("notifications/initialized", None), ("tools/list", {}), ("tools/call", call)]


def sent(http: httpx2.Client, url: str, revision: str, number: int, method: str, params: dict | None) -> httpx2.Response:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    message = {"jsonrpc": "2.0", "method": method}
    if revision == "2026-07-28":
        spoken = {"io.modelcontextprotocol/protocolVersion": revision}
        spoken |= {"io.modelcontextprotocol/clientInfo": {"name": "auth", "version": "1"}}
        params = {**params, "_meta": {**spoken, "io.modelcontextprotocol/clientCapabilities": {}}}
        headers |= {"mcp-protocol-version": revision, "mcp-method": method}
        headers |= {"mcp-name": params["name"]} if "name" in params else {}
    elif method != "initialize":
        headers["mcp-protocol-version"] = revision
    if params is not None:
        message |= {"id": number, "params": params}
    return http.post(url, json=message, headers=headers)


def play(folder: pathlib.Path, url: str) -> int:
    from dpop import Agent

    revision = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"]
    with Site(folder, url) as site:
        code = site.run("agent", "offer", "--client", site.client, site.agent)["code"]
        agent, consents = Agent(site.desk, code, "auth"), 0
        with httpx2.Client(auth=agent, timeout=60) as http:
            for number, (method, params) in enumerate(messages(revision)):
                while True:
                    answer = sent(http, f"{site.gateway}/mcp/{SERVER}", revision, number, method, params)
                    print(method, answer.status_code, answer.text[:600])
                    missing = re.search(r"GATE-014[03]", answer.text)
                    if not missing or consents == CONSENTS:
                        break
                    consents += 1
                    site.connect()
                if answer.status_code >= 400 or "GATE-" in answer.text:
                    return 1
    return 0


# What a person starts.


def prepared(writ: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A client with an agent that may use everything of the server, and nothing running."""
    import servers
    from world import AGENT, CLIENT, World

    everything = [servers.grant(surface, "*") for surface in ("tool", "prompt", "resource")]
    behind = servers.Server(name=SERVER, command=[], grants=everything, tools=set(), steps=[], url="http://127.0.0.1:1/mcp")
    world = World(writ, folder, [behind])
    world.stop()
    site = {"writ": str(writ), "desk": world.desk, "gateway": world.gateway, "client": CLIENT, "agent": AGENT}
    (folder / "site.json").write_text(json.dumps(site))
    return folder


def applicable(suite) -> list[tuple[str, str]]:
    """Every scenario of the group with each revision that it is of; extensions with the newest."""
    told, found = suite.run("list", "--client"), []
    for line in told.splitlines():
        if one := re.match(r"\s+- (auth/\S+) \[(.+)\]", line):
            revisions = one[2].split(",")
            found += [(one[1], "extension" if revision == "extension" else revision) for revision in revisions]
    return found


def played(suite, command: list[str], scenario: str, revision: str):
    """One scenario. An extension is on no revision's timeline: the suite chooses one."""
    from conformance_suite import Found, saved

    chosen = [] if revision == "extension" else ["--spec-version", revision]
    words = ["client", "--command", " ".join(command), "--scenario", scenario, "--timeout", str(TIMEOUT_MS), *chosen]
    with tempfile.TemporaryDirectory() as out:
        told = suite.run(*words, "-o", out)
        found = saved(pathlib.Path(out)).get(scenario) or Found(collections.Counter(), {})
        # Where the client has to refuse, it may end as it likes; the suite says so itself.
        if not found.checks or "OVERALL: FAILED" in told:
            found.checks["as a whole", "FAILURE"] += 1
            found.words["as a whole", "FAILURE"] = told[-1500:]
        return found


def main() -> int:
    from conformance import installed

    parser = argparse.ArgumentParser()
    parser.add_argument("--writ", required=True, type=pathlib.Path)
    parser.add_argument("--node", type=pathlib.Path, default=HERE.parent / "target/real/npm", help="the suite goes beside it")
    parser.add_argument("--only", nargs="*", help="only scenarios whose name holds one of these")
    args = parser.parse_args()
    suite = installed(args.node.resolve().parent / "conformance")
    results = {}
    with tempfile.TemporaryDirectory(prefix="writ-auth-") as place:
        folder, copy = prepared(args.writ.resolve(), pathlib.Path(place) / "site"), pathlib.Path(place) / "copy"
        command = [sys.executable, str(pathlib.Path(__file__).resolve()), "--play", str(copy)]
        for scenario, revision in applicable(suite):
            if args.only and not any(word in scenario for word in args.only):
                continue
            # Nothing of one scenario is left in the next.
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(folder, copy)
            found = played(suite, command, scenario, revision)
            bad = {name: words for (name, status), words in found.words.items() if status in ("FAILURE", "WARNING")}
            check(f"{scenario}, {revision}: {found.passed()} passed", found.failed() == 0 and found.passed() > 0, str(bad))
            results[f"{scenario} {revision}"] = {"passed": found.passed(), "failed": found.failed()}
    print(json.dumps({"scenarios": len(results), "failed": FAILED, "found": results}))
    return 1 if FAILED else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        sys.exit(play(pathlib.Path(sys.argv[2]), sys.argv[3]))
    sys.exit(main())
