"""Pickles put together opcode by opcode, so that nothing has to be built, pickled or loaded to get one.

Never here: a call of `pickle.load` or of anything that is named in a pickle.
To add an opcode: a function that gives its bytes; to add a way to call: a row in `Writer.call`.
"""

import random
import struct

STOP, MARK, EMPTY_TUPLE, REDUCE, BUILD, MEMOIZE, POP, DUP = b".", b"(", b")", b"R", b"b", b"\x94", b"0", b"2"
NEWOBJ, NEWOBJ_EX, OBJ, APPENDS, SETITEMS = b"\x81", b"\x92", b"o", b"e", b"u"
STRINGS = ("short", "long", "line", "eight", "quoted", "counted")
CALLS = ("global", "stacked", "memo", "alias", "inst", "obj")


class Ops(bytes):
    """Opcodes; other bytes are data that a pickle carries."""


def ops(*parts: bytes) -> Ops:
    return Ops(b"".join(parts))


def proto(version: int) -> Ops:
    return Ops(b"\x80" + bytes([version]))


def frame(length: int) -> Ops:
    return Ops(b"\x95" + struct.pack("<Q", length))


def word(text: str, style: str = "short") -> Ops:
    raw = text.encode("utf-8", "surrogatepass")
    plain = text.isascii() and text.isprintable() and "\\" not in text
    if style == "line" and plain:
        return Ops(b"V" + raw + b"\n")
    if style == "quoted" and plain and "'" not in text:
        return Ops(b"S'" + raw + b"'\n")
    if style == "counted" and plain and len(raw) < 256:
        return Ops(b"U" + bytes([len(raw)]) + raw)
    if style == "eight":
        return Ops(b"\x8d" + struct.pack("<Q", len(raw)) + raw)
    if style == "short" and len(raw) < 256:
        return Ops(b"\x8c" + bytes([len(raw)]) + raw)
    return Ops(b"X" + struct.pack("<I", len(raw)) + raw)


def data(raw: bytes, style: str = "short") -> Ops:
    if style == "array":
        return Ops(b"\x96" + struct.pack("<Q", len(raw)) + raw)
    if style == "eight":
        return Ops(b"\x8e" + struct.pack("<Q", len(raw)) + raw)
    if style == "short" and len(raw) < 256:
        return Ops(b"C" + bytes([len(raw)]) + raw)
    return Ops(b"B" + struct.pack("<I", len(raw)) + raw)


def number(value: int) -> Ops:
    if 0 <= value < 256:
        return Ops(b"K" + bytes([value]))
    if 0 <= value < 65536:
        return Ops(b"M" + struct.pack("<H", value))
    if -(2**31) <= value < 2**31:
        return Ops(b"J" + struct.pack("<i", value))
    raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return Ops(b"\x8a" + bytes([len(raw)]) + raw)


def group(items: list[bytes]) -> Ops:
    """A tuple of what these opcodes leave."""
    if not items:
        return Ops(EMPTY_TUPLE)
    if len(items) <= 3:
        return ops(*items, bytes([0x84 + len(items)]))
    return ops(MARK, *items, b"t")


def put(slot: int) -> Ops:
    return Ops(b"q" + bytes([slot])) if slot < 256 else Ops(b"r" + struct.pack("<I", slot))


def get(slot: int) -> Ops:
    return Ops(b"h" + bytes([slot])) if slot < 256 else Ops(b"j" + struct.pack("<I", slot))


def name(module: str, attribute: str) -> Ops:
    return Ops(f"c{module}\n{attribute}\n".encode())


def stacked(module: str, attribute: str, style: str = "short") -> Ops:
    return ops(word(module, style), word(attribute, style), b"\x93")


def lit(value) -> Ops:
    """Opcodes that leave this value; opcodes leave what they leave."""
    match value:
        case Ops():
            return value
        case None:
            return Ops(b"N")
        case bool():
            return Ops(b"\x88" if value else b"\x89")
        case int():
            return number(value)
        case float():
            return Ops(b"G" + struct.pack(">d", value))
        case str():
            return word(value)
        case bytes() | bytearray():
            return data(bytes(value))
        case tuple():
            return group([lit(one) for one in value])
        case list():
            return ops(b"]", MARK, *(lit(one) for one in value), APPENDS)
        case dict():
            pairs = (lit(one) for pair in value.items() for one in pair)
            return ops(b"}", MARK, *pairs, SETITEMS)
    raise TypeError(f"no opcodes for {type(value).__name__}")


def call(function: bytes, *arguments) -> Ops:
    return ops(function, lit(tuple(arguments)), REDUCE)


def of(module: str, attribute: str, *arguments) -> Ops:
    """The plain way: a global and REDUCE."""
    return call(name(module, attribute), *arguments)


def whole(body: bytes, version: int = 2) -> bytes:
    return bytes(ops(proto(version), body, STOP))


def framed(body: bytes, version: int = 4) -> bytes:
    return bytes(ops(proto(version), frame(len(body) + 1), body, STOP))


class Writer:
    """The same calls, written another way each time; the seed says how."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)

    def text(self, text: str) -> Ops:
        return word(text, self.chance.choice(STRINGS))

    def named(self, module: str, attribute: str) -> Ops:
        return ops(self.text(module), self.text(attribute), b"\x93")

    def remembered(self, module: str, attribute: str) -> Ops:
        """The two words come out of the memo, in another order than they went in, behind others."""
        slots = self.chance.sample(range(300), 3)
        words = [attribute, "weights", module]
        stored = ops(*(ops(self.text(one), put(slot), POP) for one, slot in zip(words, slots)))
        return ops(stored, get(slots[2]), get(slots[0]), b"\x93")

    def call(self, module: str, attribute: str, arguments: tuple, way: str | None = None) -> Ops:
        way = way or self.chance.choice(CALLS)
        values = [lit(one) for one in arguments]
        match way:
            case "global":
                return ops(name(module, attribute), group(values), REDUCE)
            case "stacked":
                return ops(self.named(module, attribute), group(values), REDUCE)
            case "memo":
                return ops(self.remembered(module, attribute), group(values), REDUCE)
            case "alias":
                slot = self.chance.randrange(300)
                kept = ops(name(module, attribute), put(slot), POP, self.text("bias"), POP)
                return ops(kept, get(slot), group(values), REDUCE)
            case "inst":
                return ops(MARK, *values, f"i{module}\n{attribute}\n".encode())
            case "obj":
                return ops(MARK, name(module, attribute), *values, OBJ)
        raise ValueError(f"no way {way}")

    def dressed(self, body: bytes) -> bytes:
        """A pickle that looks like a model: a dictionary with some harmless entries, and this one's value among them."""
        keys = self.chance.sample(["weights", "bias", "classes", "epoch", "config", "version", "mean", "scale"], 4)
        values = [lit([self.chance.random() for _ in range(3)]), lit(self.chance.randrange(99)), lit("ok"), Ops(body)]
        self.chance.shuffle(values)
        pairs = (one for key, value in zip(keys, values) for one in (self.text(key), value))
        inside = ops(b"}", MARK, *pairs, SETITEMS)
        version = self.chance.choice([0, 2, 3, 4, 5])
        if version == 0:
            return bytes(ops(inside, STOP))
        return framed(inside, version) if version >= 4 else whole(inside, version)
