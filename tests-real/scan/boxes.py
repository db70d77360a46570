"""Malicious pickles in archives and packings, honest and lying: zip, tar, 7z, gzip and the rest.

Never here: what stands in an archive beyond a pickle (`formats.py`). To add a lie: a row in `lying`.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib

from scan.case import CODE, COMMAND, SOURCE, Case
from scan.opcodes import framed, lit, of, ops, stacked, whole
from scan.seven import seven

EVIL = whole(of("os", "system", COMMAND))
EVAL = framed(of("builtins", "exec", CODE))
GOOD = pickle.dumps({"weights": [0.5, 0.25], "name": "model"}, 2)
DATE = (2026, 1, 1, 0, 0, 0)


def cases(_seed: int) -> list[Case]:
    return [*torches(), *lying(), *packed(), *boxed(), *renamed()]


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as box:
        for name, raw in entries:
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            box.writestr(info, raw)
    return out.getvalue()


def torch_zip(data: bytes, folder: str = "archive", method: int = zipfile.ZIP_STORED) -> bytes:
    rows = [("data.pkl", data), ("byteorder", b"little"), ("data/0", b"\0" * 64), ("version", b"3\n")]
    return zipped([(f"{folder}/{name}", raw) for name, raw in rows], method)


def torches() -> list[Case]:
    """What `torch.save` writes, with a call in it."""
    storage = lit(("storage", ops(b"ctorch\nFloatStorage\n"), "0", "cpu", 16))
    tensor = of("torch._utils", "_rebuild_tensor_v2", ops(storage, b"Q"), 0, (4, 4), (4, 1), False, of("collections", "OrderedDict"))
    among = whole(ops(b"}", b"(", lit("layer.weight"), tensor, lit("layer.bias"), of("posix", "system", COMMAND), b"u"))
    dotted = framed(ops(stacked("torch.serialization", "os.system"), lit((COMMAND,)), b"R"))
    module = ops(b"ctorch.nn.modules.linear\nLinear\n", b")\x81", lit({"training": False, "_forward_hooks": {0: of("builtins", "eval", CODE)}}), b"b")
    legacy = b"".join(pickle.dumps(one, 2) for one in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})) + among + pickle.dumps([], 2)
    loaded = whole(of("torch.storage", "_load_from_bytes", legacy))
    rows = {
        "data.pt": torch_zip(EVIL),
        "among-tensors.pt": torch_zip(among),
        "among-tensors-deflated.pth": torch_zip(among, method=zipfile.ZIP_DEFLATED),
        "dotted.pt": torch_zip(dotted),
        "in-a-hook.pt": torch_zip(whole(module)),
        "other-folder.bin": torch_zip(EVAL, folder="pytorch_model"),
        "legacy.pt": legacy,
        "legacy-inside.pkl": loaded,
        "second-pickle-in-it.pt": torch_zip(GOOD + EVIL),
        "pickle-in-a-tensor.pt": zipped([("archive/data.pkl", GOOD), ("archive/data/0", EVIL), ("archive/version", b"3\n")]),
        "constants.pt": zipped([("archive/data.pkl", GOOD), ("archive/constants.pkl", EVIL), ("archive/version", b"3\n")]),
        "other-ending.pt": zipped([("archive/data.pkl", GOOD), ("archive/extra/hook.dat", EVIL), ("archive/version", b"3\n")]),
        "no-ending.pt": zipped([("archive/data.pkl", GOOD), ("archive/attributes", EVAL), ("archive/version", b"3\n")]),
        "package.pt": zipped([("pack/.data/extern_modules", b"os\n"), ("pack/model/model.pkl", EVIL), ("pack/model.py", SOURCE.encode())]),
        "handler.mar": zipped([("MAR-INF/MANIFEST.json", b'{"model":{"handler":"handler.py"}}'), ("handler.py", SOURCE.encode())]),
    }
    return [Case("torch", key, raw) for key, raw in rows.items()]


def patched(raw: bytes, signature: bytes, offset: int, value: bytes, which: int = 0) -> bytes:
    """One field of the archive's own headers, changed."""
    at = -1
    for _ in range(which + 1):
        at = raw.index(signature, at + 1)
    return raw[: at + offset] + value + raw[at + offset + len(value) :]


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def lying() -> list[Case]:
    """Archives whose two lists of contents, flags, names, sizes and checksums do not agree."""
    plain = torch_zip(EVIL)
    crypt = struct.pack("<H", 1)
    good_first = zipped([("archive/data.pkl", GOOD), ("archive/data.pkX", EVIL)])
    twins = good_first.replace(b"data.pkX", b"data.pkl")
    hidden = hide_last(zipped([("archive/data.pkl", GOOD), ("archive/more.pkl", EVIL)]))
    bomb = zipped([("archive/zeros", b"\0" * 40_000_000), ("archive/data.pkl", EVIL)], zipfile.ZIP_DEFLATED)
    inner = zipped([("inner/model.bin", torch_zip(EVIL))])
    rows = {
        "crypt-flag-in-local.pt": patched(plain, LOCAL, 6, crypt),
        "crypt-flag-in-central.pt": patched(plain, CENTRAL, 8, crypt),
        "crypt-flag-in-both.pt": patched(patched(plain, LOCAL, 6, crypt), CENTRAL, 8, crypt),
        "wrong-checksum.pt": patched(patched(plain, LOCAL, 14, b"\1\2\3\4"), CENTRAL, 16, b"\1\2\3\4"),
        "wrong-checksum-in-central.pt": patched(plain, CENTRAL, 16, b"\1\2\3\4"),
        "other-name-in-local.pt": patched(plain, LOCAL, 30, b"archive/data.txt"),
        "other-name-in-central.pt": patched(plain, CENTRAL, 46, b"archive/data.txt"),
        "size-of-nothing-in-local.pt": patched(plain, LOCAL, 18, struct.pack("<II", 0, 0)),
        "size-of-nothing-in-central.pt": patched(plain, CENTRAL, 20, struct.pack("<II", 0, 0)),
        "size-of-gigabytes-in-central.pt": patched(plain, CENTRAL, 24, struct.pack("<I", 2**32 - 2)),
        "method-that-is-none.pt": patched(patched(plain, LOCAL, 8, b"\x63\0"), CENTRAL, 10, b"\x63\0"),
        "method-in-local-differs.pt": patched(plain, LOCAL, 8, b"\x08\0"),
        "twins-the-second-evil.pt": twins,
        "twins-the-first-evil.pt": zipped([("archive/data.pkl", EVIL), ("archive/data.pkX", GOOD)]).replace(b"data.pkX", b"data.pkl"),
        "not-in-central.pt": hidden,
        "no-central-at-all.pt": plain[: plain.index(CENTRAL)],
        "no-end-record.pt": plain[: plain.index(END)],
        "cut-in-the-middle.pt": plain[: len(plain) // 2],
        "count-too-small.pt": patched(plain, END, 8, struct.pack("<HH", 1, 1)),
        "count-too-large.pt": patched(plain, END, 8, struct.pack("<HH", 9, 9)),
        "central-at-nowhere.pt": patched(plain, END, 16, struct.pack("<I", 2**31)),
        "bytes-before.pt": b"#!/bin/sh\nexit\n" + plain,
        "pickle-before.pt": EVIL + zipped([("archive/data.pkl", GOOD)]),
        "good-pickle-before.pt": GOOD + plain,
        "zip-after-zip.pt": zipped([("archive/data.pkl", GOOD)]) + plain,
        "pickle-after.pt": zipped([("archive/data.pkl", GOOD)]) + EVIL,
        "comment-with-end-record.pt": with_comment(plain),
        "absolute-name.pt": zipped([("/archive/data.pkl", EVIL)]),
        "climbing-name.pt": zipped([("archive/../../data.pkl", EVIL)]),
        "backslash-name.pt": zipped([("archive\\data.pkl", EVIL)]),
        "upper-case-name.pt": zipped([("ARCHIVE/DATA.PKL", EVIL)]),
        "zip-in-zip.zip": inner,
        "zip-in-zip-in-zip.zip": zipped([("a.zip", zipped([("b.zip", inner)]))], zipfile.ZIP_DEFLATED),
        "behind-a-bomb.pt": bomb,
        "bzip2.pt": torch_zip(EVIL, method=zipfile.ZIP_BZIP2),
        "lzma.pt": torch_zip(EVIL, method=zipfile.ZIP_LZMA),
    }
    unread = {"crypt-flag-in-both.pt", "method-that-is-none.pt", "cut-in-the-middle.pt", "bzip2.pt", "lzma.pt"}
    return [Case("archive that lies", key, raw, "not clean" if key in unread else "flagged") for key, raw in rows.items()]


def hide_last(raw: bytes) -> bytes:
    """The last entry stays in the file and leaves the central directory."""
    first = raw.index(CENTRAL)
    last = raw.rindex(CENTRAL)
    end = raw.rindex(END)
    tail = struct.pack("<4s4H2IH", END, 0, 0, 1, 1, last - first, first, 0)
    return raw[:last] + tail if last > first else raw[:end] + tail


def with_comment(raw: bytes) -> bytes:
    """A second end record inside the comment of the first, of an empty archive."""
    empty = struct.pack("<4s4H2IH", END, 0, 0, 0, 0, 0, 0, 0)
    return raw[:-2] + struct.pack("<H", len(empty)) + empty


def packed() -> list[Case]:
    """One packing around a pickle, as joblib and pandas write and read them."""
    framed_zlib = b"ZF" + hex(len(EVIL)).encode().ljust(19) + zlib.compress(EVIL)
    rows = {
        "model.pkl.gz": gzip.compress(EVIL, mtime=0),
        "model.pkl.bz2": bz2.compress(EVIL),
        "model.pkl.xz": lzma.compress(EVIL),
        "model.pkl.lzma": lzma.compress(EVIL, format=lzma.FORMAT_ALONE),
        "model.pkl.z": zlib.compress(EVIL),
        "fast.pkl.z": zlib.compress(EVIL, 1),
        "twice.gz": gzip.compress(gzip.compress(EVIL, mtime=0), mtime=0),
        "two-members.gz": gzip.compress(GOOD[:-1], mtime=0) + gzip.compress(b"0" + EVIL[2:], mtime=0),
        "two-pickles.gz": gzip.compress(GOOD + EVIL, mtime=0),
        "old-joblib.z": framed_zlib,
        "gzip-with-name.pkl": gzip_named(EVIL),
        "gzip-bad-checksum.pkl.gz": gzip.compress(EVIL, mtime=0)[:-8] + b"\0" * 8,
        "gzip-cut.pkl.gz": gzip.compress(EVIL, mtime=0)[:-8],
        "pickle-after-gzip.gz": gzip.compress(GOOD, mtime=0) + EVIL,
        "zstd-shaped.pkl.zst": b"\x28\xb5\x2f\xfd\x20" + bytes([len(EVIL)]) + struct.pack("<I", (len(EVIL) << 3) | 1)[:3] + EVIL,
        "lz4-shaped.pkl.lz4": b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(EVIL) | 2**31) + EVIL + b"\0\0\0\0",
    }
    unread = {"model.pkl.bz2", "model.pkl.xz", "model.pkl.lzma", "zstd-shaped.pkl.zst", "lz4-shaped.pkl.lz4"}
    return [Case("packed pickle", key, raw, "not clean" if key in unread else "flagged") for key, raw in rows.items()]


def gzip_named(raw: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("weights.bin", "wb", fileobj=out, mtime=0) as box:
        box.write(raw)
    return out.getvalue()


def tarred(entries: list[tuple[str, bytes]], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as box:
        for name, raw in entries:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            box.addfile(info, io.BytesIO(raw))
    return out.getvalue()


def boxed() -> list[Case]:
    """Pickles in archives that are no model format."""
    entries = [("model/config.json", b"{}"), ("model/weights.pkl", EVIL)]
    link = tarfile.TarInfo("model/link")
    link.type, link.linkname = tarfile.SYMTYPE, "../../../../etc/passwd"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as box:
        box.addfile(link)
    lying_size = bytearray(tarred(entries[1:]))
    lying_size[124:136] = b"77777777777\0"
    rows = {
        "model.tar": (tarred(entries), "flagged"),
        "model.tar.gz": (gzip.compress(tarred(entries), mtime=0), "flagged"),
        "model.tgz": (gzip.compress(tarred([("no-ending", EVAL)]), mtime=0), "flagged"),
        "old-torch.tar": (tarred([("pickle", EVIL), ("storages", b""), ("tensors", b"")]), "flagged"),
        "nemo.nemo": (tarred([("./model_config.yaml", b"a: 1\n"), ("./model_weights.ckpt", torch_zip(EVIL))]), "flagged"),
        "link-that-climbs.tar": (out.getvalue(), "not clean"),
        "name-that-climbs.tar": (tarred([("../../etc/cron.d/x", EVIL)]), "flagged"),
        "size-that-lies.tar": (bytes(lying_size), "not clean"),
        "zip-in-tar.tar": (tarred([("inner.pt", torch_zip(EVIL))]), "flagged"),
        "model.zip": (zipped(entries, zipfile.ZIP_DEFLATED), "flagged"),
        "tar-in-zip.zip": (zipped([("model.tar", tarred(entries))]), "flagged"),
        "gz-in-zip.zip": (zipped([("model.pkl.gz", gzip.compress(EVIL, mtime=0))]), "flagged"),
        "torch.7z": (seven("archive/data.pkl", EVIL), "not clean"),
        "torch-7z.pt": (seven("archive/data.pkl", EVIL), "not clean"),
    }
    return [Case("archive", key, raw, wanted) for key, (raw, wanted) in rows.items()]


def renamed() -> list[Case]:
    """A pickle by the name of something that carries no code."""
    endings = ["safetensors", "gguf", "onnx", "npy", "json", "txt", "h5", "pb", "csv", "md", "png", "yaml", "tflite", "msgpack", "keras"]
    made = [Case("by another name", f"model.{ending}", [EVIL, EVAL, torch_zip(EVIL)][at % 3]) for at, ending in enumerate(endings)]
    made.append(Case("by another name", "weights", EVIL))
    made.append(Case("by another name", "gguf-magic-then-pickle.gguf", b"GGUF" + EVIL, "not clean"))
    return made
