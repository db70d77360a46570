"""The interop decisions of OpenID AuthZEN, asked of a running Writ over its Authorization API.

The policies of the todo and of the API gateway scenario are written as people write them: one agent for each subject of
the published data, grants by role, conditions on what is asked. Every published question must come out as published;
then what is forged, and what must not be answered. Prints one `ok - …` or `not ok - …` line a check, and figures as JSON
last; exits 1 if any failed.

    authzen.py --writ target/release/writ [--data DIR]      # DIR: $WRIT_DATA; without it the published questions are left out

Never here: an answer taken from the data. To add a scenario: a row of SCENARIOS, its grants in `policy`.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
import traceback

import httpx2

from dpop import Agent
from world import CLIENT, World

FAILED = 0
FIGURES: dict = {}
MARKS = {"published": 0}
#: The people of the todo scenario, with their roles there; each is an agent here.
SUBJECTS = {
    "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": ("rick@the-citadel.com", {"admin", "evil_genius"}),
    "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": ("morty@the-citadel.com", {"editor"}),
    "CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": ("summer@the-smiths.com", {"editor"}),
    "CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": ("beth@the-smiths.com", {"viewer"}),
    "CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": ("jerry@the-smiths.com", {"viewer"}),
}
RICK, MORTY = list(SUBJECTS)[:2]
SCENARIOS = ("todo-decisions-1_0-02.json", "api-gateway-decisions.json")
OWNER = "/resource/properties/ownerID"


def check(name: str, held: bool, detail: object = "") -> bool:
    global FAILED
    FAILED += not held
    print(f"ok - {name}" if held else f"not ok - {name}: {' '.join(str(detail).split())[:400]}", flush=True)
    return held


class Pep(Agent):
    """A gateway that asks: an agent like any other, whose tokens are for Writ's gateway as a whole."""

    def __init__(self, world: World, code: str, label: str) -> None:
        super().__init__(world.desk, code, label)
        self.umbrella = f"{world.gateway}/mcp"

    def token(self, resource: str) -> str:
        return super().token(self.umbrella)


def made(world: World, name: str) -> str:
    """An agent that works; a code to enroll a copy of it."""
    at = ["--client", CLIENT]
    world.run("agent", "propose", *at, "--name", name, "--purpose", "Stands in a scenario of AuthZEN.")
    people = ["--authorizer", "June Harbor", "--auditor", "Ivo Brandt", "--terminator", "Mara Lind"]
    world.run("agent", "account", *at, name, *people, "--terminator", "June Harbor")
    world.run("agent", "activate", *at, name)
    return world.run("agent", "offer", *at, name)["code"]


def give(world: World, agent: str, server: str, tool: str, *rules: str) -> None:
    words = ["grant", "give", "--client", CLIENT, "--agent", agent, "--server", server, "--tool", tool]
    for rule in rules:
        words += ["--where", rule]
    world.run(*words, "--reason", "the scenario's policy")


def policy(world: World, subject: str, mail: str, roles: set[str]) -> None:
    """What the scenarios' documents say of the roles."""
    route = "/resource/id one_of "
    give(world, subject, "user", "can_read_user")
    give(world, subject, "todo", "can_read_todos")
    give(world, subject, "route", "GET", route + "/users/{userId},/todos")
    if roles & {"admin", "editor"}:
        give(world, subject, "todo", "can_create_todo")
        give(world, subject, "route", "POST", route + "/todos")
        give(world, subject, "route", "DELETE", route + "/todos/{todoId}")
    if roles & {"evil_genius", "editor"}:
        give(world, subject, "route", "PUT", route + "/todos/{todoId}")
    if "evil_genius" in roles:
        give(world, subject, "todo", "can_update_todo")
    if "admin" in roles:
        give(world, subject, "todo", "can_delete_todo")
    if "editor" in roles:
        give(world, subject, "todo", "can_update_todo", f"{OWNER} one_of {mail}")
        give(world, subject, "todo", "can_delete_todo", f"{OWNER} one_of {mail}")


class Asking:
    """A PEP's client, and how long its questions took."""

    def __init__(self, world: World, auth) -> None:
        self.world, self.http = world, httpx2.Client(auth=auth, timeout=30)
        self.took: list[float] = []

    def post(self, path: str, body, headers: dict | None = None) -> httpx2.Response:
        begun = time.perf_counter()
        answer = self.http.post(f"{self.world.gateway}/access/v1/{path}", json=body, headers=headers or {})
        self.took.append((time.perf_counter() - begun) * 1000)
        return answer

    def decision(self, body) -> dict:
        answer = self.post("evaluation", body)
        if answer.status_code != 200:
            return {"decision": None, "status": answer.status_code, "text": answer.text}
        return answer.json()


def published(asking: Asking, folder: pathlib.Path) -> None:
    for name in SCENARIOS:
        data = json.loads((folder / name).read_text())
        right = wrong = 0
        for case in data.get("evaluation", []):
            said = asking.decision(case["request"])
            good = said["decision"] is case["expected"]
            right, wrong = right + good, wrong + (not good)
            if not good:
                print(f"# {json.dumps(case)} was answered {json.dumps(said)}")
        for case in data.get("evaluations", []):
            answer = asking.post("evaluations", case["request"])
            said = [{"decision": one["decision"]} for one in answer.json().get("evaluations", [])]
            good = said == case["expected"]
            right, wrong = right + good, wrong + (not good)
            if not good:
                print(f"# {json.dumps(case)} was answered {answer.text}")
        MARKS["published"] += right + wrong
        FIGURES[name] = {"as_published": right, "otherwise": wrong}
        check(f"{name}: all {right + wrong} as published", not wrong and right > 0)


def ask(subject: str, action: str, owner: str = "", kind: str = "todo") -> dict:
    return {
        "subject": {"type": "user", "id": subject},
        "action": {"name": action},
        "resource": {"type": kind, "id": "1", "properties": {"ownerID": owner}},
    }


def edges(world: World, asking: Asking) -> None:
    told = httpx2.get(f"{world.gateway}/.well-known/authzen-configuration").json()
    base = world.gateway
    check("metadata names this decision point", told["policy_decision_point"] == base, told)
    check("metadata names its doors", told["access_evaluations_endpoint"] == f"{base}/access/v1/evaluations", told)
    good = ask(RICK, "can_read_todos")
    answer = asking.post("evaluation", good, {"X-Request-ID": "bfe9eb29-ab87"})
    check("the request's id comes back", answer.headers.get("X-Request-ID") == "bfe9eb29-ab87", answer.headers)
    said = asking.decision(ask(MORTY, "can_update_todo", "rick@the-citadel.com"))
    context = said.get("context", {})
    check("a no says why, by a code and in words", context.get("code") == "DENY-0012" and context.get("reason_admin"), said)
    check("and has a record", str(context.get("call_id", "")).startswith("cal_"), said)
    said = asking.decision(ask("nobody", "can_read_todos"))
    check("nobody is no", said["decision"] is False and said["context"]["code"] == "GATE-0152", said)
    for name, bad in {
        "no subject": {key: good[key] for key in ("action", "resource")},
        "a subject without id": {**good, "subject": {"type": "user"}},
        "an action of another type": {**good, "action": "read"},
        "an empty body": {},
    }.items():
        check(f"{name} is 400", asking.post("evaluation", bad).status_code == 400)
    twice = asking.http.post(
        f"{base}/access/v1/evaluation", content=b'{"subject":1,"subject":2}', headers={"Content-Type": "application/json"}
    )
    check("a key that stands twice is 400", twice.status_code == 400, twice.text)
    for name, headers in {
        "no credential": {},
        "a bearer token": {"Authorization": "Bearer " + "x" * 64},
        "a token without proof": {"Authorization": "DPoP " + asking.http.auth.token("")},
    }.items():
        answer = httpx2.post(f"{base}/access/v1/evaluation", json=good, headers=headers)
        check(f"{name} is 401", answer.status_code == 401, answer.text)
    for word, wanted in {"deny_on_first_deny": [True, False], "permit_on_first_permit": [True], "execute_all": [True, False, True]}.items():
        owners = ["morty@the-citadel.com", "rick@the-citadel.com", "morty@the-citadel.com"]
        body = {
            **ask(MORTY, "can_update_todo"),
            "options": {"evaluations_semantic": word},
            "evaluations": [{"resource": {"type": "todo", "id": "1", "properties": {"ownerID": one}}} for one in owners],
        }
        said = [one["decision"] for one in asking.post("evaluations", body).json()["evaluations"]]
        check(f"{word}", said == wanted, said)


def searches(asking: Asking) -> None:
    body = {**ask(RICK, "can_create_todo"), "subject": {"type": "user"}, "page": {"limit": 2}}
    found, pages = [], 0
    while pages < 10:
        answer = asking.post("search/subject", body).json()
        found += [one["id"] for one in answer["results"]]
        pages += 1
        if not answer["page"]["next_token"]:
            break
        body["page"]["token"] = answer["page"]["next_token"]
    wanted = sorted(one for one, (_, roles) in SUBJECTS.items() if roles & {"admin", "editor"})
    check("subjects who may create are found, page by page", sorted(found) == wanted and pages > 1, (found, pages))
    body = ask(MORTY, "", "morty@the-citadel.com")
    del body["action"]
    answer = asking.post("search/action", body).json()
    names = [one["name"] for one in answer["results"]]
    check("actions of an editor on what is his", names == ["can_create_todo", "can_delete_todo", "can_read_todos", "can_update_todo"], names)
    body = {"subject": {"type": "identity", "id": MORTY}, "action": {"name": "GET"}, "resource": {"type": "route"}}
    ids = [one["id"] for one in asking.post("search/resource", body).json()["results"]]
    check("resources that grants name", ids == ["/todos", "/users/{userId}"], ids)


def rights(world: World, asking: Asking, other: Asking) -> None:
    good = ask(RICK, "can_read_todos")
    answer = other.post("evaluation", good)
    check("an agent without that grant may not ask", answer.status_code == 403, answer.text)
    answer = asking.post("evaluation", ask(RICK, "read", kind="ledger"))
    check("nor may anybody about a server they were not given", answer.status_code == 403, answer.text)
    world.run("agent", "terminate", "--client", CLIENT, MORTY, "--reason", "the test is over")
    begun = time.perf_counter()
    said = asking.decision(ask(MORTY, "can_read_todos"))
    while said["decision"] is not False and time.perf_counter() - begun < 5:
        said = asking.decision(ask(MORTY, "can_read_todos"))
    took = time.perf_counter() - begun
    FIGURES["ended_subject_refused_within_s"] = round(took, 3)
    check("who is ended is no within a second", said["decision"] is False and took < 1, (said, took))
    world.run("agent", "terminate", "--client", CLIENT, "pep", "--reason", "the test is over")
    answer = asking.post("evaluation", good)
    check("an asker that is ended gets no answer", answer.status_code in (401, 403), answer.text)


def books(world: World, folder: pathlib.Path) -> None:
    """Everything is on record as what it was; decided again it comes to the same; the ledger verifies by itself."""
    # Records come into the lake a moment after their answers.
    begun = time.perf_counter()
    asked = []
    while len(asked) < MARKS["published"] and time.perf_counter() - begun < 30:
        calls = world.run("call", "list", "--client", CLIENT, "--limit", "500")["calls"]
        asked = [one for one in calls if one["method"] == "access/evaluation"]
    FIGURES["records"] = len(asked)
    check("every published question has a record", len(asked) >= MARKS["published"], len(asked))
    words = [one for one in asked if one["effect"] == "allowed" and "pep, which does not report" not in one["detail"]]
    check("a record says who asked, and that the outcome is not told", not words, words[:1])
    one = next((one for one in asked if one["effect"] == "allowed"), None)
    if one:
        again = world.run("explain", "--call", one["call"], "--client", CLIENT)
        check("decided again it is the same", again.get("same") is True, json.dumps(again)[:300])
    export = folder / "export"
    world.run("ledger", "export", "--tenant", CLIENT, str(export))
    check("the exported ledger verifies offline", bool(world.run("ledger", "verify", str(export))))


def everything(world: World, data: pathlib.Path | None, folder: pathlib.Path) -> None:
    codes = {}
    for subject, (mail, roles) in SUBJECTS.items():
        codes[subject] = made(world, subject)
        policy(world, subject, mail, roles)
    for subject, code in codes.items():
        Pep(world, code, "scenario")
    asking = Asking(world, Pep(world, made(world, "pep"), "pep"))
    for kind in ("todo", "user", "route"):
        give(world, "pep", "decisions", kind)
    if data is None:
        print("# LEFT OUT: the published questions; there is no folder authzen in $WRIT_DATA", flush=True)
        FIGURES["left_out"] = list(SCENARIOS)
    else:
        published(asking, data)
    edges(world, asking)
    searches(asking)
    FIGURES["ms_p50"] = round(statistics.median(asking.took), 2)
    stranger = made(world, "stranger")
    books(world, folder)
    rights(world, asking, Asking(world, Pep(world, stranger, "stranger")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, help="what the suite gives every script; nothing of it is used here")
    parser.add_argument("--data", type=pathlib.Path, default=os.environ.get("WRIT_DATA"))
    chosen = parser.parse_args()
    data = pathlib.Path(chosen.data) / "authzen" if chosen.data else None
    data = data if data and data.is_dir() else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-authzen-"))
    world = World(chosen.writ.resolve(), folder / "writ", [])
    try:
        everything(world, data, folder)
    except Exception:  # noqa: BLE001  what falls over is one failed check
        check("the run", False, traceback.format_exc())
    finally:
        world.stop()
        if FAILED:
            print((folder / "writ" / "up.log").read_text()[-3000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"failed": FAILED, **FIGURES}))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
