"""Benign pickles of Python's own types, and those of numpy, scipy and pandas, as those libraries write them.

Never here: models (`good_learned.py`) and other formats (`good_shapes.py`). To add one: a row in a function that `cases` joins.
"""

import array
import base64
import bz2
import collections
import datetime
import decimal
import fractions
import functools
import gzip
import io
import ipaddress
import itertools
import pathlib
import pickle
import pickletools
import random
import re
import types
import uuid
import zlib

import numpy as np
import pandas as pd
import scipy.interpolate
import scipy.sparse
import scipy.spatial
import scipy.stats

from scan.case import Case


def cases(seed: int) -> list[Case]:
    return [*plain(seed), *arrays(seed), *archives(seed), *sparse(seed), *frames(seed)]


def good(technique: str, name: str, data: bytes) -> Case:
    return Case(technique, name, data, "clean")


def protocols(technique: str, rows: dict[str, object], which=None) -> list[Case]:
    """Each object in the next protocol of those; the C pickler writes it."""
    versions = itertools.cycle(which or [2, 3, 4, 5])
    return [good(technique, f"{key}.pkl", pickle.dumps(value, next(versions))) for key, value in rows.items()]


def plain(seed: int) -> list[Case]:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(4000)]
    tokenizer = {
        "vocab": {word: at for at, word in enumerate(words)}, "merges": list(zip(words, words[1:]))[:500],
        "special_tokens": {"bos": "<s>", "eos": "</s>", "unk": "<unk>"}, "pattern": r"'s|'t| ?\w+| ?[^\s\w]+|\s+",
        "chat_template": "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}",
    }
    loop: list = [1, 2]
    loop.append(loop)
    rows = {
        "tokenizer": tokenizer,
        "ordered": collections.OrderedDict(("layer.%d" % at, chance.random()) for at in range(50)),
        "counter": collections.Counter(words),
        "defaultdict-of-int": collections.defaultdict(int, {"a": 1}),
        "defaultdict-of-list": collections.defaultdict(list, {"a": [1]}),
        "deque": collections.deque(range(50), maxlen=100),
        "dates": [datetime.datetime(2026, 11, 22, 18, 0, tzinfo=datetime.UTC), datetime.date(2026, 1, 1), datetime.timedelta(days=3)],
        "time-zone": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2), "CET")),
        "decimals": [decimal.Decimal("12.50"), fractions.Fraction(3, 7), 1 + 2j],
        "uuids": [uuid.UUID(int=chance.getrandbits(128)) for _ in range(20)],
        "paths": [pathlib.PurePosixPath("a/b.txt"), pathlib.PureWindowsPath("C:/a")],
        "addresses": [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8")],
        "sets": [{1, 2, 3}, frozenset("abc"), set()],
        "bytes": {"a": chance.randbytes(5000), "b": bytearray(chance.randbytes(300)), "c": b""},
        "array": array.array("d", [chance.random() for _ in range(300)]),
        "regular-expression": re.compile(r"\bos\.system\b|\beval\("),
        "numbers": [2**at for at in range(0, 400, 7)] + [-(3**at) for at in range(40)] + [0.1, float("inf"), True, False, None],
        "recursive": loop,
        "deep": functools.reduce(lambda inner, _: [inner], range(200), 1),
        "ranges": [range(10), slice(1, 2, 3), Ellipsis, NotImplemented],
        "unicode": {"\u4f60\u597d": "\U0001f600", "\u00e9": "\ud83d"},
        "builtin-types": {"dtype": float, "kinds": [int, str, dict, list, bytes, type(None)]},
        "namespace": types.SimpleNamespace(learning_rate=0.1, epochs=3),
        "text-that-talks-of-exec": {"doc": "Never call eval(x) or os.system(x).", "cite": "see subprocess.Popen", "base64": "aGVsbG8gd29ybGQ="},
        "long-base64-text": {"thumbnail": base64.b64encode(chance.randbytes(4000)).decode(), "sha256": chance.randbytes(32).hex()},
        "compressed-bytes": {"blob": zlib.compress(b"weights " * 500), "gz": gzip.compress(b"text " * 100, mtime=0)},
        "bytes-that-begin-like-a-pickle": {"blob": b"\x80\x04\x95" + chance.randbytes(40), "dots": b"....", "letters": b"cNot a name"},
        "hyper-parameters": {"grid": list(itertools.product([0.1, 1], ["l1", "l2"])), "best": {"C": 1.0, "penalty": "l2"}},
    }
    made = protocols("python's own types", rows)
    old = {"vocab": {word: at for at, word in enumerate(words[:200])}, "nested": [(1, "a"), {"k": None}], "date": datetime.date(2020, 1, 1)}
    for version in (0, 1):
        made.append(good("python's own types", f"protocol-{version}.pkl", pickle.dumps(old, version)))
    made.append(good("python's own types", "several.pkl", b"".join(pickle.dumps({"epoch": at}, 4) for at in range(8))))
    made.append(good("python's own types", "by-the-python-pickler.pkl", python_dump(tokenizer)))
    made.append(good("python's own types", "optimized.pkl", pickletools.optimize(pickle.dumps(old, 4))))
    made.append(good("python's own types", "from-python-2.pkl", pickle.dumps(collections.OrderedDict(a=1, b=complex(1, 2)), 2, fix_imports=True)))
    return made


def python_dump(value) -> bytes:
    out = io.BytesIO()
    pickle._Pickler(out, 4).dump(value)
    return out.getvalue()


def arrays(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    rows = {dtype: chance.integers(0, 100, (5, 7)).astype(dtype) for dtype in ("f2", "f4", "f8", "i1", "i8", "u4", "c16", "?", ">f4", "longdouble")}
    rows |= {
        "strings": np.array(["alpha", "beta"]),
        "byte-strings": np.array([b"a", b"bc"]),
        "dates": np.array(["2026-01-01", "NaT"], dtype="datetime64[s]"),
        "durations": np.array([1, 2], dtype="timedelta64[ms]"),
        "record": np.array([(1, 2.5, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U4")]),
        "recarray": np.rec.array([(1, 2.0)], names="a,b"),
        "objects": np.array(["word", None, 3, {"k": (1, 2)}], dtype=object),
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        "scalar": np.float64(2.5),
        "scalars": [np.int32(1), np.bool_(True), np.datetime64("2026-01-01"), np.str_("x")],
        "zero-dimensions": np.array(5.0),
        "empty": np.empty((0, 3)),
        "fortran": np.asfortranarray(chance.random((4, 5))),
        "strided": chance.random((20, 20))[::2, ::3],
        "large": chance.random(100_000),
        "matrix": np.matrix([[1, 2], [3, 4]]),
        "dtypes": [np.dtype("f4"), np.dtype([("a", "i4")]), np.float32, np.int64],
        "ufuncs": [np.log1p, np.add, np.exp],
        "functions": {"metric": np.mean, "scale": np.std},
        "generator": np.random.default_rng(7),
        "random-state": np.random.RandomState(7),
        "philox": np.random.Generator(np.random.Philox(3)),
        "polynomial": np.polynomial.Polynomial([1, 2, 3]),
        "state-dict": collections.OrderedDict((f"layer.{at}.weight", chance.random((8, 8)).astype("f4")) for at in range(6)),
    }
    made = protocols("numpy", rows)
    old = pickle.dumps({"w": rows["f8"], "s": np.float64(1.5)}, 2).replace(b"numpy._core", b"numpy.core")
    return [*made, good("numpy", "from-numpy-1.pkl", old)]


def saved(write, *values, **named) -> bytes:
    out = io.BytesIO()
    write(out, *values, **named)
    return out.getvalue()


def archives(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    weights = {f"layer_{at}": chance.random((16, 16)).astype("f4") for at in range(4)}
    record = np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
    rows = {
        "floats.npy": saved(np.save, weights["layer_0"]),
        "integers.npy": saved(np.save, np.arange(100).reshape(10, 10)),
        "strings.npy": saved(np.save, np.array(["alpha", "beta"])),
        "record.npy": saved(np.save, record),
        "fortran.npy": saved(np.save, np.asfortranarray(weights["layer_1"])),
        "scalar.npy": saved(np.save, np.array(3.5)),
        "empty.npy": saved(np.save, np.empty((0, 4))),
        "version-2.npy": saved(lambda out, value: np.lib.format.write_array(out, value, (2, 0)), record),
        "two-in-one.npy": saved(np.save, record) + saved(np.save, np.arange(5)),
        "objects-of-text.npy": saved(np.save, np.array(["word", "other", None], dtype=object), allow_pickle=True),
        "weights.npz": saved(np.savez, **weights),
        "weights-compressed.npz": saved(np.savez_compressed, **weights),
        "vocabulary.npz": saved(np.savez, words=np.array(["a", "b"], dtype=object), counts=np.array([1, 2])),
    }
    return [good("numpy files", key, raw) for key, raw in rows.items()]


def sparse(seed: int) -> list[Case]:
    matrix = scipy.sparse.random(30, 40, 0.1, random_state=seed)
    grid = np.linspace(0, 1, 20)
    rows = {kind: getattr(matrix, f"to{kind}")() for kind in ("csr", "csc", "coo", "lil", "dok", "dia")}
    rows |= {
        "csr-array": scipy.sparse.csr_array(matrix),
        "spline": scipy.interpolate.CubicSpline(grid, np.sin(grid)),
        "kd-tree": scipy.spatial.cKDTree(np.column_stack([grid, grid])),
        "rotation": scipy.spatial.transform.Rotation.from_euler("x", 30, degrees=True),
        "normal": scipy.stats.norm(0, 1),
    }
    return [*protocols("scipy", rows), good("scipy", "matrix.npz", saved(scipy.sparse.save_npz, rows["csr"]))]


def frames(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "price": chance.random(50), "count": chance.integers(0, 9, 50), "name": [f"item {at}" for at in range(50)],
        "when": pd.date_range("2026-01-01", periods=50, tz="UTC"), "kind": pd.Categorical(["a", "b"] * 25),
        "maybe": pd.array([1, None] * 25, dtype="Int64"), "flag": [True, False] * 25,
    })
    rows = {
        "frame": frame,
        "series": frame["price"],
        "strings": frame["name"].astype("string"),
        "index": frame.set_index(["kind", "count"]),
        "categories": frame["kind"],
        "intervals": pd.cut(frame["price"], 4),
        "periods": frame["when"].dt.tz_localize(None).dt.to_period("M"),
        "durations": frame["when"] - frame["when"].iloc[0],
        "time-zone": frame["when"].dt.tz_convert("Europe/Amsterdam"),
        "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "offsets": [pd.Timestamp("2026-01-01"), pd.offsets.MonthEnd(2), pd.Timedelta("1h"), pd.NaT],
    }
    whole = pickle.dumps(frame, 5)
    packed = {"frame.pkl.gz": gzip.compress(whole, mtime=0), "frame.pkl.bz2": bz2.compress(whole), "frame.pkl.zlib": zlib.compress(whole)}
    return [*protocols("pandas", rows), *(good("pandas", key, raw) for key, raw in packed.items())]
