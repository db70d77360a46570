"""One scanner of other people's, asked file by file: paths on the input, one JSON line a file on the output.

A verdict is `flagged`, `unsure` (an error, or a plain "could not tell"), `clean`, or `unread` (it says that it has no reader).
Runs by the Python of the environment in which that scanner is installed; never imports what it examines.
To add a scanner: a function that gives the question, in `SCANNERS`.

    worker.py NAME
"""

import contextlib
import importlib.metadata
import io
import json
import logging
import pathlib
import signal
import sys
import time

#: LIMIT: a file may take so long; the slowest scanner takes seconds for an ordinary one.
FILE_SECONDS = 30


class TooLong(Exception):
    pass


def picklescan():
    from picklescan.scanner import scan_file_path

    def ask(path: str) -> tuple[str, str]:
        result = scan_file_path(path)
        if result.issues_count:
            bad = [one for one in result.globals if one.safety.value == "dangerous"]
            return "flagged", ", ".join(f"{one.module}.{one.name}" for one in bad)
        return ("unsure", "scan_err") if result.scan_err else ("clean", "")

    return ask


def modelscan():
    from modelscan.modelscan import ModelScan

    def ask(path: str) -> tuple[str, str]:
        result = ModelScan().scan(pathlib.Path(path))
        summary = result["summary"]
        if summary["total_issues"]:
            return "flagged", "; ".join(one["description"] for one in result["issues"])
        if result["errors"]:
            return "unsure", "; ".join(one["description"] for one in result["errors"])
        if not summary["scanned"]["total_scanned"]:
            return "unread", ""
        return "clean", ""

    return ask


def fickling():
    from fickling.analysis import check_safety
    from fickling.fickle import StackedPickle

    def ask(path: str) -> tuple[str, str]:
        with open(path, "rb") as file:
            stack = StackedPickle.load(file, fail_on_decode_error=False)
        results = [check_safety(one) for one in stack]
        bad = [one for one in results if not one]
        if bad:
            return "flagged", "; ".join(one.severity.name for one in bad)
        return ("clean", "") if results else ("unsure", "no pickle")

    return ask


def modelaudit_picklescan():
    from modelaudit_picklescan import scan_file

    def ask(path: str) -> tuple[str, str]:
        report = scan_file(path)
        if report.has_security_findings:
            return "flagged", "; ".join(one.message for one in report.findings)
        return ("clean", "") if report.is_clean else ("unsure", f"{report.status.value}, {report.verdict.value}")

    return ask


def modelaudit():
    from modelaudit.core import determine_exit_code, scan_model_directory_or_file
    from modelaudit.core_results import results_have_security_findings

    def ask(path: str) -> tuple[str, str]:
        result = scan_model_directory_or_file(path, timeout=FILE_SECONDS)
        if results_have_security_findings(result):
            return "flagged", "; ".join(one.message for one in result.issues)
        if not result.files_scanned:
            return "unread", ""
        return ("unsure", "could not tell") if determine_exit_code(result) else ("clean", "")

    return ask


SCANNERS = {
    "picklescan": picklescan,
    "modelscan": modelscan,
    "fickling": fickling,
    "modelaudit-picklescan": modelaudit_picklescan,
    "modelaudit": modelaudit,
}


def stop(_signal, _frame) -> None:
    raise TooLong(f"longer than {FILE_SECONDS} s")


def answer(ask, path: str) -> dict:
    began = time.perf_counter()
    signal.alarm(FILE_SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            verdict, words = ask(path)
    except BaseException as error:  # noqa: BLE001  whatever a scanner does is its answer to this file
        if isinstance(error, KeyboardInterrupt):
            raise
        verdict, words = "unsure", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return {"path": path, "verdict": verdict, "words": " ".join(words.split())[:200], "seconds": time.perf_counter() - began}


def resident_mb() -> float:
    """The most this process had, since its start: its own line of the kernel, which `exec` sets back."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> int:
    name = sys.argv[1]
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(20_000)
    signal.signal(signal.SIGALRM, stop)
    out = sys.stdout
    ask = SCANNERS[name]()
    print(json.dumps({"name": name, "version": importlib.metadata.version(name)}), file=out, flush=True)
    for line in sys.stdin:
        path = line.rstrip("\n")
        print(json.dumps(answer(ask, path) if path else {"resident_mb": resident_mb()}), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
