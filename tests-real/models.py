"""Model files side by side: Writ and the open scanners of PyPI on one corpus, in one run; and that a scan runs nothing.

Writes the corpus of `tests-real/scan` into a folder, asks every scanner about every file, measures 10,000 small pickles and some very
large files, and watches `writ scan` with a tracer of system calls. Prints one `ok - …` or `not ok - …` line a check and one JSON
object last; exits 1 if a check failed.

    models.py --writ target/release/writ [--doc] [--whole] [--only] [--seed N] [--keep FOLDER]
    models.py --examine target/debug/examples/examine …     # the engine alone: no tracer
"""

import argparse
import collections
import importlib.metadata
import json
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

from scan import asked, case, corpus, page, speed, traced

FAILED = 0
ENOUGH = 150
#: Takes minutes for them all: without `--whole` it is asked about every so many files.
SLOW, SLOW_EVERY = "modelaudit", 6
#: Of the benign files, so many may be called suspicious.
ALARMS = 1
SMALL_SECONDS = 2.0
RESIDENT_MB = 256
ROOT = pathlib.Path(__file__).parent.parent
LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "skops", "lightgbm", "xgboost-cpu", "onnx", "gguf", "safetensors", "h5py", "keras", "dill", "cloudpickle")


def check(name: str, held: bool, detail: str = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:900]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


def counted(answers: asked.Asked, cases: dict) -> dict:
    """How one scanner did on these files."""
    said = [(one, answers.verdicts[path]) for path, one in cases.items() if path in answers.verdicts]
    kinds = collections.Counter(verdict for _, verdict in said)
    held = sum(one.held(verdict) for one, verdict in said)
    unsure = sum(verdict == "unsure" and not one.held(verdict) for one, verdict in said)
    return {"of": len(said), "held": held, "unsure": unsure, "flagged": kinds["flagged"], "unread": kinds["unread"]}


def by_technique(written: dict) -> dict[str, dict]:
    groups: dict = {}
    for path, one in written.items():
        groups.setdefault(one.technique, {})[path] = one
    return groups


def question(chosen: argparse.Namespace, folder: pathlib.Path, written: dict) -> list[asked.Asked]:
    """Everybody's answers, Writ's first. A scanner that does not start is one failed check."""
    paths = list(written)
    answers = [asked.writ(program(chosen), folder, paths)]
    check(f"writ answers for every file ({len(answers[0].verdicts)} of {len(paths)})", all(path in answers[0].verdicts for path in paths))
    alone = asked.without_network()
    check("the others are asked without a network", bool(alone), "no `unshare -n` here")
    for name in () if chosen.only else asked.OTHERS:
        try:
            some = paths[:: 1 if chosen.whole or name != SLOW else SLOW_EVERY]
            answers.append(asked.other(name, asked.python(), folder, some, alone))
            check(f"{name} {answers[-1].version} answers for {len(some)} files", len(answers[-1].verdicts) == len(some))
        except Exception as error:  # noqa: BLE001  a scanner that falls over is one failed check
            traceback.print_exc()
            check(f"{name} can be asked", False, repr(error))
    return answers


def program(chosen: argparse.Namespace) -> list[str]:
    return [str(chosen.examine)] if chosen.examine else [str(chosen.writ), "scan"]


def judged(answers: list[asked.Asked], written: dict) -> dict:
    """Checks what Writ said, technique by technique; gives the figures of everybody."""
    bad = {path: one for path, one in written.items() if not one.good()}
    good = {path: one for path, one in written.items() if one.good()}
    check(f"there are enough malicious files ({len(bad)})", len(bad) >= ENOUGH)
    check(f"there are enough benign files ({len(good)})", len(good) >= ENOUGH)
    figures = {
        "malicious": len(bad), "benign": len(good),
        "techniques": {name: {one.name: counted(one, group) for one in answers} for name, group in by_technique(bad).items()},
        "benign_sources": {name: {one.name: counted(one, group) for one in answers} for name, group in by_technique(good).items()},
        "tools": {one.name: tool(one, bad, good) for one in answers},
    }
    ours = answers[0]
    for name, group in by_technique(bad).items():
        missed = [path for path, one in group.items() if not one.held(ours.verdicts.get(path, "unread"))]
        check(f"writ catches {name}: {len(group) - len(missed)} of {len(group)}", not missed, ", ".join(path.name for path in missed))
    alarms = [path for path in good if ours.verdicts.get(path) == "flagged"]
    check(f"writ raises at most {ALARMS} false alarm: {len(alarms)} of {len(good)}", len(alarms) <= ALARMS, ", ".join(path.name for path in alarms))
    told = [path for path in good if ours.verdicts.get(path) not in ("flagged", "clean")]
    check(f"writ reads every benign file: {len(good) - len(told)} of {len(good)}", not told, ", ".join(path.name for path in told))
    check(f"writ stays below {RESIDENT_MB} MB on the corpus: {ours.resident_mb:.0f}", ours.resident_mb <= RESIDENT_MB)
    for one in answers[1:]:
        more = [path for path in bad if one.verdicts.get(path) == "flagged" and ours.verdicts.get(path) == "clean"]
        check(f"{one.name} catches nothing that writ calls clean", not more, ", ".join(path.name for path in more))
    return figures


def tool(one: asked.Asked, bad: dict, good: dict) -> dict:
    on_bad, on_good = counted(one, bad), counted(one, good)
    return {
        "version": one.version, "asked": len(one.verdicts), "caught": on_bad["held"], "flagged": on_bad["flagged"], "missed": on_bad["of"] - on_bad["held"] - on_bad["unsure"],
        "unsure": on_bad["unsure"], "false_alarms": on_good["flagged"], "benign_unsure": on_good["unsure"] + on_good["unread"],
        "seconds": round(one.seconds, 2), "resident_mb": round(one.resident_mb, 1), "deaths": one.deaths,
        "called_malicious": sum(one.findings.get(path) == "malicious" for path in bad),
    }


def misses(ours: asked.Asked, written: dict, folder: pathlib.Path) -> list[str]:
    """One line for each of Writ's answers that is not the one that was wanted."""
    lines = []
    for path, one in written.items():
        said = ours.verdicts.get(path, "unread")
        if not one.held(said):
            lines.append(f"{path.relative_to(folder)} | {one.technique} | wanted {one.wanted} | {ours.findings.get(path)} | {','.join(ours.rules.get(path, []))} | {ours.words.get(path, '')}")
    return lines


def paced(chosen: argparse.Namespace, folder: pathlib.Path) -> dict:
    names = [] if chosen.only else list(asked.OTHERS)
    rows = speed.paired(program(chosen), asked.python(), names, folder / "small", chosen.seed, asked.without_network())
    ours = rows["writ"]
    check(f"{speed.SMALL} small pickles take at most {SMALL_SECONDS} s: {ours['seconds']} s", ours["seconds"] <= SMALL_SECONDS, str(ours))
    wanted = (speed.SMALL // 100, 0)
    check("all of the small ones that call something are caught, no other is", (ours["caught"], ours["false_alarms"]) == wanted, str(ours))
    faster = [name for name, one in rows.items() if name != "writ" and one["a_second"] >= ours["a_second"]]
    check("writ is the fastest on them", not faster, str(rows))
    sizes = speed.sizes(program(chosen), folder / "large")
    for name, one in sizes.items():
        check(f"{name}, {one['bytes']} bytes: {one['seconds']} s, {one['resident_mb']} MB", one["resident_mb"] <= RESIDENT_MB and one["code"] in (0, 1, 2), str(one))
    for name in ("weights.safetensors", "weights.gguf"):
        check(f"{name} is called clean", sizes[name]["finding"] == "clean", str(sizes[name]))
    bombs = [name for name, one in sizes.items() if not name.startswith("weights") and one["finding"] == ""]
    check("every bomb has a verdict", not bombs, ", ".join(bombs))
    return {"speed": rows, "sizes": sizes, "speed_seconds": speed.SECONDS, "cores": len(os.sched_getaffinity(0))}


def watched(chosen: argparse.Namespace, folder: pathlib.Path) -> dict:
    """Under the tracer: over the traps, on the whole host as it seems from there, and over the corpus."""
    where = folder / "traced"
    where.mkdir()
    home = traced.laid(where)
    check("the tracer sees processes and sockets", traced.control(where))
    writ = chosen.writ
    found = {}
    for name, what in {"a home full of traps": [str(home)], "its repository": ["--repo", str(home / "work")], "the host": ["--host"], "the corpus": [str(folder / "corpus")]}.items():
        one = traced.scan(writ, where, what)
        check(f"a scan of {name} ends with a verdict", one["own"] == 1 and one["code"] in (0, 1, 2), f"{one['code']} {one['errors']}")
        check(f"a scan of {name} starts no process", not one["started"] and not one["children"], str((one["started"] + one["children"])[:3]))
        check(f"a scan of {name} opens no socket", not one["sockets"], str(one["sockets"][:3]))
        found[name] = {"code": one["code"], "processes": len(one["started"]) + len(one["children"]), "sockets": len(one["sockets"])}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path)
    parser.add_argument("--examine", type=pathlib.Path, help="the example of the crate `scan`, where there is no `writ scan`")
    parser.add_argument("--node", help="not needed; every script of the suite is given it")
    parser.add_argument("--doc", action="store_true", help="writes the tables into docs/scanning.md")
    parser.add_argument("--only", action="store_true", help="Writ alone, without the other scanners")
    parser.add_argument("--whole", action="store_true", help=f"{SLOW} is asked about every file, too; so it is with --doc")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--keep", type=pathlib.Path, help="the corpus is written here and stays")
    parser.add_argument("--misses", type=pathlib.Path, help="a line for each of Writ's wrong answers is written here")
    chosen = parser.parse_args()
    chosen.whole |= chosen.doc
    if not (chosen.writ or chosen.examine):
        parser.error("either --writ or --examine")
    # The scanners stand in a folder of their own; what was given is seen from this one.
    for word in ("writ", "examine", "misses"):
        if getattr(chosen, word):
            setattr(chosen, word, getattr(chosen, word).resolve())
    folder = chosen.keep.resolve() if chosen.keep else pathlib.Path(tempfile.mkdtemp(prefix="writ-models-"))
    folder.mkdir(parents=True, exist_ok=True)
    before = pathlib.Path.cwd()
    os.chdir(folder)
    try:
        told = everything(chosen, folder)
    finally:
        os.chdir(before)
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
    told["ok"] = not FAILED
    if chosen.doc:
        page.write(told, ROOT / "docs/scanning.md")
    print(json.dumps(told))
    return 1 if FAILED else 0


def everything(chosen: argparse.Namespace, folder: pathlib.Path) -> dict:
    benign = corpus.benign(chosen.seed)
    cases = [*corpus.malicious(chosen.seed), *corpus.cut(benign), *benign]
    written = case.write(cases, folder / "corpus")
    answers = question(chosen, folder / "corpus", written)
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    told = {"seed": chosen.seed, "by": "--examine" if chosen.examine else "--writ", "libraries": libraries, **judged(answers, written)}
    wrong = misses(answers[0], written, folder / "corpus")
    if chosen.misses:
        chosen.misses.write_text("\n".join(wrong) + "\n")
    if not chosen.no_speed:
        told |= paced(chosen, folder)
    if chosen.writ and not chosen.examine:
        told["traced"] = watched(chosen, folder)
    left = [str(path) for path in (*folder.rglob(case.MARKER), pathlib.Path.home() / case.MARKER) if path.exists()]
    check("nothing that was examined has run", not left, ", ".join(left))
    told["executed"] = bool(left)
    return told


if __name__ == "__main__":
    sys.exit(main())
