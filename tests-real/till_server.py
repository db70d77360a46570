"""A shop's bank behind Writ, which counts what it executes: one line a payment or a share in FILE, and nothing else there.

    till_server.py FILE stdio | till_server.py FILE PORT

Built on the public Python SDK, so it speaks every published revision. To add something that must happen once: a tool that
calls `note`.
"""

import asyncio
import json
import pathlib
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("till")
DONE = pathlib.Path(sys.argv[1])


def note(what: str, **how: str) -> None:
    with DONE.open("a") as file:
        file.write(json.dumps({"what": what, **how}) + "\n")


@server.tool()
def release_payment(to: str, iban: str, amount: str, reference: str) -> str:
    """Pays from the shop's account, in EUR."""
    note("payment", to=to, iban=iban, amount=amount, reference=reference)
    return f"paid {amount} EUR to {to}"


@server.tool()
def share_list(recipient: str) -> str:
    """Gives the list of customers to somebody outside."""
    note("share", recipient=recipient)
    return f"shared with {recipient}"


@server.tool()
def balance() -> str:
    """What is in the account."""
    return "12,406.10 EUR"


@server.tool()
async def watch(seconds: int, ctx: Context) -> int:
    """Watches the account, and says so ten times a second."""
    for step in range(1, seconds * 10 + 1):
        await ctx.report_progress(step, seconds * 10)
        await asyncio.sleep(0.1)
    return seconds


if __name__ == "__main__":
    if sys.argv[2] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
