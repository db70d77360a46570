"""One public client doing a list of steps, in the Python that has it: what it came to, one line of JSON a step.

    python world_clients.py CLIENT PLAN

PLAN is JSON: where the server is (`command` or `url`), the steps, and what the programs of npm are started with. The step
`wait` says that it is reached and goes on when a line comes in. A client that does not offer something says `not offered`.
Nothing of a client is changed: each is used as its own documentation does.
To add a client: a class with the methods that it offers, a row in CLIENTS.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

TIMEOUT = 30
#: About the message, not about the answer; and what only the newest revision has, which Writ speaks for an older server.
DROPPED = ("_meta", "meta", "id", "tool_call_id", "resultType", "ttlMs", "cacheScope")


def plain(value):
    """What a client gave, as JSON, without what is about the message and not about the answer."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    elif dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in DROPPED}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


class Sdk:
    """PyPI's `mcp`."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan

    def place(self):
        from mcp.client.stdio import StdioServerParameters

        command = self.plan.get("command")
        return StdioServerParameters(command=command[0], args=command[1:]) if command else self.plan["url"]

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        from mcp import Client

        self.client = await stack.enter_async_context(Client(self.place(), read_timeout_seconds=TIMEOUT))

    def revision(self) -> str:
        return self.client.protocol_version

    async def tools(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def call(self, name: str, arguments: dict):
        return await self.client.call_tool(name, arguments)

    async def progress(self, name: str, arguments: dict):
        seen = []

        async def note(done, total, _):
            seen.append([done, total])

        await self.client.call_tool(name, arguments, progress_callback=note)
        return seen

    async def prompts(self):
        return [one.name for one in (await self.client.list_prompts()).prompts]

    async def prompt(self, name: str, arguments: dict):
        return await self.client.get_prompt(name, arguments)

    async def resources(self):
        return [str(one.uri) for one in (await self.client.list_resources()).resources]

    async def read(self, uri: str):
        return await self.client.read_resource(uri)


class Remote(Sdk):
    """npm's `mcp-remote`: a bridge from stdio to an address, under PyPI's `mcp`."""

    def place(self):
        from mcp.client.stdio import StdioServerParameters

        node, *words = [*self.plan["remote"], self.plan["url"], "--transport", "http-only"]
        return StdioServerParameters(command=node, args=words, env={**os.environ, "HOME": self.plan["home"]})


class Proxy(Sdk):
    """npm's `mcp-proxy`: a command becomes an address, for PyPI's `mcp`."""

    #: The last progress may come after the answer, with Writ and without: nothing to compare.
    progress = None

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        import httpx2

        port = self.plan["port"]
        words = [*self.plan["proxy"], "--host", "127.0.0.1", "--port", str(port), "--", *self.plan["command"]]
        # Our own input is what this program waits on.
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        self.url, end = f"http://127.0.0.1:{port}/mcp", time.monotonic() + TIMEOUT
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/ping", timeout=1)
                break
            except httpx2.TransportError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("mcp-proxy did not start") from None
                await asyncio.sleep(0.05)
        await super().open(stack)

    def place(self):
        return self.url


class Fastmcp:
    """PyPI's `fastmcp`, the client half."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan

    def place(self):
        from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

        command = self.plan.get("command")
        return StdioTransport(command[0], command[1:]) if command else StreamableHttpTransport(self.plan["url"])

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        from fastmcp import Client

        self.client = await stack.enter_async_context(Client(self.place(), timeout=TIMEOUT))

    def revision(self) -> str:
        return self.client.protocol_version

    async def tools(self):
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, name: str, arguments: dict):
        result = await self.client.call_tool(name, arguments)
        return {"content": result.content, "structured": result.structured_content}

    async def progress(self, name: str, arguments: dict):
        seen = []

        async def note(done, total, _):
            seen.append([done, total])

        await self.client.call_tool(name, arguments, progress_handler=note)
        return seen

    async def prompts(self):
        return [one.name for one in await self.client.list_prompts()]

    async def prompt(self, name: str, arguments: dict):
        return await self.client.get_prompt(name, arguments)

    async def resources(self):
        return [str(one.uri) for one in await self.client.list_resources()]

    async def read(self, uri: str):
        return await self.client.read_resource(uri)


class Pydantic(Fastmcp):
    """PyPI's `pydantic-ai`: a toolset of an agent."""

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        from pydantic_ai.mcp import MCPToolset

        self.seen = []
        toolset = MCPToolset(self.place(), progress_handler=self.note, read_timeout=TIMEOUT)
        self.client = await stack.enter_async_context(toolset)

    async def note(self, done, total, _) -> None:
        self.seen.append([done, total])

    def revision(self) -> str:
        return ""

    async def call(self, name: str, arguments: dict):
        return await self.client.direct_call_tool(name, arguments)

    async def progress(self, name: str, arguments: dict):
        self.seen.clear()
        await self.client.direct_call_tool(name, arguments)
        return self.seen


class Openai:
    """PyPI's `openai-agents`: a server of an agent."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        from agents.mcp import MCPServerStdio, MCPServerStreamableHttp

        command, more = self.plan.get("command"), {"name": "it", "client_session_timeout_seconds": TIMEOUT}
        if command:
            server = MCPServerStdio(params={"command": command[0], "args": command[1:]}, **more)
        else:
            server = MCPServerStreamableHttp(params={"url": self.plan["url"]}, **more)
        self.client = await stack.enter_async_context(server)

    def revision(self) -> str:
        return ""

    async def tools(self):
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, name: str, arguments: dict):
        return await self.client.call_tool(name, arguments)

    async def prompts(self):
        return [one.name for one in (await self.client.list_prompts()).prompts]

    async def prompt(self, name: str, arguments: dict):
        return await self.client.get_prompt(name, arguments)

    async def resources(self):
        return [str(one.uri) for one in (await self.client.list_resources()).resources]

    async def read(self, uri: str):
        return await self.client.read_resource(uri)


class Langchain:
    """PyPI's `langchain-mcp-adapters`: its tools are what a model is given, so what is not listed cannot be called by it;
    that is done with the session beneath."""

    def __init__(self, plan: dict) -> None:
        self.plan, self.seen = plan, []

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        from langchain_mcp_adapters.callbacks import Callbacks
        from langchain_mcp_adapters.client import MultiServerMCPClient
        from langchain_mcp_adapters.tools import load_mcp_tools

        async def note(done, total, _message, _context):
            self.seen.append([done, total])

        command, callbacks = self.plan.get("command"), Callbacks(on_progress=note)
        if command:
            place = {"transport": "stdio", "command": command[0], "args": command[1:]}
        else:
            place = {"transport": "streamable_http", "url": self.plan["url"]}
        client = MultiServerMCPClient({"it": place}, callbacks=callbacks)
        self.session = await stack.enter_async_context(client.session("it"))
        self.loaded = {tool.name: tool for tool in await load_mcp_tools(self.session, callbacks=callbacks, server_name="it")}

    def revision(self) -> str:
        return ""

    async def tools(self):
        return list(self.loaded)

    async def call(self, name: str, arguments: dict):
        if name not in self.loaded:
            return await self.session.call_tool(name, arguments)
        told = await self.loaded[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        if told.status == "error":
            raise RuntimeError(" ".join(part["text"] for part in told.content if isinstance(part, dict)) or told.content)
        return {"content": told.content, "artifact": told.artifact}

    async def progress(self, name: str, arguments: dict):
        self.seen.clear()
        await self.call(name, arguments)
        return self.seen

    async def prompts(self):
        return [one.name for one in (await self.session.list_prompts()).prompts]

    async def prompt(self, name: str, arguments: dict):
        from langchain_mcp_adapters.prompts import load_mcp_prompt

        return await load_mcp_prompt(self.session, name, arguments=arguments)

    async def resources(self):
        return [str(one.uri) for one in (await self.session.list_resources()).resources]

    async def read(self, uri: str):
        from langchain_mcp_adapters.resources import load_mcp_resources

        return [blob.as_string() for blob in await load_mcp_resources(self.session, uris=uri)]


class Inspector:
    """npm's `@modelcontextprotocol/inspector --cli`: a program of its own for each step."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = self.plan.get("command")
        if command:
            place = {"type": "stdio", "command": command[0], "args": command[1:]}
        else:
            place = {"type": "streamable-http", "url": self.plan["url"]}
        self.file = folder / "mcp.json"
        self.file.write_text(json.dumps({"mcpServers": {"it": place}}))

    def revision(self) -> str:
        return ""

    async def ask(self, method: str, *words: str) -> dict:
        command = [*self.plan["inspector"], "--cli", "--config", str(self.file), "--server", "it", "--format", "json"]
        process = await asyncio.create_subprocess_exec(
            *command, "--quiet", "--method", method, *words, env={**os.environ, "HOME": self.plan["home"]},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), TIMEOUT)
        if process.returncode != 0:
            raise RuntimeError(f"ended with {process.returncode}: {err.decode()}{out.decode()}")
        return json.loads(out)["result"]

    async def tools(self):
        return [one["name"] for one in (await self.ask("tools/list"))["tools"]]

    async def call(self, name: str, arguments: dict):
        return await self.ask("tools/call", "--tool-name", name, "--tool-args-json", json.dumps(arguments))

    async def prompts(self):
        return [one["name"] for one in (await self.ask("prompts/list"))["prompts"]]

    async def prompt(self, name: str, arguments: dict):
        words = [word for key, value in arguments.items() for word in ("--prompt-args", f"{key}={value}")]
        return await self.ask("prompts/get", "--prompt-name", name, *words)

    async def resources(self):
        return [one["uri"] for one in (await self.ask("resources/list"))["resources"]]

    async def read(self, uri: str):
        return await self.ask("resources/read", "--uri", uri)


CLIENTS = {
    "mcp": Sdk, "mcp-remote": Remote, "mcp-proxy": Proxy, "fastmcp": Fastmcp, "pydantic-ai": Pydantic,
    "openai-agents": Openai, "langchain": Langchain, "inspector": Inspector,
}


async def step(client, one: dict) -> dict:
    """What one step came to: an answer, an error as this client shows it, or that it does not offer this."""
    act = getattr(client, one["do"], None)
    if act is None:
        return {"kind": "not offered"}
    try:
        value = plain(await asyncio.wait_for(act(*one.get("with", [])), TIMEOUT))
    except Exception as error:  # noqa: BLE001  whatever a client raises is what its user sees
        return {"kind": "error", "value": f"{type(error).__name__}: {error}"}
    failed = isinstance(value, dict) and value.get("isError") is True
    return {"kind": "error" if failed else "result", "value": value}


def say(line: dict) -> None:
    print(json.dumps(line), flush=True)


async def main() -> None:
    plan = json.loads(sys.argv[2])
    client = CLIENTS[sys.argv[1]](plan)
    async with contextlib.AsyncExitStack() as stack:
        await client.open(stack)
        say({"revision": client.revision()})
        for one in plan["steps"]:
            if one["do"] == "wait":
                say({"kind": "waits"})
                if not await asyncio.to_thread(sys.stdin.readline):
                    return
            else:
                say(await step(client, one))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BaseException as error:  # noqa: BLE001  what falls over at its own end has said what it came to
        print(f"{sys.argv[1]} ended: {error!r}", file=sys.stderr)
        sys.exit(1)
