"""A server of the public Python SDK, which speaks every published revision of MCP: what npm's servers do not yet.

    modern_server.py FILE stdio | modern_server.py FILE PORT

A cancelled order is noted in FILE, so that a call that should not have come through leaves a trace.
"""

import pathlib
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("ledger-of-orders")
ORDERS = {"17": "three books"}
CANCELLED = pathlib.Path(sys.argv[1])


@server.tool()
def order(number: str) -> str:
    """What was ordered."""
    return ORDERS.get(number, "nothing")


@server.tool()
def cancel(number: str) -> str:
    """Cancels an order."""
    CANCELLED.write_text(number)
    return ORDERS.get(number, "nothing")


@server.tool()
async def count(steps: int, ctx: Context) -> int:
    """Counts, and says how far it is."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps)
    return steps


@server.resource("orders://all")
def orders() -> str:
    """All orders."""
    return ", ".join(f"{number}: {what}" for number, what in ORDERS.items())


@server.prompt()
def greet(name: str) -> str:
    """A greeting."""
    return f"Write a friendly line to {name}."


if __name__ == "__main__":
    if sys.argv[2] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
