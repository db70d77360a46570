"""docs/works-with.md, from what a run of `world_servers.py` found.

Never here: a figure that was not measured in this run, or a sentence that a figure could make untrue.
"""

import importlib.metadata

import world_list
import world_talk

HEAD = """# Works with

Public servers and public clients, as npm and PyPI give them out, run twice: straight, and through Writ. Nothing of them is
changed. What an agent is granted has to come out the same to the byte of the result; what it is not granted has to be refused
and must not reach the server.

This page is written by `target/real/venv/bin/python tests-real/world_servers.py --writ target/release/writ --doc`, and only
if all of it held. The versions are those of `tests-real/world_packages.json`.
"""


def row(cells: list) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(heads: list[str], lines: list[list]) -> str:
    return "\n".join([row(heads), row(["---"] * len(heads)), *map(row, lines)])


def where(parts, package: str) -> str:
    return "npm" if package in parts.pins["npm"] else "PyPI"


def servers(parts, rows: dict, urls: set[str]) -> str:
    lines = []
    for name, found in rows.items():
        package = world_list.PACKAGES[name]
        same = "; ".join(step for step, kind in found["steps"] if kind == "same")
        refused = "; ".join(step for step, kind in found["steps"] if kind == "refused")
        doors = ", ".join(f"`{door}` {counts['same']} + {counts['refused']}" for door, counts in found["doors"].items())
        lines.append([
            f"`{package}`", f"{where(parts, package)} {parts.version(package)}", found["revision"], ", ".join(sorted(found["spoken"])),
            "HTTP, two addresses" if name.endswith("-sse") else "HTTP" if name in urls else "stdio", same, refused, doors,
        ])
    client = importlib.metadata.version("mcp")
    heads = ["server", "version", "revision", "through Writ", "behind the gateway", "the same as straight", "refused", "steps that held, same + refused"]
    return f"""## Servers

The client is PyPI's `mcp` {client}, which asks for the newest revision that both know. `writ connect` leads to the gateway,
which starts the server or reaches it over HTTP; `writ wrap` starts it beside the client. For each, the definitions of the
granted tools are also the same as straight. A client that asks for a newer revision than the server's gets it from Writ.

{table(heads, lines)}
"""


def clients(parts, rows: dict) -> str:
    lines, words = [], []
    by_name = {client.name: client for client in world_talk.CLIENTS}
    for name, ways in rows.items():
        package = by_name[name].package
        first = next(iter(ways.values()), {})
        revision = next((way["revision"] for way in ways.values() if way["revision"]), "not shown by it")
        held = ", ".join(
            f"{world_talk.WAYS[way]} {one['same']} + {one['refused']} + {one['ended']}" for way, one in ways.items()
        )
        lines.append([
            f"`{package}`", f"{where(parts, package)} {parts.version(package)}", revision, held,
            "; ".join(first.get("not offered", [])) or "nothing",
        ])
        for kind in ("refused", "ended"):
            shown = " ".join(first.get(f"{kind} words", "").split())[:220].replace("|", "/").replace("`", "'")
            words.append([f"`{package}`", "a refused call" if kind == "refused" else "after the end", f"`{shown}`"])
    heads = ["client", "version", "revision", "steps that held, same + refused + cut", "not offered by the client"]
    names = "; ".join(step.name for step in world_talk.STEPS if step.name)
    server = f"`@modelcontextprotocol/server-everything` {parts.version('@modelcontextprotocol/server-everything')}"
    return f"""## Clients

Each does the same steps with {server}: {names}. *Refused* are errors as the client shows them, where the same call straight
gives a result; *cut* is the call after the agent was ended, while the client was connected.

{table(heads, lines)}

What the client's user, or its model, is told:

{table(["client", "of", "words"], words)}
"""


def page(parts, results: dict) -> str:
    urls = {"everything", "excel"}
    return "\n".join([HEAD, servers(parts, results["servers"], urls), clients(parts, results["clients"])])
