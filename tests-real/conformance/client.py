"""A client for the conformance suite, written with the official Python SDK.

    client.py URL

The suite says in its environment which scenario it plays and at which revision. Never here: a credential; how the gateway
is reached is not this client's business. To add a scenario: a branch of `play`.
"""

import asyncio
import contextlib
import json
import os
import sys

from mcp import Client
from mcp_types import ElicitResult

SCENARIO = os.environ["MCP_CONFORMANCE_SCENARIO"]
VERSION = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION")
CONTEXT = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))


async def answer(context, params) -> ElicitResult:
    """Every field's default; whoever asks to confirm is told yes."""
    properties = params.requested_schema.get("properties", {})
    content = {name: field["default"] for name, field in properties.items() if "default" in field}
    if "confirmed" in properties:
        content["confirmed"] = True
    return ElicitResult(action="accept", content=content)


async def play(client: Client, tools: list) -> None:
    """What is done once the tools are listed."""
    if SCENARIO == "tools_call":
        await client.call_tool("add_numbers", {"a": 5, "b": 3})
    elif SCENARIO == "elicitation-sep1034-client-defaults":
        await client.call_tool("test_client_elicitation_defaults", {})
    elif SCENARIO == "sse-retry":
        await client.call_tool("test_reconnection", {})
    elif SCENARIO == "sep-2322-client-request-state":
        for name in ("echo_state", "unrelated", "no_state"):
            await client.call_tool(f"test_mrtr_{name}", {})
        # The SDK takes an answer without a resultType for an error; the suite asks only that it is not taken for a question.
        with contextlib.suppress(ValueError):
            await client.call_tool("test_mrtr_no_result_type", {})
    elif SCENARIO == "http-standard-headers":
        await client.call_tool("test_headers", {})
        resources = (await client.list_resources()).resources
        await client.read_resource(resources[0].uri)
        prompts = (await client.list_prompts()).prompts
        await client.get_prompt(prompts[0].name)
    elif SCENARIO == "http-custom-headers":
        for step in CONTEXT["toolCalls"]:
            await client.call_tool(step["name"], step["arguments"])
    elif SCENARIO == "http-invalid-tool-headers":
        for tool in tools:
            await client.call_tool(tool.name, {"region": "eu"})
    elif SCENARIO == "json-schema-2020-12-preservation":
        rich = next(tool for tool in tools if tool.name == "json_schema_2020_12_tool")
        await client.call_tool("json_schema_echo", {"schema": rich.input_schema})


async def main() -> None:
    mode = "auto" if VERSION == "2026-07-28" else "legacy"
    async with Client(sys.argv[1], mode=mode, elicitation_callback=answer, read_timeout_seconds=20) as client:
        await play(client, (await client.list_tools()).tools)


if __name__ == "__main__":
    asyncio.run(main())
