"""Protocol buffers and GGUF, written by hand: what a library would refuse to write.

Field numbers are those of onnx.proto, graph.proto, saved_model.proto and meta_graph.proto; GGUF is version 3 of its specification.
Never here: what makes a file malicious (`formats.py`). To add a message: a function that gives its bytes.
"""

import struct


def varint(value: int) -> bytes:
    out = bytearray()
    value &= 2**64 - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def onnx_tensor(name: str, location: str | None = None, more: dict[str, str] | None = None) -> bytes:
    head = field(1, 2) + field(2, 1) + field(8, name)
    if location is None:
        return head + field(9, struct.pack("<2f", 0.5, 0.25))
    entries = {"location": location, "offset": "0", "length": "8", **(more or {})}
    outside = b"".join(field(13, field(1, key) + field(2, value)) for key, value in entries.items())
    return head + outside + field(14, 1)


def onnx_node(op: str, domain: str = "", attributes: tuple[bytes, ...] = ()) -> bytes:
    body = field(1, "x") + field(2, "y") + field(3, f"node_{op}") + field(4, op)
    return body + b"".join(field(5, one) for one in attributes) + (field(7, domain) if domain else b"")


def onnx_graph(nodes: list[bytes], tensors: tuple[bytes, ...] = (), more: bytes = b"") -> bytes:
    return b"".join(field(1, one) for one in nodes) + field(2, "graph") + b"".join(field(5, one) for one in tensors) + more


def onnx_model(graph: bytes, domains: tuple[str, ...] = (), more: bytes = b"") -> bytes:
    opsets = field(8, field(1, "") + field(2, 21)) + b"".join(field(8, field(1, one) + field(2, 1)) for one in domains)
    return field(1, 10) + field(2, "writ-corpus") + opsets + field(7, graph) + more


def tf_node(op: str, attributes: dict[str, bytes] | None = None) -> bytes:
    rows = (field(5, field(1, key) + field(2, value)) for key, value in (attributes or {}).items())
    return field(1, f"node/{op}") + field(2, op) + field(3, "input") + b"".join(rows)


def tf_graph(nodes: list[bytes], functions: list[bytes] | None = None) -> bytes:
    library = b"".join(field(1, one) for one in functions or [])
    return b"".join(field(1, one) for one in nodes) + (field(2, library) if library else b"") + field(4, field(1, 1882))


def tf_function(name: str, nodes: list[bytes]) -> bytes:
    return field(1, field(1, name)) + b"".join(field(3, one) for one in nodes)


def saved_model(*graphs: bytes) -> bytes:
    metas = (field(2, field(1, field(4, "serve") + field(5, "2.20.0")) + field(2, one)) for one in graphs)
    return field(1, 1) + b"".join(metas)


def gguf_text(text: str | bytes, order: str = "<") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(order + "Q", len(raw)) + raw


def gguf(pairs: list[tuple[str, object]], version: int = 3, order: str = "<", count: int | None = None, tail: bytes = b"") -> bytes:
    out = [b"GGUF", struct.pack(order + "IQQ", version, 0, len(pairs) if count is None else count)]
    for key, value in pairs:
        out.append(gguf_text(key, order))
        if isinstance(value, str):
            out.append(struct.pack(order + "I", 8) + gguf_text(value, order))
        elif isinstance(value, int):
            out.append(struct.pack(order + "II", 4, value))
        elif isinstance(value, list):
            words = b"".join(gguf_text(one, order) for one in value)
            out.append(struct.pack(order + "IIQ", 9, 8, len(value)) + words)
        elif isinstance(value, bytes):
            out.append(value)
    return b"".join(out) + tail
