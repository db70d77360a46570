"""docs/conformance.md, from what a run of `conformance.py` found.

Never here: a figure that was not measured in this run, or a sentence that a figure could make untrue.
"""

import importlib.metadata

from conformance_suite import FROZEN, Found, Suite

SDKS = {"typescript": "TypeScript", "python": "Python", "python on stdio": "Python, on stdio"}
DOORS = ("a door with proofs", "writ connect")
SAID = 160


def page(suite: Suite, results: dict) -> str:
    parts = [
        head(suite), servers(suite, results), clients(suite, results), differences(results),
        authorization(results), missing(),
    ]
    return "\n".join(parts)


def head(suite: Suite) -> str:
    mcp = importlib.metadata.version("mcp")
    packages = ("@modelcontextprotocol/server", "@modelcontextprotocol/client")
    sdk = ", ".join(f"`{name}` {suite.version(name)}" for name in packages)
    return f"""# Conformance

The protocol's own suite, npm `@modelcontextprotocol/conformance` {suite.version()}, is run twice: without Writ, and with the
gateway in between. What has to come out is the same, scenario by scenario and check by check: how often each check
passed, failed or was skipped. A check that fails without Writ has to fail through it, too.

Servers and clients are fixtures in `tests-real/conformance/`, written with the official SDKs: for TypeScript
{sdk}; for Python `mcp` {mcp}.
The Python server has the tasks extension; the TypeScript one has not, because its SDK has no door for it.

The gateway is reached by two doors: *a door with proofs* adds an agent's token and a DPoP proof to each request and changes
nothing else, so the suite stands at the gateway itself; *writ connect* is the loopback port that people use. The agent may
use everything: what a grant withholds is not this suite's business.

This page is written by `python tests-real/conformance.py --writ target/release/writ --doc`; the last run is what it says.
"""


def row(cells: list) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def counted(rows: dict[str, Found], names: list[str]) -> str:
    chosen = [rows[name] for name in names if name in rows]
    passed, failed = sum(one.passed() for one in chosen), sum(one.failed() for one in chosen)
    return f"{passed} / {passed + failed}"


def table(suite: Suite, results: dict, side: str) -> list[str]:
    lines = []
    for (kind, sdk, revision), rows in results.items():
        if kind != side or not rows:
            continue
        scored = set(suite.required(side, revision))
        for words, names in (("scored", [n for n in rows["straight"] if n in scored]),
                             ("not scored", [n for n in rows["straight"] if n not in scored])):
            if not names:
                continue
            doors = [door for door in DOORS if door in rows]
            differ = sum(rows["straight"][n].checks != rows[door][n].checks for door in doors for n in names)
            lines.append(row([
                SDKS[sdk], revision, words, len(names), counted(rows["straight"], names),
                *(counted(rows[door], names) if door in rows else "" for door in DOORS), differ,
            ]))
    return lines


HEADS = ["SDK", "revision", "", "scenarios", "checks passed, straight", *DOORS, "differing"]


def servers(suite: Suite, results: dict) -> str:
    lines = "\n".join([row(HEADS), row(["---"] * len(HEADS)), *table(suite, results, "server")])
    frozen = " and ".join(FROZEN)
    return f"""## Servers behind the gateway

The suite is the client. For {frozen} it runs its frozen set of requirements (`--requirements`); for the earlier
ones it runs what applies to them. The Python server is run once more as a process of the gateway's own, on stdio, and is
compared with what it gives over HTTP. *Not scored* are the suite's extensions, what it added later, and what its own
reference server cannot do yet.

{lines}
"""


def clients(suite: Suite, results: dict) -> str:
    lines = "\n".join([row(HEADS), row(["---"] * len(HEADS)), *table(suite, results, "client")])
    return f"""## Clients in front of it

The suite is the server. Scenarios of its group `auth` and of skills are not among these: see below.

{lines}
"""


def differences(results: dict) -> str:
    lines = []
    for (side, sdk, revision), rows in results.items():
        for door in DOORS:
            for name, bare in rows.get("straight", {}).items() if door in rows else ():
                through = rows[door].get(name)
                if through is None or bare.checks == through.checks:
                    continue
                for key in through.checks - bare.checks:
                    words = " ".join(through.words[key].split())[:SAID].replace("|", "/")
                    lines.append(row([side, SDKS[sdk], revision, door, name, key[0], key[1].lower(), words]))
    if not lines:
        return "## What differs\n\nNothing.\n"
    heads = ["side", "SDK", "revision", "door", "scenario", "check", "through it", "the suite's words"]
    return "## What differs\n\n" + "\n".join([row(heads), row(["---"] * len(heads)), *lines]) + "\n"


def authorization(results: dict) -> str:
    rows = results["authorization", "desk", ""]["straight"]
    lines = []
    for name, found in rows.items():
        for key in found.checks:
            words = " ".join(found.words[key].split())[:SAID].replace("|", "/")
            lines.append(row([name, key[0], key[1].lower(), words]))
    heads = ["scenario", "check", "came to", "the suite's words"]
    return f"""## The desk as an authorization server

The suite's group for authorization servers, against the desk's address. Its second scenario, `authorization-code-grant`, waits for a
person in a browser and has a client that proves no key: `tests-real/consent.py` plays it, with a door that adds the proof.

{chr(10).join([row(heads), row(["---"] * len(heads)), *lines])}
"""


def missing() -> str:
    return """## What is not run

- The group `auth`, in which a client has to get a token from the suite's own authorization server: through the gateway, that
  client is the gateway. `tests-real/conformance_auth.py` runs it.
- Skills (SEP-2640): the fixtures have none.
- For the server on stdio, `server-sse-polling` and `server-sse-multiple-streams`, which are about streams of HTTP.
- Batches of 2025-03-26, the two addresses of 2024-11-05 and the tasks of 2025-11-25: the suite has no scenario for them.
  `gateway/tests/road/batches.rs`, `gateway/tests/road/two_addresses.rs` and `gateway/tests/road/tasks.rs` play them at the
  gateway; `tests-real/conformance.py` plays the first two with servers of both SDKs, and says so in its lines.
"""
