"""Asks every scanner about every file: Writ as one process, the others through `worker.py`; none of them with a network.

Never here: what an answer is worth (`models.py`). To add a scanner: a function in `worker.py`, its name in `OTHERS`.
"""

import dataclasses
import json
import os
import pathlib
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

OTHERS = ("picklescan", "modelscan", "fickling", "modelaudit-picklescan", "modelaudit")
#: LIMIT: a scanner that answers nothing for so long has died on this file, and is started again for the next.
SILENCE_SECONDS = 60
WORKER = pathlib.Path(__file__).parent / "worker.py"
#: LIMIT: command lines stay far below what the system takes.
PATHS_AT_ONCE = 400


@dataclasses.dataclass
class Asked:
    """What a scanner said: by file its verdict and its words, and what it took."""

    name: str
    version: str = ""
    verdicts: dict = dataclasses.field(default_factory=dict)
    words: dict = dataclasses.field(default_factory=dict)
    rules: dict = dataclasses.field(default_factory=dict)
    findings: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    resident_mb: float = 0.0
    deaths: int = 0


def without_network() -> list[str]:
    """The words before a command that take its network away; empty where the system does not let us."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    return []


def surroundings(home: pathlib.Path) -> dict[str, str]:
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "MPLCONFIGDIR": str(home)}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **quiet}


#: Starts a command from a small process and tells its code, seconds and most resident kilobytes: a child of ours would be told the
#: memory of its parent, since what the kernel keeps for a process outlives its `exec`.
SMALL = """import json, os, resource, sys, time
began = time.perf_counter()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status = os.waitpid(pid, 0)
told = [os.waitstatus_to_exitcode(status), time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
open(sys.argv[1], "w").write(json.dumps(told))
"""


def measured(command: list[str], folder: pathlib.Path, limit: float = 900) -> tuple[int, str, str, float, float]:
    """Code, output, errors, seconds and the most resident megabytes of a command and what it started."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as told:
        words = [sys.executable, "-I", "-S", "-c", SMALL, told.name, *command]
        starter = subprocess.run(words, cwd=folder, env=surroundings(folder), stdout=out, stderr=err, timeout=limit)
        if starter.returncode:
            err.seek(0)
            raise RuntimeError(f"{command[0]} could not be started: {err.read().decode(errors='replace')[-300:]}")
        code, seconds, kilobytes = json.loads(pathlib.Path(told.name).read_text())
        out.seek(0), err.seek(0)
        texts = [file.read().decode(errors="replace") for file in (out, err)]
    return code, *texts, seconds, kilobytes / 1024


def verdict(report: dict) -> str:
    """Writ's two words as one: what is no clean is never made one."""
    if report["finding"] in ("malicious", "suspicious"):
        return "flagged"
    if report["finding"] == "clean" and report["status"] != "error":
        return "clean"
    return "unsure"


def writ(program: list[str], folder: pathlib.Path, paths: list[pathlib.Path]) -> Asked:
    """`writ scan FOLDER --json`, or the crate's own example with paths on its command line."""
    asked = Asked("writ")
    whole = program[-1] == "scan"
    runs = [[*program, str(folder), "--json"]] if whole else [
        [*program, *(str(one) for one in paths[at : at + PATHS_AT_ONCE])] for at in range(0, len(paths), PATHS_AT_ONCE)
    ]
    for command in runs:
        code, out, err, seconds, resident = measured(command, folder.parent)
        asked.seconds += seconds
        asked.resident_mb = max(asked.resident_mb, resident)
        if code not in (0, 1, 2) or not out.strip():
            raise RuntimeError(f"{' '.join(command)[:200]} ended with {code}: {err[-600:]}")
        lines = out.strip().splitlines()
        told = json.loads(lines[-1]) if whole else {}
        for report in told["files"] if whole else map(json.loads, lines):
            took(asked, folder, report)
        # A scan names so many clean files and counts the rest.
        rest = [path for path in paths if path not in asked.verdicts] if whole else []
        if rest and len(rest) == told["more_clean_files"]:
            asked.verdicts |= dict.fromkeys(rest, "clean")
    return asked


def took(asked: Asked, folder: pathlib.Path, report: dict) -> None:
    path = folder / report["path"]
    worse = {"clean": 0, "unsure": 1, "flagged": 2}
    now = verdict(report)
    if worse[now] < worse.get(asked.verdicts.get(path, ""), -1):
        return
    asked.verdicts[path] = now
    asked.findings[path] = report["finding"]
    asked.rules[path] = report.get("rules", [])
    said = report.get("reasons") or report.get("not_looked_at") or []
    asked.words[path] = "; ".join(one["sentence"] if isinstance(one, dict) else str(one) for one in said)[:300]


class Worker:
    """One process of `worker.py`, started again when it dies."""

    def __init__(self, python: pathlib.Path, name: str, folder: pathlib.Path, alone: list[str]) -> None:
        self.command = [*alone, str(python), "-u", str(WORKER), name]
        self.folder, self.process, self.hello = folder, None, {}

    def start(self) -> None:
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=surroundings(self.folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0,
        )
        self.buffer = b""
        self.watch = selectors.DefaultSelector()
        self.watch.register(self.process.stdout, selectors.EVENT_READ)
        self.hello = self.line() or {}
        if not self.hello:
            self.errors.seek(0)
            raise RuntimeError(f"{self.command[-1]} does not start: {self.errors.read().decode(errors='replace')[-600:]}")

    def line(self) -> dict | None:
        end = time.monotonic() + SILENCE_SECONDS
        while b"\n" not in self.buffer:
            if not self.watch.select(max(0, end - time.monotonic())):
                return None
            some = self.process.stdout.read(65536)
            if not some:
                return None
            self.buffer += some
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, path: pathlib.Path | str) -> dict | None:
        """Its answer to this file; to an empty line, what memory it has had."""
        try:
            self.process.stdin.write(f"{path}\n".encode())
        except BrokenPipeError:
            return None
        return self.line()

    def stop(self, gone: bool = False) -> float:
        """Ends it; the most resident megabytes it had, if it still tells."""
        last = None if gone else self.ask("")
        self.process.kill()
        self.process.wait()
        self.process.stdin.close(), self.process.stdout.close()
        self.watch.close()
        self.errors.close()
        return (last or {}).get("resident_mb", 0.0)


def other(name: str, python: pathlib.Path, folder: pathlib.Path, paths: list[pathlib.Path], alone: list[str], limit: float | None = None) -> Asked:
    """This scanner's answers; with a limit in seconds, to as many files as it manages."""
    asked = Asked(name)
    worker = Worker(python, name, folder.parent, alone)
    began = time.perf_counter()
    worker.start()
    asked.version = worker.hello["version"]
    for path in paths:
        if limit is not None and time.perf_counter() - began > limit:
            break
        reply = worker.ask(path)
        if reply is None:
            asked.deaths += 1
            worker.stop(gone=True)
            worker.start()
            reply = {"verdict": "unsure", "words": "it died, or said nothing"}
        asked.verdicts[path] = reply["verdict"]
        asked.words[path] = reply["words"]
    asked.seconds = time.perf_counter() - began
    asked.resident_mb = round(worker.stop(), 1)
    return asked


def python() -> pathlib.Path:
    return pathlib.Path(sys.executable)
