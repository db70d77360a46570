"""Several techniques at once: a call, hidden by layers that the seed picks. Other seeds give other files, for whoever has a doubt.

Never here: a layer without a reader in every language (bzip2, lzma): what is under it cannot be seen.
To add a layer: a row in `LAYERS`; those in `OUTER` give files that can only stand outside.
"""

import base64
import binascii
import gzip
import pickle
import random
import zlib

from scan.boxes import tarred, torch_zip, zipped
from scan.case import Case
from scan.formats import npy
from scan.opcodes import Writer, framed, lit, whole
from scan.reach import REACH

FILES = 60
#: LIMIT: layers around a call; readers bound their depth, and what is deeper they must not call clean.
DEPTH = 3


def entry(raw: bytes, chance: random.Random) -> bytes:
    return chance.choice([framed, whole])(lit({"weights": [chance.random()], f"blob{chance.randrange(9)}": raw}))


def text(raw: bytes, chance: random.Random) -> bytes:
    return framed(lit({"vocabulary": raw.decode("ascii"), "size": chance.randrange(999)}))


LAYERS = {
    "bytes": entry,
    "base64": lambda raw, chance: text(base64.b64encode(raw), chance),
    "hex": lambda raw, chance: text(binascii.hexlify(raw), chance),
    "zlib": lambda raw, chance: entry(zlib.compress(raw), chance),
    "gzip": lambda raw, chance: entry(gzip.compress(raw, mtime=0), chance),
    "base64-of-zlib": lambda raw, chance: text(base64.b64encode(zlib.compress(raw)), chance),
    "second": lambda raw, chance: pickle.dumps({"epoch": chance.randrange(99)}, 2) + raw,
}
OUTER = {
    "nothing": lambda raw: (raw, "pkl"),
    "torch": lambda raw: (torch_zip(raw), "pt"),
    "torch-deflated": lambda raw: (torch_zip(raw, "model", 8), "bin"),
    "npy": lambda raw: (npy("'|O'", "(1,)", raw), "npy"),
    "npz": lambda raw: (zipped([("a.npy", npy("'|O'", "(1,)", raw))], 8), "npz"),
    "tar": lambda raw: (tarred([("model/weights", raw)]), "tar"),
    "gzip": lambda raw: (gzip.compress(raw, mtime=0), "pkl.gz"),
    "zip-in-zip": lambda raw: (zipped([("inner.zip", zipped([("m.pkl", raw)]))]), "zip"),
}


def cases(seed: int) -> list[Case]:
    made = []
    rows = [row for technique in ("starts a process", "runs text as code", "opens a socket") for row in REACH[technique]]
    for at in range(FILES):
        chance = random.Random(f"{seed} mixed {at}")
        module, attribute, arguments = chance.choice(rows)
        writer = Writer(f"{seed} mixed call {at}")
        raw = writer.dressed(writer.call(module, attribute, arguments))
        layers = chance.choices(list(LAYERS), k=chance.randrange(DEPTH))
        for layer in layers:
            raw = LAYERS[layer](raw, chance)
        outer = chance.choice(list(OUTER))
        raw, ending = OUTER[outer](raw)
        made.append(Case("several at once", f"{at:03}-{'-'.join([*layers, outer])}.{ending}", raw))
    return made
