"""Thirteen public servers behind Writ: how each is started, what an agent may do there, what is tried.

To add a server: a function that gives a `servers.Server`, a row in `all_of`. What a server's step means is in `servers.py`.
"""

import contextlib
import pathlib
import sqlite3

import servers
from servers import Server, Step, call, grant
from world import free_port
from world_parts import Parts, Web, commits, repository


async def prompts(client):
    return sorted(one.name for one in (await client.list_prompts()).prompts)


async def resources(client):
    return sorted(str(one.uri) for one in (await client.list_resources()).resources)


def prompt(name: str, **arguments: str):
    async def act(client):
        return servers.plain(await client.get_prompt(name, arguments))

    return act


def read(uri: str):
    async def act(client):
        return servers.plain(await client.read_resource(uri))

    return act


def official(parts: Parts, folder: pathlib.Path) -> list[Server]:
    """Three that `run.py` tries through every door; here they are started with the Node of this world."""
    node = parts.folder / "npm"
    one, two, three = servers.everything(node), servers.filesystem(node, folder / "files"), servers.memory(node, folder)
    for server in (one, two, three):
        server.command = [parts.node if word == "node" else word for word in server.command]
    port = free_port()
    one.url = f"http://127.0.0.1:{port}/mcp"
    one.steps.append(Step("arguments that the tool itself refuses", "same", call("echo")))
    kept = three.traces
    three.traces = lambda: kept() if (folder / "memory.jsonl").exists() else []
    two.steps.append(Step("an error of the tool", "same", call("read_text_file", path=str(folder / "files/orders/none"))))
    return [one, two, three]


def old(parts: Parts) -> Server:
    """The first of them once more, with the two addresses of 2024-11-05."""
    server = servers.everything(parts.folder / "npm")
    server.name = "everything-sse"
    server.command = [parts.node if word == "node" else word for word in server.command]
    server.url = f"http://127.0.0.1:{free_port()}/sse"
    return server


def thinking(parts: Parts) -> Server:
    thought = {"thought": "Count the books.", "nextThoughtNeeded": True, "thoughtNumber": 1}
    return Server(
        name="thinking",
        command=parts.script("@modelcontextprotocol/server-sequential-thinking", "dist/index.js"),
        grants=[grant("tool", "sequentialthinking", ("/totalThoughts", {"at_most": "5"}))],
        tools={"sequentialthinking"},
        steps=[
            Step("a tool answers", "same", call("sequentialthinking", **thought, totalThoughts=3)),
            Step("more thoughts than granted", "refused", call("sequentialthinking", **thought, totalThoughts=6)),
            Step("arguments that the tool itself refuses", "same", call("sequentialthinking", totalThoughts=1)),
        ],
    )


def browser(parts: Parts, folder: pathlib.Path, web: Web, chromium: str) -> Server:
    home = folder / "browser"
    home.mkdir()
    options = ["--headless", "--isolated", "--no-sandbox", "--executable-path", chromium, "--output-dir", str(home)]
    script = parts.script("@playwright/mcp", "cli.js")

    async def page(client):
        await client.call_tool("browser_navigate", {"url": f"{web.base}/orders"})
        return servers.plain(await client.call_tool("browser_find", {"text": "Three books"}))

    return Server(
        name="browser",
        command=["env", f"HOME={home}", *script, *options],
        grants=[
            grant("tool", "browser_navigate", ("/url", {"like": [f"{web.base}/orders*"]})),
            grant("tool", "browser_find"), grant("tool", "browser_close"),
        ],
        tools={"browser_navigate", "browser_find", "browser_close"},
        steps=[
            Step("a page is opened in a real Chromium, and read", "same", page),
            Step("an address outside the grant", "refused", call("browser_navigate", url=f"{web.base}/salaries")),
            Step("a tool without a grant", "refused", call("browser_run_code_unsafe", code="async (page) => 1")),
            Step("and is closed", "same", call("browser_close")),
        ],
        traces=lambda: [path for path in web.asked if path == "/salaries"],
    )


def clock(parts: Parts) -> Server:
    noon = {"source_timezone": "Europe/Amsterdam", "time": "12:00"}
    return Server(
        name="time",
        command=[parts.program("mcp-server-time"), "--local-timezone", "Europe/Amsterdam"],
        grants=[grant("tool", "convert_time", ("/target_timezone", {"one_of": ["Asia/Tokyo", "Nowhere/Land"]}))],
        tools={"convert_time"},
        steps=[
            Step("a tool answers", "same", call("convert_time", **noon, target_timezone="Asia/Tokyo")),
            Step("an argument outside the grant", "refused", call("convert_time", **noon, target_timezone="Asia/Seoul")),
            Step("a tool without a grant", "refused", call("get_current_time", timezone="Asia/Tokyo")),
            Step("an error of the tool", "same", call("convert_time", **noon, target_timezone="Nowhere/Land")),
        ],
    )


def git(parts: Parts, folder: pathlib.Path) -> Server:
    here = folder / "repository"
    repository(here)
    own = ("/repo_path", {"under": [str(here)]})
    at = {"repo_path": str(here)}
    return Server(
        name="git",
        command=["env", f"HOME={folder}", parts.program("mcp-server-git")],
        grants=[grant("tool", name, own) for name in ("git_status", "git_log", "git_diff_unstaged", "git_show")],
        tools={"git_status", "git_log", "git_diff_unstaged", "git_show"},
        steps=[
            Step("the state of a repository", "same", call("git_status", **at)),
            Step("its log", "same", call("git_log", **at)),
            Step("a change that is not committed", "same", call("git_diff_unstaged", **at)),
            Step("an error of the tool", "same", call("git_show", **at, revision="nowhere")),
            Step("another folder", "refused", call("git_status", repo_path=str(folder))),
            Step("a commit, which is not granted", "refused", call("git_commit", **at, message="by an agent")),
        ],
        reset=lambda: repository(here),
        traces=lambda: commits(here)[:-1],
    )


def fetch(parts: Parts, web: Web) -> Server:
    allowed = ("/url", {"like": [f"{web.base}/orders*"]})
    return Server(
        name="fetch",
        command=[parts.program("mcp-server-fetch"), "--allow-private-ips"],
        grants=[grant("tool", "fetch", allowed), grant("prompt", "*")],
        tools={"fetch"},
        steps=[
            Step("a page, as Markdown", "same", call("fetch", url=f"{web.base}/orders")),
            Step("a page, as it is", "same", call("fetch", url=f"{web.base}/orders", raw=True)),
            Step("an error of the tool", "same", call("fetch", url=f"{web.base}/orders/none")),
            Step("an address outside the grant", "refused", call("fetch", url=f"{web.base}/salaries")),
            Step("the list of prompts", "same", prompts),
            Step("a prompt", "same", prompt("fetch", url=f"{web.base}/orders")),
        ],
        traces=lambda: [path for path in web.asked if path == "/salaries"],
    )


def sqlite(parts: Parts, folder: pathlib.Path) -> Server:
    file = folder / "orders.db"
    put = "INSERT OR REPLACE INTO orders VALUES (18, 'a map')"

    def reset() -> None:
        with contextlib.closing(sqlite3.connect(file)) as book, book:
            book.execute("DROP TABLE IF EXISTS more")
            book.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, what TEXT)")
            book.execute("DELETE FROM orders")
            book.execute("INSERT INTO orders VALUES (17, 'three books')")

    def traces() -> list[str]:
        with contextlib.closing(sqlite3.connect(file)) as book:
            gone = book.execute("SELECT count(*) FROM orders WHERE number = 17").fetchone()[0] == 0
            more = book.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone()[0] == 1
            return [*(["an order is gone"] if gone else []), *(["a table is made"] if more else [])]

    return Server(
        name="sqlite",
        command=[parts.program("mcp-server-sqlite"), "--db-path", str(file)],
        grants=[
            grant("tool", "read_query"), grant("tool", "list_tables"), grant("tool", "describe_table"),
            grant("tool", "write_query", ("/query", {"like": ["INSERT OR REPLACE INTO orders *"]})),
            grant("prompt", "*"), grant("resource", "memo://*"),
        ],
        tools={"read_query", "list_tables", "describe_table", "write_query"},
        steps=[
            Step("tables", "same", call("list_tables")),
            Step("a table", "same", call("describe_table", table_name="orders")),
            Step("writing what is granted", "same", call("write_query", query=put)),
            Step("reading it", "same", call("read_query", query="SELECT * FROM orders ORDER BY number")),
            Step("an error of the tool", "same", call("read_query", query="SELECT nothing FROM nowhere")),
            Step("deleting", "refused", call("write_query", query="DELETE FROM orders")),
            Step("a tool without a grant", "refused", call("create_table", query="CREATE TABLE more (a TEXT)")),
            Step("the list of resources", "same", resources),
            Step("a resource", "same", read("memo://insights")),
            Step("the list of prompts", "same", prompts),
            Step("a prompt", "same", prompt("mcp-demo", topic="books")),
        ],
        reset=reset,
        traces=traces,
    )


def duckdb(parts: Parts, folder: pathlib.Path) -> Server:
    file = folder / "orders.duckdb"
    return Server(
        name="duckdb",
        command=["env", f"HOME={folder}", parts.program("mcp-server-duckdb"), "--db-path", str(file)],
        grants=[grant("tool", "query", ("/query", {"like": ["SELECT *"]}))],
        tools={"query"},
        steps=[
            Step("a question", "same", call("query", query="SELECT sum(range) AS books FROM range(10)")),
            Step("an error of the tool", "same", call("query", query="SELECT nothing FROM nowhere")),
            Step("a statement outside the grant", "refused", call("query", query="SHOW TABLES")),
        ],
    )


def calculator(parts: Parts) -> Server:
    return Server(
        name="calculator",
        command=[parts.program("mcp-server-calculator")],
        grants=[grant("tool", "calculate", ("/expression", {"size": 20}))],
        tools={"calculate"},
        steps=[
            Step("a sum", "same", call("calculate", expression="17 * 12.5")),
            Step("an error of the tool", "same", call("calculate", expression="1 / 0")),
            Step("a longer sum than granted", "refused", call("calculate", expression="1 + " * 10 + "1")),
        ],
    )


def excel(parts: Parts, folder: pathlib.Path) -> Server:
    sheets = folder / "sheets"
    sheets.mkdir()
    program, port = parts.program("excel-mcp-server"), free_port()

    def reset() -> None:
        for path in sheets.iterdir():
            path.unlink()

    at = ("/path", {"like": ["orders*.xlsx"]})
    file, rows = {"path": "orders.xlsx"}, [["number", "what"], [17, "three books"]]
    names = ("create_workbook", "write_range", "read_range", "describe_workbook")
    return Server(
        name="excel",
        command=[program, "stdio", "--allow-dir", str(sheets)],
        grants=[grant("tool", name, at) for name in names],
        tools=set(names),
        steps=[
            Step("a workbook is made", "same", call("create_workbook", **file, sheets=["Orders"], overwrite=True)),
            Step("written", "same", call("write_range", **file, sheet="Orders", at="A1", rows=rows)),
            Step("and read", "same", call("read_range", **file, sheet="Orders", range="A1:B2")),
            Step("an error of the tool", "same", call("read_range", path="orders-none.xlsx", sheet="Orders")),
            Step("a file outside the grant", "refused", call("create_workbook", path="salaries.xlsx")),
            Step("a tool without a grant", "refused", call("delete_sheet", **file, sheet="Orders")),
        ],
        url=f"http://127.0.0.1:{port}/mcp",
        reset=reset,
        traces=lambda: [path.name for path in sheets.iterdir() if path.name.startswith("salaries")],
    )


def all_of(parts: Parts, folder: pathlib.Path, web: Web, chromium: str) -> list[Server]:
    return [
        *official(parts, folder), old(parts), thinking(parts), browser(parts, folder, web, chromium), clock(parts), git(parts, folder),
        fetch(parts, web), sqlite(parts, folder), duckdb(parts, folder), calculator(parts), excel(parts, folder),
    ]


#: The package that each server is.
PACKAGES = {
    "everything": "@modelcontextprotocol/server-everything",
    "everything-sse": "@modelcontextprotocol/server-everything",
    "filesystem": "@modelcontextprotocol/server-filesystem",
    "memory": "@modelcontextprotocol/server-memory",
    "thinking": "@modelcontextprotocol/server-sequential-thinking",
    "browser": "@playwright/mcp",
    "time": "mcp-server-time",
    "git": "mcp-server-git",
    "fetch": "mcp-server-fetch",
    "sqlite": "mcp-server-sqlite",
    "duckdb": "mcp-server-duckdb",
    "calculator": "mcp-server-calculator",
    "excel": "excel-mcp-server",
}


def listening(server: Server, parts: Parts) -> list[str]:
    """The command of a server's HTTP form, on the port of its address."""
    port = server.url.split(":")[2].split("/")[0]
    if server.name.startswith("everything"):
        return ["env", f"PORT={port}", *server.command, "sse" if server.url.endswith("/sse") else "streamableHttp"]
    return [server.command[0], "streamable-http", *server.command[2:], "--port", port]
