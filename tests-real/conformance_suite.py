"""The conformance suite as it is run here: its command, its scenarios, and what it found, check by check.

Never here: the gateway. To add a revision: a line in REVISIONS.
"""

import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tempfile

#: Revisions with a frozen set of required scenarios, and those before, for which the suite has what applies to them.
FROZEN = ("2025-11-25", "2026-07-28")
REVISIONS = ("2025-03-26", "2025-06-18", *FROZEN)
TIMEOUT = 300
#: A finding that is none: what was seen, not what is right.
NOTES = ("INFO",)
SAVED = re.compile(r"(?:authorization-server-(?=auth)|server-)?(.+)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d+Z$")


@dataclasses.dataclass
class Found:
    """What a scenario came to: how often each check ended how, and what failed ones said."""

    checks: collections.Counter
    words: dict[tuple[str, str], str]

    def passed(self) -> int:
        return sum(count for (_, status), count in self.checks.items() if status == "SUCCESS")

    def failed(self) -> int:
        return sum(count for (_, status), count in self.checks.items() if status in ("FAILURE", "WARNING"))


class Suite:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.node = folder, folder / "node_modules/.bin/node"
        self.script = folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"

    def version(self, package: str = "@modelcontextprotocol/conformance") -> str:
        return json.loads((self.folder / "node_modules" / package / "package.json").read_text())["version"]

    def run(self, *words: str) -> str:
        path = f"{self.node.parent}:{os.environ['PATH']}"
        command = [str(self.node), str(self.script), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, env={**os.environ, "PATH": path}
        )
        return done.stdout + done.stderr

    def required(self, side: str, revision: str) -> list[str]:
        """What counts for a revision: its frozen set, or for those that have none, what applies to it."""
        if revision in FROZEN:
            return self.listed(side, revision)
        told = self.run("list", f"--{side}", "--spec-version", revision)
        return [line.split()[1] for line in told.splitlines() if re.match(r"\s+- ", line)]

    def listed(self, section: str, revision: str) -> list[str]:
        """One list of the requirements' file, which is plain enough to be read by lines."""
        file = self.script.parent.parent / "requirements" / f"{revision}.yaml"
        found, inside = [], False
        for line in file.read_text().splitlines():
            if line and not line.startswith((" ", "#")):
                inside = line.strip() == f"{section}:"
            elif inside and (entry := re.match(r"\s+- (?:scenario: )?(\S+)$", line)):
                found.append(entry[1])
        return found

    def server(self, url: str, revision: str) -> dict[str, Found]:
        """All of a revision against a server."""
        chosen = ("--requirements", revision) if revision in FROZEN else ("--suite", "all", "--spec-version", revision)
        with tempfile.TemporaryDirectory() as out:
            self.run("server", "--url", url, *chosen, "-o", out)
            return saved(pathlib.Path(out))

    def client(self, command: list[str], revision: str, scenario: str) -> Found:
        """One scenario against a client; each has a server of its own, so that one at a time is relayed."""
        chosen = ("--scenario", scenario, "--spec-version", revision)
        with tempfile.TemporaryDirectory() as out:
            told = self.run("client", "--command", " ".join(command), *chosen, "-o", out)
            found = saved(pathlib.Path(out)).get(scenario)
            if found is None:
                raise RuntimeError(f"{scenario} left no findings: {told[-2000:]}")
            # The suite counts a client that ends with an error as failed, whatever its checks say.
            if re.search(r"CLIENT EXITED WITH ERROR|CLIENT TIMED OUT", told):
                found.checks["the client ends well", "FAILURE"] += 1
                found.words["the client ends well", "FAILURE"] = told[-500:]
            return found

    def authorization(self, url: str) -> dict[str, Found]:
        """Its scenario for authorization servers that needs nobody; the other waits for a person (`consent.py`)."""
        alone = "authorization-server-metadata-endpoint"
        with tempfile.TemporaryDirectory() as out:
            self.run("authorization", "--url", url, "--scenario", alone, "-o", out)
            return saved(pathlib.Path(out))


def saved(folder: pathlib.Path) -> dict[str, Found]:
    """What the suite wrote down, by scenario."""
    found = {}
    for file in sorted(folder.rglob("checks.json")):
        name = SAVED.match(str(file.parent.relative_to(folder)))[1]
        checks, words = collections.Counter(), {}
        for check in json.loads(file.read_text()):
            if check["status"] not in NOTES:
                key = (check["id"], check["status"])
                checks[key] += 1
                words[key] = check.get("errorMessage") or ""
        found[name] = Found(checks, words)
    return found
