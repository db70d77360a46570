"""The public servers behind Writ: how each is started, what an agent may do there, what is tried.

To add a server: a `Server` with its steps. A step of kind `same` must give what it gives without Writ; a step of kind
`refused` works without Writ and must not reach the server through it.
"""

import dataclasses
import pathlib
import shutil
import sys
import typing


@dataclasses.dataclass
class Step:
    name: str
    kind: str
    act: typing.Callable[[typing.Any], typing.Awaitable[typing.Any]]


@dataclasses.dataclass
class Server:
    name: str
    command: list[str]
    grants: list[dict]
    tools: set[str]
    steps: list[Step]
    #: What clients ask for: `legacy` is the handshake of 2025-11-25 and before, `auto` what the SDK does if not told.
    modes: tuple[str, ...] = ("legacy", "auto")
    #: Where it listens, if the gateway reaches it by HTTP; `command` is then the same server on stdio.
    url: str | None = None
    #: Puts the server's data back to where every run begins.
    reset: typing.Callable[[], None] = lambda: None
    #: What a refused step would have left behind, if it had reached the server.
    traces: typing.Callable[[], list[str]] = list


def grant(surface: str, name: str, *rules: tuple[str, dict], optional: bool = False) -> dict:
    made = [{"path": path, "must": must, "optional": optional} for path, must in rules]
    return {"surface": surface, "name": name, "rules": made}


def plain(result: typing.Any) -> typing.Any:
    """A result as JSON without what differs between two runs of the same server."""
    value = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    value.pop("_meta", None)
    return value


def call(tool: str, **arguments: typing.Any):
    async def act(client):
        return plain(await client.call_tool(tool, arguments))

    return act


def everything(node: pathlib.Path) -> Server:
    script = node / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"

    async def progress(client):
        seen = []

        async def note(done, total, message):
            seen.append((done, total))

        result = await client.call_tool(
            "trigger-long-running-operation", {"duration": 1, "steps": 4}, progress_callback=note
        )
        return {"progress": seen, "result": plain(result)}

    async def prompt(client):
        return plain(await client.get_prompt("simple-prompt"))

    async def prompts(client):
        return sorted(prompt.name for prompt in (await client.list_prompts()).prompts)

    async def resource(client):
        found = (await client.list_resources()).resources
        text = next(one for one in found if str(one.uri).endswith(".md"))
        return plain(await client.read_resource(text.uri))

    return Server(
        name="everything",
        command=["node", str(script)],
        grants=[
            grant("tool", "echo"),
            grant("tool", "get-sum", ("/a", {"at_most": "10"})),
            grant("tool", "trigger-long-running-operation"),
            grant("tool", "get-structured-content"),
            grant("prompt", "*"),
            grant("resource", "demo://resource/static/*"),
        ],
        tools={"echo", "get-sum", "trigger-long-running-operation", "get-structured-content"},
        steps=[
            Step("a tool answers", "same", call("echo", message="grüß Gott")),
            Step("an argument inside the grant", "same", call("get-sum", a=10, b=3)),
            Step("an argument outside the grant", "refused", call("get-sum", a=11, b=3)),
            Step("a tool without a grant", "refused", call("get-tiny-image")),
            Step("structured content", "same", call("get-structured-content", location="Chicago")),
            Step("progress arrives while a call runs", "same", progress),
            Step("a prompt", "same", prompt),
            Step("the list of prompts", "same", prompts),
            Step("a resource", "same", resource),
        ],
    )


def filesystem(node: pathlib.Path, folder: pathlib.Path) -> Server:
    script = node / "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"
    orders = folder / "orders"

    def reset() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        orders.mkdir(parents=True)
        (orders / "one.txt").write_text("three books\n")
        (folder / "salaries.txt").write_text("not for agents\n")

    def traces() -> list[str]:
        return [str(path) for path in folder.rglob("big.txt")]

    reset()
    under = {"under": [str(orders)]}
    return Server(
        name="filesystem",
        command=["node", str(script), str(folder)],
        grants=[
            grant("tool", "read_text_file", ("/path", under)),
            grant("tool", "list_directory", ("/path", under)),
            grant("tool", "write_file", ("/path", under), ("/content", {"size": 1000})),
        ],
        tools={"read_text_file", "list_directory", "write_file"},
        steps=[
            Step("a file inside", "same", call("read_text_file", path=str(orders / "one.txt"))),
            Step("a folder inside", "same", call("list_directory", path=str(orders))),
            Step(
                "a file outside the grant, inside the server's own root", "refused",
                call("read_text_file", path=str(folder / "salaries.txt")),
            ),
            Step(
                "a way out by dots", "refused",
                call("read_text_file", path=str(orders / "../salaries.txt")),
            ),
            Step(
                "writing inside", "same",
                call("write_file", path=str(orders / "two.txt"), content="two books\n"),
            ),
            Step(
                "writing too much", "refused",
                call("write_file", path=str(orders / "big.txt"), content="x" * 1001),
            ),
        ],
        reset=reset,
        traces=traces,
    )


def memory(node: pathlib.Path, folder: pathlib.Path) -> Server:
    script = node / "node_modules/@modelcontextprotocol/server-memory/dist/index.js"
    kept = folder / "memory.jsonl"
    note = {"name": "Harbor Books", "entityType": "client", "observations": ["opens at nine"]}
    return Server(
        name="memory",
        command=["env", f"MEMORY_FILE_PATH={kept}", "node", str(script)],
        grants=[grant("tool", "create_entities"), grant("tool", "search_nodes")],
        tools={"create_entities", "search_nodes"},
        steps=[
            Step("something is remembered", "same", call("create_entities", entities=[note])),
            Step("and found", "same", call("search_nodes", query="Harbor")),
            Step(
                "forgetting is not granted", "refused",
                call("delete_entities", entityNames=["Harbor Books"]),
            ),
        ],
        reset=lambda: kept.unlink(missing_ok=True),
        traces=lambda: [] if "Harbor Books" in kept.read_text() else ["the note is forgotten"],
    )


def modern(port: int, folder: pathlib.Path) -> Server:
    script = pathlib.Path(__file__).parent / "modern_server.py"
    cancelled = folder / "cancelled"

    async def progress(client):
        seen = []

        async def note(done, total, message):
            seen.append((done, total))

        result = await client.call_tool("count", {"steps": 3}, progress_callback=note)
        return {"progress": seen, "result": plain(result)}

    async def resource(client):
        return plain(await client.read_resource("orders://all"))

    async def prompt(client):
        return plain(await client.get_prompt("greet", {"name": "June"}))

    return Server(
        name="orders",
        command=[sys.executable, str(script), str(cancelled), "stdio"],
        grants=[
            grant("tool", "order", ("/number", {"one_of": ["17", "18"]})),
            grant("tool", "count"),
            grant("resource", "orders://*"),
            grant("prompt", "greet"),
        ],
        tools={"order", "count"},
        steps=[
            Step("a tool answers", "same", call("order", number="17")),
            Step("an argument outside the grant", "refused", call("order", number="19")),
            Step("a tool without a grant", "refused", call("cancel", number="17")),
            Step("progress arrives while a call runs", "same", progress),
            Step("a resource", "same", resource),
            Step("a prompt", "same", prompt),
        ],
        reset=lambda: cancelled.unlink(missing_ok=True),
        traces=lambda: [str(cancelled)] if cancelled.exists() else [],
        modes=("legacy", "auto", "2026-07-28"),
        url=f"http://127.0.0.1:{port}/mcp",
    )
