"""What Writ says about itself, as the readers that people use understand it: traces decoded with OpenTelemetry's own protobuf,
metrics parsed by Prometheus's own client, health by status, and the log as JSON with the events of docs/operations.md.

Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed.

    telemetry.py --writ target/release/writ --node target/real/npm
"""

import argparse
import asyncio
import datetime
import http.server
import json
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import uuid

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

import servers
from dpop import Agent
from engines import Process, Site, until
from world import AGENT, CLIENT, World, free_port

FAILED = 0
OPERATIONS = pathlib.Path(__file__).parent.parent / "docs" / "operations.md"
#: What a span of a call may say. All are ids, names of the operator's file and fixed words.
ATTRIBUTES = {"tenant", "agent", "server", "effect", "code"}
#: What a sample may be told apart by, and how many of each there can be at most.
LABELS = {"version": 1, "role": 3, "post": 2, "effect": 3, "code": 120, "standing": 3, "how": 2, "what": 3, "le": 40}
#: The caller's own trace.
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def check(name: str, held: bool, detail: object = "") -> bool:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:600]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)
    return held


class Collector:
    """Takes what is sent as OTLP over HTTP, and keeps it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.heads: list[dict] = []
        outer = self

        class Taker(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.heads.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                outer.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_words) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> list[tuple[dict, object]]:
        """Each span with its resource's attributes."""
        found = []
        for body in list(self.bodies):
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                found += [(about, span) for scope in resource.scope_spans for span in scope.spans]
        return found


def attributes(span) -> dict:
    return {one.key: one.value.string_value for one in span.attributes}


async def calls(site: Site, secret: str, many: int) -> str:
    """Calls that are let through and calls that are refused, under a trace of the caller's own. Gives the token."""
    agent = Agent(site.desk, site.code(), "python")
    parent = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    url = f"{site.gateway}/mcp/everything"
    async with httpx2.AsyncClient(auth=agent, timeout=30, headers=parent) as http:
        async with Client(streamable_http_client(url, http_client=http), mode="legacy") as client:
            echoed = await client.call_tool("echo", {"message": secret})
            check("a call that carries a secret goes through", secret in str(echoed), echoed)
            for n in range(many):
                try:
                    await client.call_tool(f"unheard-of-{n}", {"message": secret})
                except MCPError:
                    continue
        for n in range(many):
            await http.get(f"{site.gateway}/mcp/nowhere-{n}")
    (token, _end) = next(iter(agent.tokens.values()))
    return token


def traces(site: Site, collector: Collector, hidden: dict[str, str]) -> None:
    def ours() -> list:
        return [(about, span) for about, span in collector.spans() if span.trace_id.hex() == TRACE]

    def both() -> bool:
        """They leave in batches: the first may hold one outcome only."""
        return {"allowed", "blocked"} <= {attributes(span).get("effect") for _, span in ours()}

    until("the spans of both outcomes come", both)
    found = ours()
    check("spans reach a collector that decodes OTLP", bool(found), len(collector.bodies))
    heads = collector.heads[0] if collector.heads else {}
    about_it = (heads.get("path"), heads.get("content-type"))
    check("as protobuf at /v1/traces", about_it == ("/v1/traces", "application/x-protobuf"), heads)
    check("every span is a call", {span.name for _, span in found} == {"call"})
    check("and hangs below the caller's", {span.parent_span_id.hex() for _, span in found} == {SPAN})
    check("each has an id of its own", len({span.span_id for _, span in found}) == len(found))
    check("and ends after it began", all(0 < span.start_time_unix_nano <= span.end_time_unix_nano for _, span in found))
    now = time.time_ns()
    check("at about this time", all(abs(now - span.start_time_unix_nano) < 300e9 for _, span in found))
    keys = {key for _, span in found for key in attributes(span)}
    check("attributes are the known ones", keys == ATTRIBUTES, keys)
    said = [attributes(span) for _, span in found]
    fixed = [(one.get("effect"), one.get("code")) for one in said]
    words = re.compile(r"^(allowed|blocked|errored|refused|)$")
    codes = re.compile(r"^([A-Z]{4}-\d{4}|)$")
    odd = [pair for pair in fixed if not words.match(pair[0] or "") or not codes.match(pair[1] or "")]
    check("effects and codes are fixed words", not odd, odd[:3])
    check("both outcomes are there", {"allowed", "blocked"} <= {effect for effect, _ in fixed}, fixed[:5])
    check("the agent is told by its id", any((one.get("agent") or "").startswith("agt_") for one in said))
    check("the client is told by its id", any((one.get("tenant") or "").startswith("tnt_") for one in said))
    services = {about.get("service.name") for about, _ in found}
    check("the service is the gateway", services == {"writ-gateway"}, services)
    check("by its id", all((about.get("service.instance.id") or "").startswith("gwy_") for about, _ in found))
    raw = b"".join(collector.bodies)
    for name, value in hidden.items():
        check(f"no span holds {name}", value.encode() not in raw)


def documented() -> tuple[dict[str, str], set[str]]:
    """Events with their levels, and metrics, as the document has them."""
    events: dict[str, str] = {}
    metrics: set[str] = set()
    for line in OPERATIONS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`([^`]+)`", cells[0]) if line.startswith("|") else []
        if len(cells) == 3:
            levels = [word.strip() for word in cells[1].split(",")]
            for n, name in enumerate(names):
                events[name] = levels[min(n, len(levels) - 1)]
        else:
            metrics |= {name for name in names if name.startswith("writ_")}
    return events, metrics


def families(process: Process) -> dict:
    answer = process.ask("/metrics")
    check(f"{process.role}: metrics are text of Prometheus", answer.headers["content-type"].startswith("text/plain"))
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def metrics(processes: list[Process], hidden: dict[str, str]) -> set[str]:
    """Every role's metrics; gives the names as the document has them."""
    names: set[str] = set()
    for process in processes:
        found, role = families(process), process.role
        untold = [name for name, family in found.items() if not family.documentation or family.type == "unknown"]
        check(f"{role}: every metric has a type and a help", found and not untold, untold)
        samples = [sample for family in found.values() for sample in family.samples]
        odd = {label for sample in samples for label in sample.labels} - set(LABELS)
        check(f"{role}: labels are the known ones", not odd, odd)
        for label, most in LABELS.items():
            values = {sample.labels[label] for sample in samples if label in sample.labels}
            check(f"{role}: at most {most} values of {label}", len(values) <= most, values) if values else None
        text = process.ask("/metrics").text
        for name, value in hidden.items():
            check(f"{role}: no metric holds {name}", value not in text)
        for name, family in found.items():
            names.add(f"{name}_total" if family.type == "counter" else name)
            if family.type == "histogram":
                whole(role, family)
    return names


def whole(role: str, family) -> None:
    buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
    count = next(sample.value for sample in family.samples if sample.name.endswith("_count"))
    grows = buckets == sorted(buckets) and buckets[-1] == count
    check(f"{role}: {family.name} is a histogram whose buckets only grow, up to its count", grows, buckets)


def value(process: Process, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(process.ask("/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def says(process: Process) -> str:
    return json.dumps(process.ask("/readyz").json()["roles"])


def health(site: Site, desk: Process, soc: Process, gateway: Process) -> None:
    for process in (desk, soc, gateway):
        check(f"{process.role}: /healthz", process.ask("/healthz").status_code == 200)
        body = process.ask("/readyz").json()
        check(f"{process.role}: /readyz names its role", [one["role"] for one in body["roles"]] == [process.role], body)
        check(f"{process.role}: as ready", body["ready"] is True and value(process, "writ_role_ready") == 1, body)
    second = site.serve("desk-2", "desk")
    check("a second desk is not ready", second.ask("/readyz").status_code == 503 and "stands by" in says(second), says(second))
    check("and lives", second.ask("/healthz").status_code == 200 and value(second, "writ_role_ready", role="desk") == 0)
    check("the first one's lease is measured", value(desk, "writ_post_held", post="desk") == 1)
    check("and that the second has none", value(second, "writ_post_held", post="desk") == 0)
    for word, why in (("drain", "draining"), ("halt", "halted")):
        words = ["gateway", word, *(["--reason", "a test"] if word == "halt" else []), "--data", str(gateway.data)]
        site.at(words)
        stopped = gateway.ask("/readyz")
        check(f"a gateway told to {word} is not ready", stopped.status_code == 503 and why in says(gateway), says(gateway))
        check(f"and measured as {why}", value(gateway, "writ_gateway_stopped", how=why) == 1)
        site.at(["gateway", "serve", "--reason", "over", "--data", str(gateway.data)])
        check("it serves again", until("it serves", gateway.ready), says(gateway))


def away(site: Site, desk: Process, gateway: Process, secret: str) -> None:
    site.postgres.stop()
    lost = until("its lease ends", lambda: gateway.ask("/readyz").status_code == 503)
    check("without the ledger a gateway is not ready", lost and "its lease lets it do" in says(gateway), says(gateway))
    nothing = until("it lets nothing through", lambda: value(gateway, "writ_gateway_standing", standing="nothing") == 1)
    check("and soon lets nothing through", nothing and value(gateway, "writ_role_ready", role="gateway") == 0)
    check("its age is measured", (value(gateway, "writ_lease_age_seconds") or 0) > 1)
    check("and it lives", gateway.ask("/healthz").status_code == 200)
    site.postgres.start()
    check("with the ledger it serves again", until("it serves", gateway.ready, 40), says(gateway))
    # It could not keep its lease: it has ended, and whoever stood by serves.
    check("a desk without the ledger ends", desk.process.wait(timeout=30) != 0, desk.log.read_text()[-500:])
    second = site.processes[-1]
    check("and the second one serves", until("the second desk", second.ready), says(second))
    site.data = second.data
    site.nats.stop()
    # Its record waits on the gateway's disk.
    asyncio.run(calls(site, secret, 1))
    behind = until("it is behind", lambda: (value(gateway, "writ_bus_behind_seconds") or 0) > 1)
    check("without the bus it is behind, and not ready", behind and not gateway.ready(), says(gateway))
    site.nats.start()
    check("with the bus it serves again", until("it serves", gateway.ready, 60), says(gateway))


def logs(processes: list[Process], hidden: dict[str, str], events: dict[str, str]) -> set[str]:
    seen: set[str] = set()
    for process in processes:
        lines = process.log.read_text().splitlines()
        documents, bad = [], []
        for line in lines:
            try:
                documents.append(json.loads(line))
            except json.JSONDecodeError:
                bad.append(line)
        check(f"{process.data.name}: every line of the log is JSON", lines and not bad, bad[:2])
        fields = ("timestamp", "level", "target", "message")
        short = [one for one in documents if not all(isinstance(one.get(field), str) for field in fields)]
        check(f"{process.data.name}: each says when, how bad, where and what", not short, short[:2])
        times = [datetime.datetime.fromisoformat(one["timestamp"]) for one in documents]
        check(f"{process.data.name}: times are instants", all(at.tzinfo for at in times))
        told = [(one["event"], one["level"].lower()) for one in documents if "event" in one]
        odd = {pair for pair in told if events.get(pair[0]) != pair[1]}
        check(f"{process.data.name}: events are those of the document, as bad as it says", not odd, odd)
        seen |= {event for event, _ in told}
        text = process.log.read_text()
        for name, hide in hidden.items():
            check(f"{process.data.name}: no line holds {name}", hide not in text)
    return seen


class Alone(World):
    """Everything in one process, with metrics."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path, behind: list) -> None:
        self.metrics = f"http://127.0.0.1:{free_port()}"
        super().__init__(writ, folder, behind)

    def configuration(self) -> str:
        return super().configuration() + f'\n[metrics]\nlisten = "{self.metrics[7:]}"\n'


def alone(world: Alone, names: set[str]) -> None:
    ready = httpx2.get(f"{world.metrics}/readyz", timeout=10)
    roles = sorted(one["role"] for one in ready.json()["roles"])
    check("up: /readyz names both its roles", ready.status_code == 200 and roles == ["desk", "gateway"], ready.text)
    found = list(text_string_to_metric_families(httpx2.get(f"{world.metrics}/metrics", timeout=10).text))
    told = {f"{one.name}_total" if one.type == "counter" else one.name for one in found}
    check("up: its metrics are those of the document", found and told <= names, told - names)
    check("up: each has a type and a help", all(one.documentation and one.type != "unknown" for one in found))
    world.run("gateway", "halt", "--reason", "a test")
    halted = httpx2.get(f"{world.metrics}/readyz", timeout=10)
    check("up: halted it is not ready, and says why", halted.status_code == 503 and "halted" in halted.text, halted.text)


def run(site: Site, collector: Collector) -> None:
    desk = site.serve("desk", "desk")
    soc, gateway = site.serve("soc", "soc"), site.serve("one", "gateway")
    for process in (desk, soc, gateway):
        check(f"{process.role} becomes ready", until(process.role, process.ready), says(process))
    site.populate()
    secret = f"secret-{uuid.uuid4().hex}"
    token = asyncio.run(calls(site, secret, 3))
    before = sum(len(family.samples) for family in families(gateway).values())
    token = asyncio.run(calls(site, secret, 40)) or token
    after = sum(len(family.samples) for family in families(gateway).values())
    check("what callers choose makes no sample more", before == after, (before, after))
    kek = (site.data / "kek").read_bytes().hex()
    hidden = {
        "an argument": secret, "a token": token, "the agent's name": AGENT, "the client's name": CLIENT,
        "a tool's name that a caller made up": "unheard-of", "the key of all keys": kek,
        "the command line's token": (site.data / "cli.token").read_text().strip(),
    }
    traces(site, collector, hidden)
    health(site, desk, soc, gateway)
    events, names = documented()
    # The log may name a tool or an agent: it is the operator's. Metrics name neither.
    found = metrics([desk, soc, gateway], hidden)
    check("every metric is one of the document", found <= names, found - names)
    check("and every one of the document is there", names <= found, names - found)
    check("the gateway counted", (value(gateway, "writ_calls_total", effect="allowed") or 0) >= 2)
    check("and what it refused", (value(gateway, "writ_calls_total", effect="blocked") or 0) >= 40)
    away(site, desk, gateway, secret)
    for process in (gateway, soc, site.processes[-1]):
        code = process.stop()
        check(f"{process.role} ends in order", code == 0, code)
    kept = {name: hide for name, hide in hidden.items() if name in ("an argument", "a token", "the key of all keys", "the command line's token")}
    seen = logs(site.processes, kept, events)
    wanted = {
        "desk.serves", "gateway.lease_lost", "gateway.lease_back", "gateway.mode", "gateway.halted", "gateway.draining",
        "gateway.serves", "keeper.failed", "process.stopped",
    }
    check("what happened has its events", wanted <= seen, wanted - seen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, required=True)
    chosen = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-telemetry-"))
    folder.chmod(0o755)
    collector = Collector()
    site = Site(
        chosen.writ.resolve(), folder / "site", [servers.everything(chosen.node.resolve())],
        f'[otlp]\nendpoint = "{collector.endpoint}"\n',
    )
    try:
        run(site, collector)
        world = Alone(chosen.writ.resolve(), folder / "alone", [])
        try:
            alone(world, documented()[1])
        finally:
            world.stop()
    finally:
        site.stop()
        if FAILED:
            for process in site.processes:
                print(f"== {process.data.name}\n{process.log.read_text()[-3000:]}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
