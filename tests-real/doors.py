"""The ways from a public MCP client to a server: without Writ, and through each of Writ's doors.

Each door is an async context manager that gives an initialized `mcp.Client`.
"""

import contextlib
import subprocess
import time

import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from dpop import Agent
from world import World, free_port

TIMEOUT = 30


def stdio(command: list[str], mode: str) -> Client:
    server = StdioServerParameters(command=command[0], args=command[1:])
    return Client(server, mode=mode, read_timeout_seconds=TIMEOUT)


@contextlib.asynccontextmanager
async def bare(world: World, server, mode: str):
    """The server itself: what every door is compared with."""
    if server.url:
        # A server with two addresses (2024-11-05) is reached with a client of that transport.
        place = Client(sse_client(server.url) if server.url.endswith("/sse") else server.url, mode=mode, read_timeout_seconds=TIMEOUT)
    else:
        place = stdio(server.command, mode)
    async with place as client:
        yield client


@contextlib.asynccontextmanager
async def bare_stdio(world: World, server, mode: str):
    """The server itself on stdio: what `wrap` is compared with."""
    async with stdio(server.command, mode) as client:
        yield client


@contextlib.asynccontextmanager
async def direct(world: World, server, mode: str, agent: Agent | None = None, **more):
    """Straight to the gateway, with a token and proofs made in Python; `more` is what the client is made with."""
    agent = agent or Agent(world.desk, world.code(), "python")
    async with httpx2.AsyncClient(auth=agent, timeout=TIMEOUT) as http:
        transport = streamable_http_client(f"{world.gateway}/mcp/{server.name}", http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=TIMEOUT, **more) as client:
            yield client


def connect(world: World, server, *more: str) -> list[str]:
    url = f"{world.gateway}/mcp/{server.name}"
    return [str(world.writ), "connect", url, "--agent", "real", "--dir", str(world.keys), *more]


@contextlib.asynccontextmanager
async def connect_stdio(world: World, server, mode: str):
    async with stdio(connect(world, server), mode) as client:
        yield client


@contextlib.asynccontextmanager
async def connect_http(world: World, server, mode: str):
    port = free_port()
    process = subprocess.Popen(connect(world, server, "--listen", f"127.0.0.1:{port}"))
    try:
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/", timeout=1)
                break
            except httpx2.TransportError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("writ connect --listen did not start") from None
                time.sleep(0.05)
        url = f"http://127.0.0.1:{port}/mcp"
        async with Client(url, mode=mode, read_timeout_seconds=TIMEOUT) as client:
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextlib.asynccontextmanager
async def wrap(world: World, server, mode: str):
    command = [
        str(world.writ), "wrap", "--server", f"{server.name}-wrapped",
        "--agent", "real", "--dir", str(world.keys), "--", *server.command,
    ]
    async with stdio(command, mode) as client:
        yield client


DOORS = {
    "direct": direct,
    "connect (stdio)": connect_stdio,
    "connect (http)": connect_http,
    "wrap": wrap,
}
