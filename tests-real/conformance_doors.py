"""What stands around the gateway while the conformance suite runs: a door that proves an agent's key for the suite, which
cannot, and a relay behind the gateway that leads to whichever server the suite has just started.

Never here: a message read or changed. To add a way in: a class with a `url`, started and stopped by `with`.
"""

import asyncio
import contextlib
import pathlib
import subprocess
import threading
import time

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dpop import Agent
from world import World, free_port

TIMEOUT = 60
#: What belongs to one connection, and not to the message.
HOP = {b"connection", b"transfer-encoding", b"content-length", b"keep-alive", b"te", b"upgrade"}


class Looped:
    """Something asynchronous in a thread of its own."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self.loop).result(TIMEOUT)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.stop(), self.loop).result(TIMEOUT)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(TIMEOUT)


class Proof(Looped):
    """Straight to the gateway: every request goes on with a token and a proof, everything else as it came."""

    def __init__(self, world: World, server: str) -> None:
        self.target, self.agent = f"{world.gateway}/mcp/{server}", Agent(world.desk, world.code(), "conformance")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"

    async def start(self) -> None:
        limits = httpx2.Limits(max_connections=None)
        self.http = httpx2.AsyncClient(auth=self.agent, timeout=TIMEOUT, limits=limits)
        app = Starlette(routes=[Route("/mcp", self.carry, methods=["GET", "POST", "DELETE", "PUT"])])
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off"))
        self.serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        await self.serving
        await self.http.aclose()

    async def carry(self, request: Request) -> Response:
        headers = [(name, value) for name, value in request.headers.raw if name not in HOP]
        body = await request.body()
        sent = self.http.build_request(request.method, self.target, headers=headers, content=body)
        answer = await self.http.send(sent, stream=True)
        out = StreamingResponse(answer.aiter_raw(), answer.status_code, background=None)
        out.body_iterator = closing(answer)
        out.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP - {b"content-length"}
        ]
        return out


async def closing(answer):
    """The pieces of an answer; whoever stops reading closes it behind the door, too."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


class Connect:
    """`writ connect --listen`, as people use it."""

    def __init__(self, world: World, server: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        target = f"{world.gateway}/mcp/{server}"
        self.command = [
            str(world.writ), "connect", target, "--agent", "conformance", "--dir", str(world.keys),
            "--listen", f"127.0.0.1:{self.port}",
        ]

    def __enter__(self):
        self.process = subprocess.Popen(self.command)
        until_listening(self.port, self.process)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


def until_listening(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(httpx2.TransportError):
            httpx2.get(f"http://127.0.0.1:{port}/", timeout=5)
            return
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"nothing listens on port {port}")
        time.sleep(0.05)


class Relay(Looped):
    """Bytes to and from the address that stands in a file at the moment of connecting."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file, self.port = file, free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.open: set[asyncio.Task] = set()

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.visit, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self.server.close()
        for task in self.open:
            task.cancel()

    async def visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(asyncio.current_task())
        try:
            host, port = self.file.read_text().rsplit(":", 1)
            there, back = await asyncio.open_connection(host, int(port))
            ways = [asyncio.create_task(pour(reader, back)), asyncio.create_task(pour(there, writer))]
            # Either side that closes closes both.
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
            back.close()
        except OSError:
            pass
        finally:
            writer.close()
            self.open.discard(asyncio.current_task())


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
