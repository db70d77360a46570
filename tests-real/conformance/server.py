"""Everything that the conformance suite asks a server for, written with the official Python SDK.

    server.py PORT | server.py stdio

One address serves every revision, as the SDK does; with ONLY=session or ONLY=stateless in its environment it is a server of
that generation alone, with the other's tools in its own form (`one_generation.py`, for `bridge.py`). Never here: a workaround for what a gateway in front might do.
To add a tool: a function under `@server.tool()`; its name is what the suite calls it.
"""

import asyncio
import base64
import json
import os
import sys
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.tools import Tool
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.shared.exceptions import MCPError
from mcp_types import (
    AudioContent,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

from tasks import Tasks

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
EVENTS = 4096  # LIMIT: events kept for readers that come back; far more than one scenario sends.

#: A schema with what JSON Schema 2020-12 has over its forerunners; it must be listed as it stands here.
RICH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        },
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def json_schema_2020_12_tool() -> str:
    """For the suite."""
    return "listed as it is"


listed = Tool.from_function(json_schema_2020_12_tool).model_copy(update={"parameters": RICH})
server = MCPServer("fixture-python", version="1.0.0", tools=[listed], extensions=[Tasks()])
subscribed: set[str] = set()


class Events(EventStore):
    """What was sent on each stream, so that a reader that was cut off can go on where it was."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Any]] = []

    async def store_event(self, stream_id, message):
        if len(self.kept) < EVENTS:
            self.kept.append((stream_id, message))
        return str(len(self.kept) - 1)

    async def replay_events_after(self, last_event_id, send_callback):
        at = int(last_event_id) if last_event_id.isdecimal() else EVENTS
        if at >= len(self.kept):
            return None
        stream = self.kept[at][0]
        for number, (owner, message) in list(enumerate(self.kept))[at + 1 :]:
            if owner == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


def text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, mime_type: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=words))


def form(**properties: dict) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties)}


# --- what every revision has


@server.tool(structured_output=False)
def test_simple_text() -> str:
    """For the suite."""
    return "This is a simple text response for testing."


@server.tool(structured_output=False)
def test_image_content() -> list:
    """For the suite."""
    return [image()]


@server.tool(structured_output=False)
def test_audio_content() -> list:
    """For the suite."""
    return [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")]


@server.tool(structured_output=False)
def test_embedded_resource() -> list:
    """For the suite."""
    return [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


@server.tool(structured_output=False)
def test_multiple_content_types() -> list:
    """For the suite."""
    mixed = embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return [text("Multiple content types test:"), image(), mixed]


@server.tool()
def test_error_handling() -> str:
    """For the suite."""
    raise ToolError("This tool intentionally returns an error for testing")


@server.tool(structured_output=False)
async def test_tool_with_logging(ctx: Context) -> str:
    """For the suite."""
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(words)
        await asyncio.sleep(0.05)
    return "logged three times"


@server.tool(structured_output=False)
async def test_logging_tool(ctx: Context) -> str:
    """For the suite."""
    await ctx.info("heard only by who asked for it")
    return "done"


@server.tool(structured_output=False)
async def test_tool_with_progress(ctx: Context) -> str:
    """For the suite."""
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100)
        await asyncio.sleep(0.05)
    return "all of it"


@server.tool(structured_output=False)
async def test_reconnection(ctx: Context) -> str:
    """For the suite."""
    await ctx.close_sse_stream()
    await asyncio.sleep(0.2)
    return "still here"


@server.tool(structured_output=False)
def test_region(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Listed so that a client repeats the argument in a header of its own (SEP-2243)."""
    return region


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """For the suite."""
    return "This is the content of the static text resource."


@server.resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    """For the suite."""
    return base64.b64decode(PIXEL)


@server.resource("test://watched-resource", mime_type="text/plain")
def watched() -> str:
    """For the suite."""
    return "Watched."


@server.resource("test://template/{id}/data", mime_type="application/json")
def template(id: str) -> str:
    """For the suite."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


@server.prompt()
def test_simple_prompt() -> list:
    """For the suite."""
    return [UserMessage(text("This is a simple prompt for testing."))]


@server.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> list:
    """For the suite."""
    return [UserMessage(text(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"))]


@server.prompt()
def test_prompt_with_embedded_resource(resourceUri: str) -> list:  # noqa: N803  the suite's spelling
    """For the suite."""
    resource = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(resource), UserMessage(text("Please process the embedded resource above."))]


@server.prompt()
def test_prompt_with_image() -> list:
    """For the suite."""
    return [UserMessage(image()), UserMessage(text("Please analyze the image above."))]


@server.completion()
async def complete(ref, argument, context):
    return Completion(values=["paris", "park"])


# --- what revisions with a handshake have: the server asks in the middle of a call


@server.tool(structured_output=False)
async def test_sampling(prompt: str, ctx: Context) -> str:
    """For the suite."""
    asked = [SamplingMessage(role="user", content=text(prompt))]
    said = await ctx.session.create_message(asked, max_tokens=100, related_request_id=ctx.request_id)
    return f"LLM response: {said.content.text}"


DEFAULTS = {
    **form(
        name={"type": "string", "default": "John Doe"},
        age={"type": "integer", "default": 30},
        score={"type": "number", "default": 95.5},
        status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        verified={"type": "boolean", "default": True},
    ),
    "required": [],
}
TITLED = [{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}]
OPTIONS = ["option1", "option2", "option3"]
ENUMS = form(
    untitledSingle={"type": "string", "enum": OPTIONS},
    titledSingle={"type": "string", "oneOf": TITLED},
    legacyEnum={"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
    untitledMulti={"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    titledMulti={"type": "array", "items": {"anyOf": TITLED}},
)


async def elicited(ctx: Context, lead: str, message: str, schema: dict) -> str:
    said = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return f"{lead}: action={said.action}, content={json.dumps(said.content or {})}"


@server.tool(structured_output=False)
async def test_elicitation(message: str, ctx: Context) -> str:
    """For the suite."""
    return await elicited(ctx, "User response", message, form(username={"type": "string"}, email={"type": "string"}))


@server.tool(structured_output=False)
async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """For the suite."""
    return await elicited(ctx, "Elicitation completed", "Look these over", DEFAULTS)


@server.tool(structured_output=False)
async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """For the suite."""
    return await elicited(ctx, "Elicitation completed", "Choose", ENUMS)


async def set_level(ctx, params):
    return EmptyResult()


async def subscribe(ctx, params):
    subscribed.add(str(params.uri))
    return EmptyResult()


async def unsubscribe(ctx, params):
    subscribed.discard(str(params.uri))
    return EmptyResult()


# --- what 2026-07-28 has: an answer that asks, and the call made again with what was asked for


def ask(message: str, **properties: dict) -> ElicitRequest:
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=form(**properties)))


def ask_name(message: str = "What is your name?") -> ElicitRequest:
    return ask(message, name={"type": "string"})


def sample(words: str, most: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=text(words))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=most))


def needs(state: str | None = None, **requests) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def said(ctx: Context, name: str) -> Any:
    return (ctx.input_responses or {}).get(name)


def accepted(answer: Any, key: str) -> Any:
    content = getattr(answer, "content", None)
    return content.get(key) if getattr(answer, "action", None) == "accept" and content else None


@server.tool(structured_output=False)
def test_input_required_result_elicitation(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    name = accepted(said(ctx, "user_name"), "name")
    return needs(user_name=ask_name()) if name is None else f"Hello, {name}!"


@server.tool(structured_output=False)
def test_input_required_result_sampling(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    answer = said(ctx, "capital_question")
    return needs(capital_question=sample("What is the capital of France?")) if answer is None else answer.content.text


@server.tool(structured_output=False)
def test_input_required_result_list_roots(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    answer = said(ctx, "client_roots")
    if answer is None:
        return needs(client_roots=ListRootsRequest())
    return " ".join(str(root.uri) for root in answer.roots)


def confirmed(ctx: Context, done: str) -> str | InputRequiredResult:
    if ctx.request_state == "confirm" and said(ctx, "confirm"):
        return done
    return needs("confirm", confirm=ask("Please confirm", ok={"type": "boolean"}))


@server.tool(structured_output=False)
def test_input_required_result_request_state(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    return confirmed(ctx, "state-ok")


@server.tool(structured_output=False)
def test_input_required_result_tampered_state(ctx: Context) -> str | InputRequiredResult:
    """For the suite. The SDK seals the state, and refuses one that it did not seal."""
    return confirmed(ctx, "untouched")


@server.tool(structured_output=False)
def test_input_required_result_multiple_inputs(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    if all(said(ctx, name) for name in ("user_name", "greeting", "client_roots")):
        return "all three are here"
    greeting = sample("Generate a greeting", 50)
    return needs("all", user_name=ask_name(), greeting=greeting, client_roots=ListRootsRequest())


@server.tool(structured_output=False)
def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    if ctx.request_state == "second" and said(ctx, "step2"):
        return "both rounds are done"
    if ctx.request_state == "first" and said(ctx, "step1"):
        return needs("second", step2=ask("Step 2: What is your favorite color?", color={"type": "string"}))
    return needs("first", step1=ask_name("Step 1: What is your name?"))


@server.tool(structured_output=False)
def test_input_required_result_capabilities(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    can = ctx.client_capabilities
    wanted = {}
    if can and can.elicitation is not None:
        wanted["name"] = ask_name()
    if can and can.sampling is not None:
        wanted["sample"] = sample("Say something")
    return needs(**wanted) if any(said(ctx, name) is None for name in wanted) else "nothing to ask"


@server.prompt()
def test_input_required_result_prompt(ctx: Context) -> list | InputRequiredResult:
    """For the suite."""
    context = accepted(said(ctx, "user_context"), "context")
    if context is None:
        return needs(user_context=ask("What context should the prompt use?", context={"type": "string"}))
    return [UserMessage(text(f"In the context of {context}"))]


@server.tool(structured_output=False)
def test_missing_capability(ctx: Context) -> str:
    """For the suite."""
    can = ctx.client_capabilities
    if can is None or can.sampling is None:
        raise MCPError(code=-32021, message="sampling is needed", data={"requiredCapabilities": {"sampling": {}}})
    return "nothing is missing"


@server.tool(structured_output=False)
def test_streaming_elicitation(ctx: Context) -> str | InputRequiredResult:
    """For the suite."""
    return needs(user_name=ask_name())


@server.tool(structured_output=False)
async def test_trigger_tool_change(ctx: Context) -> str:
    """For the suite."""
    await ctx.notify_tools_changed()
    return "said so"


@server.tool(structured_output=False)
async def test_trigger_prompt_change(ctx: Context) -> str:
    """For the suite."""
    await ctx.notify_prompts_changed()
    return "said so"


if __name__ == "__main__":
    low = server._lowlevel_server  # The SDK has no other door to these three.
    low.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
    low.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
    low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)
    only = os.environ.get("ONLY")
    if only:
        import one_generation

        one_generation.run(sys.modules["__main__"], only, int(sys.argv[1]))
    elif sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        port = int(sys.argv[1])
        server.run("streamable-http", host="127.0.0.1", port=port, event_store=Events(), retry_interval=500)
