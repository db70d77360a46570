"""Somebody else's port in front of the desk: passes every byte on and gives its own name out, as a phishing proxy would.

Never here: anything but loopback.
"""

import asyncio
import contextlib


@contextlib.asynccontextmanager
async def running(base: str):
    """The address of a proxy to `base` (`http://localhost:PORT`), while the block runs. The `Host` and `Origin` that
    the desk sees are its own, so that only the signed origin can give the proxy away."""
    port = int(base.rsplit(":", 1)[1])
    mine = 0

    async def pump(reader, writer, swap) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(swap(data))
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    async def visit(reader, writer) -> None:
        there, out = await asyncio.open_connection("127.0.0.1", port)
        ours, theirs = f"localhost:{mine}".encode(), f"localhost:{port}".encode()
        await asyncio.gather(
            pump(reader, out, lambda data: head_swapped(data, ours, theirs)),
            pump(there, writer, lambda data: data.replace(b"location: http://" + theirs, b"location: http://" + ours)),
        )

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    mine = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://localhost:{mine}"


def head_swapped(data: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Host, Origin and Referer of a request's head become the desk's own; the body, with what was signed, stays."""
    head, end, body = data.partition(b"\r\n\r\n")
    return head.replace(ours, theirs) + end + body
