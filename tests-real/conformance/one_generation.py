"""The Python fixture server as one of a single generation: what it is asked in the words of the other it refuses, as a server
does that knows nothing of it, and what the other's tools ask it asks in its own form.

Never here: a message of its own generation touched.
"""

import json

import uvicorn
from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult
from starlette.responses import JSONResponse

STATELESS = "2026-07-28"


def refusal(status: int, code: int, message: str, data: dict | None = None) -> JSONResponse:
    error = {"code": code, "message": message, **({"data": data} if data else {})}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status)


class Only:
    """In front of the server's application."""

    def __init__(self, app, only: str) -> None:
        self.app, self.only = app, only

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and (answer := self.refused(scope)):
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def refused(self, scope) -> JSONResponse | None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        stateless = headers.get("mcp-protocol-version") == STATELESS
        if self.only == "session" and stateless:
            return refusal(400, -32600, f"Bad Request: Unsupported protocol version: {STATELESS}")
        if self.only == "stateless" and scope["method"] != "POST":
            return refusal(405, -32600, "Method Not Allowed")
        if self.only == "stateless" and not stateless:
            named = headers.get("mcp-protocol-version", "")
            return refusal(400, -32022, "Unsupported protocol version", {"supported": [STATELESS], "requested": named})
        return None


def stateless_tools(fixture) -> None:
    """Tools that ask in the middle of a call, with answers that ask instead."""

    def elicited(ctx: Context, lead: str, message: str, schema: dict) -> str | InputRequiredResult:
        said = fixture.said(ctx, "answer")
        if said is None:
            form = ElicitRequestFormParams(message=message, requested_schema=schema)
            return fixture.needs(answer=ElicitRequest(params=form))
        return f"{lead}: action={said.action}, content={json.dumps(said.content or {})}"

    def test_sampling(prompt: str, ctx: Context) -> str | InputRequiredResult:
        """For the suite."""
        said = fixture.said(ctx, "answer")
        return fixture.needs(answer=fixture.sample(prompt)) if said is None else f"LLM response: {said.content.text}"

    def test_elicitation(message: str, ctx: Context) -> str | InputRequiredResult:
        """For the suite."""
        schema = fixture.form(username={"type": "string"}, email={"type": "string"})
        return elicited(ctx, "User response", message, schema)

    def test_elicitation_sep1034_defaults(ctx: Context) -> str | InputRequiredResult:
        """For the suite."""
        return elicited(ctx, "Elicitation completed", "Look these over", fixture.DEFAULTS)

    def test_elicitation_sep1330_enums(ctx: Context) -> str | InputRequiredResult:
        """For the suite."""
        return elicited(ctx, "Elicitation completed", "Choose", fixture.ENUMS)

    replace(fixture.server, test_sampling, test_elicitation)
    replace(fixture.server, test_elicitation_sep1034_defaults, test_elicitation_sep1330_enums)


def session_tools(fixture) -> None:
    """Tools whose answers ask, with questions in the middle of the call instead."""

    async def form(ctx: Context, message: str, **properties):
        return await ctx.session.elicit_form(message, fixture.form(**properties), related_request_id=ctx.request_id)

    async def test_input_required_result_elicitation(ctx: Context) -> str:
        """For the suite."""
        said = await form(ctx, "What is your name?", name={"type": "string"})
        return f"Hello, {said.content['name']}!"

    async def test_input_required_result_sampling(ctx: Context) -> str:
        """For the suite."""
        asked = [fixture.SamplingMessage(role="user", content=fixture.text("What is the capital of France?"))]
        said = await ctx.session.create_message(asked, max_tokens=100, related_request_id=ctx.request_id)
        return said.content.text

    async def test_input_required_result_list_roots(ctx: Context) -> str:
        """For the suite. The SDK asks for roots on the listening stream."""
        return " ".join(str(root.uri) for root in (await ctx.session.list_roots()).roots)

    async def test_input_required_result_multi_round(ctx: Context) -> str:
        """For the suite."""
        await form(ctx, "Step 1: What is your name?", name={"type": "string"})
        await form(ctx, "Step 2: What is your favorite color?", color={"type": "string"})
        return "both rounds are done"

    async def test_input_required_result_request_state(ctx: Context) -> str:
        """For the suite."""
        await form(ctx, "Please confirm", ok={"type": "boolean"})
        return "state-ok"

    async def test_input_required_result_tampered_state(ctx: Context) -> str:
        """For the suite."""
        await form(ctx, "Please confirm", ok={"type": "boolean"})
        return "untouched"

    async def test_input_required_result_capabilities(ctx: Context) -> str:
        """For the suite."""
        can = ctx.client_capabilities
        if can and can.elicitation is not None:
            await form(ctx, "What is your name?", name={"type": "string"})
        if can and can.sampling is not None:
            asked = [fixture.SamplingMessage(role="user", content=fixture.text("Say something"))]
            await ctx.session.create_message(asked, max_tokens=100, related_request_id=ctx.request_id)
        return "nothing to ask"

    async def test_trigger_tool_change(ctx: Context) -> str:
        """For the suite."""
        await ctx.session.send_tool_list_changed()
        return "said so"

    replace(fixture.server, test_trigger_tool_change, test_input_required_result_capabilities)
    replace(fixture.server, test_input_required_result_request_state, test_input_required_result_tampered_state)
    replace(fixture.server, test_input_required_result_elicitation, test_input_required_result_sampling)
    replace(fixture.server, test_input_required_result_list_roots, test_input_required_result_multi_round)


def replace(server, *tools) -> None:
    for tool in tools:
        server.remove_tool(tool.__name__)
        server.add_tool(tool, structured_output=False)


def run(fixture, only: str, port: int) -> None:
    (stateless_tools if only == "stateless" else session_tools)(fixture)
    app = fixture.server.streamable_http_app(event_store=fixture.Events(), retry_interval=500)
    uvicorn.run(Only(app, only), host="127.0.0.1", port=port, log_level="error")
