"""The tasks extension (`io.modelcontextprotocol/tasks`, SEP-2663) as the conformance suite asks for it, over the official
Python SDK, which has the door for extensions but none of its own for tasks.

Never here: a task kept beyond the process. To add a kind of task: a coroutine in WORK.
"""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

from mcp.server.extension import Extension, MethodBinding, ToolBinding
from mcp.server.mcpserver.server import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp_types import RequestParams
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

NAME = "io.modelcontextprotocol/tasks"
MODERN = frozenset({"2026-07-28"})
OVER = ("completed", "failed", "cancelled")
#: Tools that cannot be done without a task.
REQUIRED = ("failing_job", "test_tool_with_task")


def now() -> str:
    return datetime.now(UTC).isoformat()


def says(words: str, **more: Any) -> dict:
    return {"content": [{"type": "text", "text": words}], "resultType": "complete", **more}


def question(message: str, key: str) -> dict:
    schema = {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


class Task:
    """One task: what it is at, what it waits for, what came of it."""

    def __init__(self) -> None:
        self.id, self.status, self.began, self.changed = uuid.uuid4().hex, "working", now(), now()
        self.more: dict[str, Any] = {}
        self.asked: dict[str, dict] = {}
        self.answers: dict[str, dict] = {}
        self.answered = asyncio.Event()

    def head(self, kind: str) -> dict:
        return {
            "resultType": kind, "taskId": self.id, "status": self.status, "createdAt": self.began,
            "lastUpdatedAt": self.changed, "ttlMs": 60_000, "pollIntervalMs": 200,
        }

    def detailed(self) -> dict:
        waits = {"inputRequests": self.asked} if self.status == "input_required" else {}
        return {**self.head("complete"), **waits, **self.more}

    def settle(self, status: str, **more: Any) -> None:
        if self.status not in OVER:
            self.status, self.changed, self.more = status, now(), more

    async def ask(self, *questions: tuple[str, str]) -> list[dict]:
        """Asks the client all at once; goes on when everything is answered."""
        keys = [uuid.uuid4().hex for _ in questions]
        self.asked = {key: question(*words) for key, words in zip(keys, questions, strict=True)}
        self.status, self.changed = "input_required", now()
        await self.answered.wait()
        self.status = "working"
        return [self.answers[key] for key in keys]

    def answer(self, responses: dict[str, dict]) -> None:
        for key, response in responses.items():
            if self.asked.pop(key, None) is not None:
                self.answers[key] = response
        if self.answers and not self.asked:
            self.answered.set()


async def slow_compute(task: Task, arguments: dict) -> dict:
    await asyncio.sleep(arguments.get("seconds", 0))
    return says(f"computed {arguments.get('label', '')}")


async def failing_job(task: Task, arguments: dict) -> dict:
    await asyncio.sleep(0.3)
    return says("it did not work", isError=True)


async def protocol_error_job(task: Task, arguments: dict) -> dict:
    raise MCPError(code=-32603, message="the job broke")


async def confirm_delete(task: Task, arguments: dict) -> dict:
    (said,) = await task.ask((f"Delete {arguments.get('filename', 'it')}?", "confirm"))
    return says(f"answered with {said.get('action')}")


async def multi_input(task: Task, arguments: dict) -> dict:
    first, second = await task.ask(("The first?", "first"), ("The second?", "second"))
    return says(f"answered with {first.get('action')} and {second.get('action')}")


async def test_tool_with_task(task: Task, arguments: dict) -> dict:
    return says(f"done for {arguments['user_name']}")


WORK = {work.__name__: work for work in (
    slow_compute, failing_job, protocol_error_job, confirm_delete, multi_input, test_tool_with_task,
)}


class Named(RequestParams):
    """What names a task."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, populate_by_name=True)
    task_id: str
    input_responses: dict[str, dict] | None = None


def greet(name: str) -> str:
    """For the suite: no task."""
    return f"Hello, {name}!"


def listed(name: str):
    """A tool as the list shows it; a client without tasks is told so in words."""

    def tool(seconds: float = 0, label: str = "", filename: str = "") -> str:
        return f"{name} {label or filename}: done without a task"

    tool.__name__, tool.__doc__ = name, "For the suite: a task."
    return tool


class Tasks(Extension):
    identifier = NAME

    def __init__(self) -> None:
        self.known: dict[str, Task] = {}
        self.running: set[asyncio.Task] = set()

    def tools(self):
        plain = {"structured_output": False}
        return [ToolBinding(greet, kwargs=plain), *(ToolBinding(listed(name), kwargs=plain) for name in WORK)]

    def methods(self):
        served = {"tasks/get": self.get, "tasks/update": self.update, "tasks/cancel": self.cancel}
        return [MethodBinding(name, Named, self.checked(act), MODERN) for name, act in served.items()]

    def checked(self, act):
        """Only for clients that know tasks, and headers that say what the body says (SEP-2243)."""

        async def handler(ctx, params: Named) -> dict:
            require_client_extension(ctx, NAME)
            if ctx.request is not None and ctx.request.headers.get("mcp-name") != params.task_id:
                raise MCPError(code=-32020, message="Mcp-Name does not match params.taskId")
            task = self.known.get(params.task_id)
            if task is None:
                raise MCPError(code=-32602, message="no such task")
            return act(task, params)

        return handler

    def get(self, task: Task, params: Named) -> dict:
        return task.detailed()

    def update(self, task: Task, params: Named) -> dict:
        task.answer(params.input_responses or {})
        return {"resultType": "complete"}

    def cancel(self, task: Task, params: Named) -> dict:
        task.settle("cancelled")
        return {"resultType": "complete"}

    async def intercept_tool_call(self, params, ctx, call_next):
        work = WORK.get(params.name)
        if work is None:
            return await call_next(ctx)
        try:
            require_client_extension(ctx, NAME)
        except MCPError:
            if params.name in REQUIRED:
                raise
            return await call_next(ctx)
        arguments = dict(params.arguments or {})
        if params.name == "test_tool_with_task":
            said = (params.input_responses or {}).get("user_name")
            if said is None:
                asks = {"user_name": question("What is your name?", "name")}
                return {"resultType": "input_required", "inputRequests": asks}
            arguments["user_name"] = next(iter((said.content or {}).values()), "")
        task = Task()
        self.known[task.id] = task
        running = asyncio.get_running_loop().create_task(self.run(task, work, arguments))
        self.running.add(running)
        running.add_done_callback(self.running.discard)
        return task.head("task")

    async def run(self, task: Task, work, arguments: dict) -> None:
        try:
            task.settle("completed", result=await work(task, arguments))
        except MCPError as error:
            task.settle("failed", error={"code": error.error.code, "message": error.error.message})
