"""Malicious pickles in streams that a careless reader leaves too early: behind another pickle, broken, with lying lengths.

Never here: what is encoded or boxed (`hidden.py`, `boxes.py`). To add one: a case in one of the functions that `cases` joins.
"""

import pickle
import random
import struct

from scan.case import CODE, COMMAND, Case
from scan.opcodes import (
    EMPTY_TUPLE, MARK, POP, REDUCE, STOP, Ops, data, frame, framed, get, group, lit, name, number, of, ops, proto, put, stacked, whole, word,
)

EVIL = of("os", "system", COMMAND)
EVAL = of("builtins", "eval", CODE)


def cases(seed: int) -> list[Case]:
    return [*several(seed), *broken(seed), *lengths(), *padded(seed)]


def harmless(seed: int) -> bytes:
    chance = random.Random(f"{seed} harmless")
    return pickle.dumps({"weights": [chance.random() for _ in range(20)], "name": "model"}, protocol=chance.choice([2, 3, 4, 5]))


def several(seed: int) -> list[Case]:
    good, bad = harmless(seed), whole(EVIL)
    rows = {
        "second.pkl": good + bad,
        "second-of-another-protocol.pkl": good + framed(EVIL),
        "second-of-protocol-0.pkl": good + bytes(EVIL + STOP),
        "fifth.pkl": good * 4 + bad,
        "first.pkl": bad + good,
        "middle.pkl": good + bad + good,
        "after-stop-and-zeros.pkl": good + b"\0" * 64 + bad,
        "after-stop-and-newline.pkl": good + b"\n" + bad,
        "after-stop-and-text.pkl": good + b"-----PADDING-----" + bad,
        "after-numbers-of-old-torch.pkl": pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + bad,
        "memo-shared-with-first.pkl": whole(ops(word("os"), put(1), POP, word("system"), put(2)))
        + whole(ops(stacked("os", "system"), group([word(COMMAND)]), REDUCE)),
        "hundredth.pkl": pickle.dumps(1, 2) * 99 + bad,
    }
    return [Case("another pickle after it", key, raw) for key, raw in rows.items()]


def broken(seed: int) -> list[Case]:
    """The call comes before the fault, so a reader has run it when it fails."""
    good = harmless(seed)
    rows = {
        "no-stop.pkl": proto(2) + EVIL,
        "no-stop-no-proto.pkl": bytes(EVIL),
        "opcode-that-is-none.pkl": proto(2) + EVIL + b"\xff" + STOP,
        "opcode-that-is-none-in-frame.pkl": framed(EVIL + b"\xfe"),
        "stack-underflow.pkl": whole(EVIL + POP + POP + POP + REDUCE),
        "cut-in-an-argument.pkl": proto(2) + EVIL + b"X\xff\xff\x00\x00abc",
        "memo-that-is-empty.pkl": whole(EVIL + get(77)),
        "tuple-without-mark.pkl": whole(EVIL + b"t"),
        "build-on-nothing.pkl": whole(EVIL + b"b"),
        "string-never-closed.pkl": whole(EVIL + b"S'open\n"),
        "number-that-is-none.pkl": whole(EVIL + b"Iseven\n"),
        "proto-of-nowhere.pkl": bytes(ops(EVIL, proto(99), STOP)),
        "later-protocol-byte.pkl": whole(EVIL, 5) + b"\x80\xff.",
        "utf8-that-is-none.pkl": whole(ops(EVIL, b"X\x02\x00\x00\x00\xff\xfe")),
        "two-marks-left.pkl": whole(ops(MARK, MARK, EVIL)),
        "after-good-then-cut.pkl": good[:-1] + bytes(ops(POP, EVIL)),
    }
    made = [Case("broken after the call", key, bytes(raw)) for key, raw in rows.items()]
    half = framed(ops(word("weights"), POP, stacked("os", "system")))
    made.append(Case("broken after the call", "cut-before-the-call.pkl", half[:-1]))
    return made


def lengths() -> list[Case]:
    """Frames and sizes that are not what they say."""
    inside = ops(word("x"), POP, EVIL)
    far = 2**40
    rows = {
        "frame-too-long.pkl": ops(proto(4), frame(len(inside) + 4096), inside, STOP),
        "frame-too-short.pkl": ops(proto(4), frame(3), inside, STOP),
        "frame-of-nothing.pkl": ops(proto(4), frame(0), inside, STOP),
        "frame-of-everything.pkl": ops(proto(4), frame(2**63 - 1), inside, STOP),
        "frame-in-frame.pkl": ops(proto(4), frame(len(inside) + 10), frame(len(inside) + 1), inside, STOP),
        "many-frames.pkl": ops(proto(4), *(ops(frame(3), lit(1), POP) for _ in range(20)), frame(len(inside) + 1), inside, STOP),
        "proto-twice.pkl": ops(proto(4), proto(2), inside, STOP),
        "proto-in-the-middle.pkl": ops(lit(1), POP, proto(3), EVIL, STOP),
        "string-of-terabytes-after.pkl": ops(proto(4), EVIL, b"\x8d", struct.pack("<Q", far), b"abc"),
        "bytes-of-terabytes-after.pkl": ops(proto(4), EVIL, b"\x8e", struct.pack("<Q", far), b"abc"),
        "array-of-terabytes-after.pkl": ops(proto(5), EVIL, b"\x96", struct.pack("<Q", far), b"abc"),
        "negative-length-after.pkl": ops(proto(2), EVIL, b"T\xff\xff\xff\xff", STOP),
        "number-of-gigabytes-after.pkl": ops(proto(2), EVIL, b"\x8b", struct.pack("<i", 2**31 - 1), STOP),
        "memo-of-billions.pkl": ops(proto(4), word("x"), b"r\xff\xff\xff\xff", POP, EVIL, STOP),
    }
    return [Case("lengths that lie", key, bytes(raw)) for key, raw in rows.items()]


def padded(seed: int) -> list[Case]:
    """The call far behind much that is harmless, or deep inside it."""
    chance = random.Random(f"{seed} padded")
    junk = data(chance.randbytes(600_000), "long")
    nops = (lit(1) + POP) * 200_000
    nested = b"]" * 3000 + EVIL + b"a" * 3000
    marks = MARK * 5000 + EVIL
    wide = ops(b"]", MARK, *(number(one % 250) for one in range(60_000)), EVAL, b"e")
    dictionary = ops(b"}", MARK, *(ops(word(f"layer.{one}"), number(1)) for one in range(20_000)), word("x"), EVIL, b"u")
    text = ops(b"V" + b"a" * 300_000 + b"\n", POP, EVIL)
    copies = ops(*(ops(word(f"w{one}"), put(one)) for one in range(256)), EVIL)
    rows = {
        "after-600-kilobytes.pkl": whole(ops(junk, POP, EVIL)),
        "after-400000-opcodes.pkl": whole(Ops(nops + EVIL)),
        "3000-lists-deep.pkl": whole(Ops(nested)),
        "under-5000-marks.pkl": whole(Ops(marks)),
        "last-of-60000.pkl": whole(wide),
        "last-of-20000-keys.pkl": whole(dictionary),
        "after-a-long-line.pkl": whole(text),
        "after-256-memos.pkl": whole(copies),
        "with-empty-tuple-first.pkl": whole(ops(name("builtins", "dict"), EMPTY_TUPLE, REDUCE, POP, EVIL)),
    }
    return [Case("far behind or deep inside", key, raw) for key, raw in rows.items()]
