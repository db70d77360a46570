"""How fast and how large: 10,000 small pickles for everybody, very large files and bombs for Writ alone.

Never here: what a figure is worth (`models.py`). To add a size: a function beside `large`.
"""

import collections
import gzip
import json
import pathlib
import pickle
import random
import struct
import zlib

from scan.asked import measured, other, writ
from scan.opcodes import of, whole
from scan.wire import gguf
from scan.case import COMMAND

SMALL = 10_000
#: LIMIT: a scanner gets so many seconds for the small pickles; what it manages is what is told.
SECONDS = 25.0
LARGE_BYTES = 10 * 2**30
RUNS = 3


def small(folder: pathlib.Path, seed: int) -> list[pathlib.Path]:
    """Dictionaries of numbers and words, as feature maps and tokenizers are; every hundredth calls something."""
    chance = random.Random(seed)
    paths = []
    for at in range(SMALL):
        box = folder / f"{at // 500:02}"
        box.mkdir(parents=True, exist_ok=True)
        path = box / f"{at:05}.pkl"
        if at % 100 == 99:
            path.write_bytes(whole(of("os", "system", COMMAND)))
        else:
            rows = {f"feature {one}": chance.random() for one in range(chance.randrange(5, 40))}
            value = {"map": collections.OrderedDict(rows), "words": [f"w{one}" for one in range(20)], "at": at}
            path.write_bytes(pickle.dumps(value, chance.choice([2, 3, 4, 5])))
        paths.append(path)
    return paths


def paired(program: list[str], python: pathlib.Path, names: list[str], folder: pathlib.Path, seed: int, alone: list[str]) -> dict:
    """Writ before and after each other scanner; files a second, and for Writ the median of its runs."""
    paths = small(folder, seed)
    rows: dict = {}
    ours = [writ(program, folder, paths)]
    for name in names:
        theirs = other(name, python, folder, paths, alone, SECONDS)
        ours.append(writ(program, folder, paths))
        done = len(theirs.verdicts)
        rows[name] = {"files": done, "seconds": round(theirs.seconds, 2), "a_second": round(done / theirs.seconds), "resident_mb": round(theirs.resident_mb)}
    while len(ours) < RUNS:
        ours.append(writ(program, folder, paths))
    seconds = sorted(one.seconds for one in ours)
    middle = seconds[len(seconds) // 2]
    caught = sum(ours[0].verdicts.get(path) == "flagged" for path in paths[99::100])
    alarms = sum(ours[0].verdicts.get(path) == "flagged" for at, path in enumerate(paths) if at % 100 != 99)
    rows["writ"] = {
        "files": SMALL, "seconds": round(middle, 3), "slowest_seconds": round(seconds[-1], 3), "a_second": round(SMALL / middle),
        "resident_mb": round(max(one.resident_mb for one in ours), 1), "caught": caught, "false_alarms": alarms,
    }
    return rows


def large(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Ten gigabytes of weights that take no room on the disk, and small files that unpack to very much."""
    folder.mkdir(parents=True)
    length = LARGE_BYTES // 4 * 4
    header = json.dumps({"w": {"dtype": "F32", "shape": [length // 4], "data_offsets": [0, length]}}).encode()
    files = {"weights.safetensors": struct.pack("<Q", len(header)) + header}
    tensor = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, LARGE_BYTES // 4, 0, 0)
    body = gguf([("general.architecture", "llama")], tail=tensor)
    files["weights.gguf"] = body[:8] + struct.pack("<Q", 1) + body[16:]
    made = {}
    for name, raw in files.items():
        made[name] = folder / name
        with open(made[name], "wb") as file:
            file.write(raw)
            file.truncate(len(raw) + (-len(raw) % 32) + LARGE_BYTES if name.endswith("gguf") else len(raw) + LARGE_BYTES)
    zeros = zlib.compressobj(9)
    packed = b"".join(zeros.compress(bytes(2**20)) for _ in range(2048)) + zeros.flush()
    bombs = {"zeros.pkl.z": packed, "zeros-twice.gz": gzip.compress(gzip.compress(bytes(2**28), mtime=0), mtime=0)}
    bombs["tuples.pkl"] = b"\x80\x02" + b")" + b"\x85" * 3_000_000 + b"."
    bombs["doubling.pkl"] = b"\x80\x02]" + b"q\x00" + b"(" + b"h\x00" * 2_000_000 + b"e."
    bombs["memo.pkl"] = b"\x80\x04" + b"N\x94" * 2_000_000 + b"."
    bombs["strings.pkl"] = b"\x80\x04](" + (b"X" + struct.pack("<I", 2**20) + b"a" * 2**20) * 64 + b"e."
    for name, raw in bombs.items():
        made[name] = folder / name
        made[name].write_bytes(raw)
    return made


def sizes(program: list[str], folder: pathlib.Path) -> dict:
    """Seconds, most resident megabytes and what was said of each very large file, one process each."""
    rows = {}
    for name, path in large(folder).items():
        command = [*program, str(path), *(["--json"] if program[-1] == "scan" else [])]
        code, out, err, seconds, resident = measured(command, folder.parent)
        lines = out.strip().splitlines()
        said = json.loads(lines[-1]) if lines else {}
        report = (said.get("files") or [{}])[0] if "files" in said else said
        rows[name] = {
            "bytes": path.stat().st_size, "seconds": round(seconds, 3), "resident_mb": round(resident, 1), "code": code,
            "status": report.get("status", err[-200:]), "finding": report.get("finding", ""),
        }
    return rows
