"""What a client of the official Python SDK gets from a fixture server, step by step.

    bridge_steps.py URL session|stateless

prints one JSON object: what each step came to. To add a step: a line in `STEPS`, and the same in `bridge_client.mjs`.
"""

import asyncio
import contextlib
import json
import sys

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CreateMessageResult,
    ElicitResult,
    ListRootsResult,
    PromptReference,
    Root,
    TextContent,
)

LIMIT = 20
LOG, NOTICES = [], []


async def sampled(context, params):
    return CreateMessageResult(role="assistant", model="none", content=TextContent(type="text", text="Paris"))


async def elicited(context, params):
    fields = params.requested_schema.get("properties", {})
    return ElicitResult(action="accept", content={name: field.get("default", "Ann") for name, field in fields.items()})


async def roots(context):
    return ListRootsResult(roots=[Root(uri="file:///orders", name="orders")])


async def logged(params):
    LOG.append(params.data)


async def noticed(message):
    NOTICES.append(type(message).__name__)


def texts(result):
    return [getattr(one, "text", one.type) for one in result.content]


def call(name, **arguments):
    async def act(client, mode):
        return texts(await client.call_tool(name, arguments))

    return act


async def progress(client, mode):
    seen = []

    async def note(done, total, message):
        seen.append(done)

    await client.call_tool("test_tool_with_progress", {}, progress_callback=note)
    return seen


async def logging(client, mode):
    LOG.clear()
    if mode == "session":
        await client.set_logging_level("info")
        await client.call_tool("test_tool_with_logging", {})
    else:
        await client.call_tool("test_tool_with_logging", {}, meta={"io.modelcontextprotocol/logLevel": "info"})
    return len(LOG)


async def changed(client, mode):
    """Hears that the list of tools has changed: on the listening stream, or on one it asks for."""
    if mode == "session":
        NOTICES.clear()
        for _ in range(LIMIT):
            await client.call_tool("test_trigger_tool_change", {})
            await asyncio.sleep(0.5)
            if any("ToolListChanged" in name for name in NOTICES):
                return "heard"
        return NOTICES
    async with client.listen(tools_list_changed=True) as heard:
        await client.call_tool("test_trigger_tool_change", {})
        async for event in heard:
            return "heard" if "ToolsListChanged" in type(event).__name__ or "Tool" in type(event).__name__ else repr(event)


async def watched(client, mode):
    if mode == "session":
        await client.subscribe_resource("test://watched-resource")
        await client.unsubscribe_resource("test://watched-resource")
    else:
        async with client.listen(resource_subscriptions=["test://watched-resource"]):
            pass
    return "taken"


async def missing(client, mode):
    try:
        await client.read_resource("test://none")
    except MCPError as error:
        return error.error.code if mode == "stateless" else "refused"
    return "answered"


async def listed(client, mode):
    return "test_simple_text" in [tool.name for tool in (await client.list_tools()).tools]


async def failing(client, mode):
    return (await client.call_tool("test_error_handling", {})).is_error


async def prompts(client, mode):
    return "test_simple_prompt" in [prompt.name for prompt in (await client.list_prompts()).prompts]


async def prompt(client, mode):
    said = await client.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
    return said.messages[0].content.text


async def resources(client, mode):
    return sorted(str(one.uri) for one in (await client.list_resources()).resources)


async def templates(client, mode):
    return [one.uri_template for one in (await client.list_resource_templates()).resource_templates]


def read(uri):
    async def act(client, mode):
        return (await client.read_resource(uri)).contents[0].text

    return act


async def completed(client, mode):
    ref = PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
    return (await client.complete(ref, {"name": "arg1", "value": "pa"})).completion.values


async def at_once(client, mode):
    """Several calls that ask, at the same time, each with an answer of its own."""
    calls = [client.call_tool("test_elicitation", {"message": f"Who is {number}?"}) for number in range(5)]
    return [texts(one) for one in await asyncio.gather(*calls)]


async def left(client, mode):
    """A call that is left, and the next one answered all the same."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(client.call_tool("test_tool_with_progress", {}), 0.01)
    return texts(await client.call_tool("test_simple_text", {}))


async def pinged(client, mode):
    if mode == "session":
        await client.send_ping()
    return "answered"


STEPS = {
    "the list of tools": listed,
    "a tool answers": call("test_simple_text"),
    "several contents": call("test_multiple_content_types"),
    "a tool that fails": failing,
    "progress": progress,
    "log": logging,
    "an argument in a header": call("test_region", region="Zürich"),
    "sampling": call("test_sampling", prompt="What is the capital of France?"),
    "elicitation": call("test_elicitation", message="Who?"),
    "elicitation with defaults": call("test_elicitation_sep1034_defaults"),
    "roots": call("test_input_required_result_list_roots"),
    "two rounds of questions": call("test_input_required_result_multi_round"),
    "five calls that ask at once": at_once,
    "a call that is left": left,
    "the list of prompts": prompts,
    "a prompt": prompt,
    "the list of resources": resources,
    "templates": templates,
    "a resource": read("test://static-text"),
    "a resource of a template": read("test://template/7/data"),
    "a resource that is not there": missing,
    "completion": completed,
    "a subscription": watched,
    "a changed list": changed,
    "ping": pinged,
}


async def main() -> None:
    url, mode = sys.argv[1:]
    negotiated = "legacy" if mode == "session" else "2026-07-28"
    found = {}
    callbacks = {
        "sampling_callback": sampled,
        "elicitation_callback": elicited,
        "list_roots_callback": roots,
        "logging_callback": logged,
        "message_handler": noticed,
    }
    async with Client(url, mode=negotiated, read_timeout_seconds=LIMIT, **callbacks) as client:
        for name, step in STEPS.items():
            try:
                found[name] = await asyncio.wait_for(step(client, mode), LIMIT)
            except Exception as error:  # noqa: BLE001  what falls over is one step that failed
                found[name] = f"failed: {error!r}"[:300]
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
