#!/usr/bin/env python3
"""Checks the conversations that make.py wrote: `python3 tests-data/flow/check.py`, also called by make.py. Ends with 1 if something is wrong.

Never here: what a conversation is about; an engine. To check more: in `conversation` or `wanted_by_nobody`.
"""

import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
HALVES = ("tune", "seen", "more", "final")
KINDS = {"injected", "honest_act", "honest_read"}
TECHNIQUES = {"direct", "hidden", "encoded", "multi_step", "cross_tool", "memory", "sub_agent", "fact"}
# What an honest act may not have out of the air: mail addresses and accounts.
GROUNDED = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[A-Z]{2}\d{2}[A-Z0-9]{10,}\b")
MEMBERS = {
    "tool": ({"type", "server", "tool", "description", "input_schema"}, {"annotations"}),
    "task": ({"type", "conversation", "agent", "text"}, set()),
    "call": ({"type", "conversation", "id", "server", "tool", "arguments"}, set()),
    "result": ({"type", "conversation", "id", "content", "is_error"}, set()),
}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def recording(path, bad):
    """The conversations of a file, each line of it looked at."""
    tools, found = {}, {}
    for number, row in enumerate(lines(path), 1):
        where = f"{path.parent.name}/{path.name}:{number}"
        needed, allowed = MEMBERS.get(row.get("type"), (None, None))
        if needed is None or not needed <= set(row) <= needed | allowed:
            bad.append(f"{where}: no line of the format")
            continue
        if row["type"] == "tool":
            if (row["server"], row["tool"]) in tools or row["input_schema"].get("type") != "object":
                bad.append(f"{where}: a tool twice, or without a schema")
            tools[row["server"], row["tool"]] = row["input_schema"]
            continue
        talk = found.setdefault(row["conversation"], {"tasks": [], "calls": {}, "results": {}, "order": [], "read": "", "loose": {}})
        talk["order"].append((row["type"], row.get("id")))
        if row["type"] == "task":
            talk["tasks"].append(row["text"])
            talk["read"] += row["text"]
        elif row["type"] == "result":
            if row["id"] not in talk["calls"] or row["id"] in talk["results"] or not isinstance(row["is_error"], bool):
                bad.append(f"{where}: a result without its call, or twice")
            talk["results"][row["id"]] = row["content"]
            talk["read"] += " ".join(str(value) for _, value in leaves(row["content"]))
        else:
            arguments(row, tools.get((row["server"], row["tool"])), where, bad)
            if row["id"] in talk["calls"] or not talk["tasks"]:
                bad.append(f"{where}: a call twice, or before a task")
            talk["calls"][row["id"]] = row
            known = "".join(talk["read"].split())
            named = [one for _, value in leaves(row["arguments"]) for one in GROUNDED.findall(str(value))]
            talk["loose"][row["id"]] = [one for one in named if one not in known]
    return found


def arguments(row, schema, where, bad):
    """A call fits the schema of its tool."""
    if schema is None:
        bad.append(f"{where}: no such tool")
        return
    for needed in schema.get("required", []):
        if needed not in row["arguments"]:
            bad.append(f"{where}: {needed} is missing")
    for path, value in leaves(row["arguments"]):
        at = schema
        for step in path.split("."):
            at = at.get("items", at).get("properties", {}).get(step) or {}
        at = at.get("items", at)
        kinds = {"string": str, "number": (int, float), "boolean": bool}
        if at.get("type") not in kinds or not isinstance(value, kinds[at["type"]]):
            bad.append(f"{where}: {path} is not what the tool takes")


def wanted_by_nobody(talk, call):
    """Something in an injected call stands in none of the person's words before it."""
    said = " ".join(talk["tasks"]).lower()
    return any(str(value).lower() not in said for _, value in leaves(talk["calls"][call]["arguments"]))


def half(name, bad):
    found = {}
    for path in sorted((HERE / name).glob("*.ndjson")):
        if path.stem != "labels":
            found |= recording(path, bad)
    labels = lines(HERE / name / "labels.ndjson")
    if {row["conversation"] for row in labels} != set(found) or len(labels) != len(found):
        bad.append(f"{name}: labels and conversations differ")
    for row in labels:
        if row["conversation"] in found:
            conversation(name, row, found[row["conversation"]], bad)
    return labels


def conversation(name, row, talk, bad):
    where = f"{name}/{row['conversation']}"
    if set(row["calls"]) != set(talk["calls"]) or set(talk["results"]) != set(talk["calls"]):
        bad.append(f"{where}: a call without label or result")
    if not set(row["calls"].values()) <= KINDS or row["kind"] not in ("attack", "honest"):
        bad.append(f"{where}: no such label")
    injected = [call for call, kind in row["calls"].items() if kind == "injected"]
    attack = row["kind"] == "attack"
    if bool(injected) != attack or row["technique"] not in (TECHNIQUES if attack else {"none"}):
        bad.append(f"{where}: kind, technique and labels differ")
    if row["no_order"] and not attack:
        bad.append(f"{where}: only an attack is without order")
    for call in injected:
        if call in talk["calls"] and not wanted_by_nobody(talk, call):
            bad.append(f"{where}: the person asked for {call}")
    for call, kind in row["calls"].items():
        if kind == "honest_act" and talk["loose"].get(call):
            bad.append(f"{where}: {call} has {talk['loose'][call]} from nowhere")
    if talk["order"][0][0] != "task":
        bad.append(f"{where}: begins without a task")


def table(name, labels):
    """Conversations by environment and technique; calls by label."""
    columns = ["none", *sorted(TECHNIQUES)]
    counts = collections.Counter((row["environment"], row["technique"]) for row in labels)
    print(f"{name:10}" + "".join(f"{column:>11}" for column in columns) + "   no_order  injected  honest_act  honest_read")
    for environment in [*sorted({row["environment"] for row in labels}), "all"]:
        rows = [row for row in labels if environment in (row["environment"], "all")]
        calls = collections.Counter(kind for row in rows for kind in row["calls"].values())
        cells = [sum(row["technique"] == column for row in rows) for column in columns]
        print(f"{environment:10}" + "".join(f"{cell:>11}" for cell in cells) + f"{sum(row['no_order'] for row in rows):>11}"
              f"{calls['injected']:>10}{calls['honest_act']:>12}{calls['honest_read']:>13}")
    attacks = [row for row in labels if row["kind"] == "attack"]
    with_acts = sum("honest_act" in row["calls"].values() for row in labels if row["kind"] == "honest")
    print(f"attacks {len(attacks)}, with honest acts {sum('honest_act' in row['calls'].values() for row in attacks)};"
          f" honest {len(labels) - len(attacks)}, with acts {with_acts}; scenes {len({(r['environment'], r['skeleton']) for r in labels})}\n")
    return counts


def main():
    bad = []
    for name in HALVES:
        table(name, half(name, bad))
    for line in bad:
        print(line)
    print("everything fits" if not bad else f"{len(bad)} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
