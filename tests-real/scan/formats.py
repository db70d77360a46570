"""Malicious files of the formats that are no pickles: ONNX, SavedModel, GGUF, PMML, safetensors, npy, skops.

Never here: pickles in general (`calls.py`), Keras (`keras.py`). To add a format: a function that `cases` joins.
"""

import json
import struct

from scan.boxes import EVAL, EVIL, zipped
from scan.case import COMMAND, MARKER, Case
from scan.wire import (
    field, gguf, gguf_text, onnx_graph, onnx_model, onnx_node, onnx_tensor, saved_model, tf_function, tf_graph, tf_node,
)


def cases(_seed: int) -> list[Case]:
    return [*onnx(), *saved_models(), *ggufs(), *pmmls(), *safetensors(), *arrays(), *skops()]


def onnx() -> list[Case]:
    outside = [
        "../../../etc/passwd", "/etc/passwd", "weights/../../secret.bin", "..\\..\\secret.bin", "C:\\Windows\\win.ini", "file:///etc/passwd",
        "\\\\server\\share\\x", "./../x.bin", "~/.ssh/id_rsa", "a/./b/../../../x", "/proc/self/environ", "..",
    ]
    add = onnx_node("Add")
    made = [
        Case("onnx data outside", f"outside-{at}.onnx", onnx_model(onnx_graph([add], (onnx_tensor("w", location),))))
        for at, location in enumerate(outside)
    ]
    escape = onnx_tensor("w", "../../../etc/passwd")
    in_attribute = field(1, "value") + field(5, escape) + field(20, 4)
    subgraph = field(1, "then_branch") + field(6, onnx_graph([onnx_node("Constant", attributes=(in_attribute,))])) + field(20, 5)
    sparse = field(15, field(1, escape) + field(2, onnx_tensor("i")) + field(3, 2))
    function = field(25, field(1, "F") + field(7, onnx_node("Constant", attributes=(in_attribute,))) + field(10, "local"))
    training = field(20, field(1, onnx_graph([add], (escape,))))
    twice = onnx_tensor("w", "weights.bin") + field(13, field(1, "location") + field(2, "../../x"))
    made += [
        Case("onnx data outside", "in-an-attribute.onnx", onnx_model(onnx_graph([onnx_node("Constant", attributes=(in_attribute,))]))),
        Case("onnx data outside", "in-a-branch.onnx", onnx_model(onnx_graph([onnx_node("If", attributes=(subgraph,))]))),
        Case("onnx data outside", "in-a-sparse-tensor.onnx", onnx_model(onnx_graph([add], (), sparse))),
        Case("onnx data outside", "in-a-function.onnx", onnx_model(onnx_graph([add]), ("local",), function)),
        Case("onnx data outside", "in-training.onnx", onnx_model(onnx_graph([add]), (), training)),
        Case("onnx data outside", "location-twice.onnx", onnx_model(onnx_graph([add], (twice,)))),
    ]
    strange = [("PyOp", "ai.onnx.contrib"), ("PythonOp", "com.microsoft"), ("ShellOp", "com.example.ops"), ("System", "custom")]
    for op, domain in strange:
        made.append(Case("onnx custom operator", f"{op}.onnx", onnx_model(onnx_graph([onnx_node(op, domain)]), (domain,))))
    branch = field(1, "body") + field(6, onnx_graph([onnx_node("ShellOp", "com.example.ops")])) + field(20, 5)
    made.append(Case("onnx custom operator", "in-a-loop.onnx", onnx_model(onnx_graph([onnx_node("Loop", attributes=(branch,))]), ("com.example.ops",))))
    hidden = onnx_model(onnx_graph([add])) + field(7, onnx_graph([onnx_node("ShellOp", "com.example.ops")]))
    made.append(Case("onnx custom operator", "second-graph.onnx", hidden))
    made.append(Case("onnx custom operator", "cut.onnx", onnx_model(onnx_graph([add]))[:-7], "not clean"))
    return made


def saved_models() -> list[Case]:
    name = {"filename": field(2, "/etc/passwd")}
    printed = {"output_stream": field(2, f"file://{MARKER}")}
    quiet = [tf_node("Placeholder"), tf_node("MatMul"), tf_node("SaveV2"), tf_node("RestoreV2")]
    rows = {}
    for op in ("ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless", "MatchingFiles", "ImmutableConst", "WholeFileReaderV2"):
        rows[op] = saved_model(tf_graph([*quiet, tf_node(op, name)]))
    rows["PrintV2-to-a-file"] = saved_model(tf_graph([*quiet, tf_node("PrintV2", printed)]))
    rows["in-a-function"] = saved_model(tf_graph(quiet, [tf_function("__inference_f", [tf_node("WriteFile")])]))
    rows["in-the-second-graph"] = saved_model(tf_graph(quiet), tf_graph([tf_node("ReadFile")]))
    rows["in-the-tenth-function"] = saved_model(
        tf_graph(quiet, [*(tf_function(f"f{at}", quiet) for at in range(9)), tf_function("f9", [tf_node("EagerPyFunc")])])
    )
    rows["unknown-operator"] = saved_model(tf_graph([*quiet, tf_node("AcmeRunShell")]))
    rows["lambda-in-keras-metadata"] = saved_model(tf_graph(quiet))
    made = [Case("saved model", f"{key}/saved_model.pb", raw) for key, raw in rows.items() if "keras" not in key]
    config = {"class_name": "Lambda", "config": {"name": "l", "function": {"class_name": "__tuple__", "items": ["4wAAAA==\n", None, None]}}}
    node = field(1, field(2, 1) + field(3, "root.layer-0") + field(4, "_tf_keras_layer") + field(5, json.dumps(config)))
    made.append(
        Case("saved model", "lambda/keras_metadata.pb", node, "flagged", (("saved_model.pb", rows["lambda-in-keras-metadata"]),))
    )
    made.append(Case("saved model", "frozen.pb", tf_graph([*quiet, tf_node("WriteFile")])))
    made.append(Case("saved model", "cut/saved_model.pb", rows["unknown-operator"][:-9], "not clean"))
    return made


TEMPLATES = {
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals-of-cycler": "{{ cycler.__init__.__globals__.os.popen('" + COMMAND + "').read() }}",
    "globals-of-lipsum": "{{ lipsum.__globals__['os'].system('" + COMMAND + "') }}",
    "attr-filter": "{{ ''|attr('__class__')|attr('__base__') }}",
    "attr-joined": "{{ ''|attr('__cl'~'ass__')|attr('__ba'~'se__') }}",
    "attr-hex": "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "subscript": "{{ ''['__class__']['__mro__'] }}",
    "subscript-reversed": "{{ ''['__ssalc__'[::-1]] }}",
    "joined-by-list": "{{ ()|attr(['__','class','__']|join) }}",
    "format-filter": "{{ ''|attr('%c%cclass%c%c'|format(95,95,95,95)) }}",
    "in-a-macro": "{% macro m(x) %}{{ x.__init__.__globals__ }}{% endmacro %}{{ m(cycler) }}",
    "in-a-set": "{% set x = namespace.__init__ %}{{ x.__globals__ }}",
    "in-a-condition": "{% if ''.__class__.__base__ %}yes{% endif %}",
    "far-down": "{% for m in messages %}{{ m['content'] }}{% endfor %}" * 200 + "{{ self.__init__.__globals__.__builtins__ }}",
    "function-code": "{{ raise_exception.func_globals }}{{ raise_exception.__code__ }}",
    "imports": "{% import 'os' as o %}{{ o }}",
    "includes": "{% include '/etc/passwd' %}",
    "extends": "{% extends '/etc/passwd' %}",
    "config": "{{ config.items() }}{{ request.application.__globals__ }}",
    "endless": "{% for a in range(1000000000) %}{% for b in range(1000000000) %}x{% endfor %}{% endfor %}",
    "mapped": "{{ ['os']|map('attr','__class__')|list }}",
}


def ggufs() -> list[Case]:
    head = [("general.architecture", "llama"), ("general.name", "writ-corpus"), ("llama.block_count", 2)]
    plain = ("tokenizer.chat_template", "{% for m in messages %}{{ m['content'] }}{% endfor %}")
    made = [
        Case("gguf template", f"{key}.gguf", gguf([*head, ("tokenizer.chat_template", text)])) for key, text in TEMPLATES.items()
    ]
    bad = TEMPLATES["globals-of-cycler"]
    rows = {
        "named-template.gguf": gguf([*head, plain, ("tokenizer.chat_template.tool_use", bad), ("tokenizer.chat_templates", ["tool_use"])]),
        "key-twice.gguf": gguf([*head, plain, ("tokenizer.chat_template", bad)]),
        "version-2.gguf": gguf([*head, ("tokenizer.chat_template", bad)], 2),
        "big-endian.gguf": gguf([*head, ("tokenizer.chat_template", bad)], order=">"),
        "after-many-tokens.gguf": gguf([*head, ("tokenizer.ggml.tokens", [f"t{at}" for at in range(30_000)]), ("tokenizer.chat_template", bad)]),
    }
    made += [Case("gguf template", key, raw) for key, raw in rows.items()]
    lies = {
        "count-of-everything.gguf": gguf(head, count=2**62),
        "string-of-everything.gguf": gguf(head, count=4, tail=struct.pack("<Q", 2**62) + b"x"),
        "array-of-everything.gguf": gguf([*head, ("a", struct.pack("<IIQ", 9, 8, 2**61))]),
        "array-in-array.gguf": gguf([*head, ("a", struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 5000)]),
        "type-that-is-none.gguf": gguf([*head, ("a", struct.pack("<II", 99, 1))]),
        "cut.gguf": gguf([*head, plain])[:-20],
        "key-that-is-no-text.gguf": gguf(head, count=4, tail=gguf_text(b"\xff\xfe\xfd") + struct.pack("<II", 4, 1)),
        "version-of-nowhere.gguf": gguf(head, 900),
    }
    return made + [Case("gguf that lies", key, raw, "not clean") for key, raw in lies.items()]


def pmmls() -> list[Case]:
    # The name space's host is spelled in halves: nothing asks it, and it is no address of ours.
    open_tag = f'<PMML xmlns="{"http:"}//www.dmg.org/PMML-4_4" version="4.4">'
    body = f"{open_tag}<Header><Annotation>%s</Annotation></Header><DataDictionary/></PMML>"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 9))
    rows = {
        "entity-of-a-file.pmml": f'{head}<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>{body % "&x;"}',
        "entity-of-an-address.pmml": f'{head}<!DOCTYPE PMML [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>{body % "&x;"}',
        "public-entity.pmml": f'{head}<!DOCTYPE PMML [<!ENTITY x PUBLIC "a" "http://127.0.0.1:9/x">]>{body % "&x;"}',
        "parameter-entity.pmml": f'{head}<!DOCTYPE PMML [<!ENTITY % d SYSTEM "http://127.0.0.1:9/d.dtd"> %d;]>{body.replace("%s", "x")}',
        "outer-dtd.pmml": f'{head}<!DOCTYPE PMML SYSTEM "http://127.0.0.1:9/d.dtd">{body.replace("%s", "x")}',
        "laughs.pmml": f'{head}<!DOCTYPE PMML [<!ENTITY l0 "ha">{laughs}]>{body.replace("%s", "&l8;")}',
        "script-extension.pmml": head + body.replace("%s", f'<Extension name="script" value="python">import os; os.system("{COMMAND}")</Extension>'),
        "included.pmml": head + body.replace("%s", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
        "after-a-comment.pmml": f'{head}<!-- {"x" * 5000} --><!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>{body % "&x;"}',
        "lower-case-model.xml": f'{head}\n\n<!DOCTYPE PMML [\n  <!ENTITY\n x\n SYSTEM\n "file:///etc/passwd">]>{body % "&x;"}',
    }
    made = [Case("pmml", key, text.encode()) for key, text in rows.items()]
    wide = rows["entity-of-a-file.pmml"].replace("UTF-8", "UTF-16")
    made.append(Case("pmml", "utf-16.pmml", wide.encode("utf-16")))
    made.append(Case("pmml", "utf-16-unmarked.pmml", wide.encode("utf-16-be"), "not clean"))
    return made


def safetensors() -> list[Case]:
    """No code runs from these; what reads them wrongly reads outside, or reads what another reader does not see."""
    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    bytes_ = b"\0" * 8

    def made(header: str, raw: bytes = bytes_, length: int | None = None) -> bytes:
        text = header.encode()
        return struct.pack("<Q", len(text) if length is None else length) + text + raw

    good = json.dumps({"w": one})
    rows = {
        "header-of-everything": made(good, length=2**63),
        "header-longer-than-file": made(good, length=5000),
        "offsets-outside": made(json.dumps({"w": {**one, "data_offsets": [0, 8000]}})),
        "offsets-backwards": made(json.dumps({"w": {**one, "data_offsets": [8, 0]}})),
        "overlap": made(json.dumps({"a": one, "b": one})),
        "gap": made(json.dumps({"a": one, "b": {**one, "data_offsets": [64, 72]}}), b"\0" * 72),
        "pickle-in-the-gap": made(json.dumps({"a": one, "b": {**one, "data_offsets": [8 + len(EVIL), 16 + len(EVIL)]}}), bytes_ + EVIL + bytes_),
        "pickle-behind": made(good, bytes_ + EVIL),
        "key-twice": made('{"w":' + json.dumps(one) + ',"w":' + json.dumps({**one, "dtype": "I64"}) + "}"),
        "shape-that-overflows": made(json.dumps({"w": {**one, "shape": [2**62, 2**62]}})),
        "shape-that-differs": made(json.dumps({"w": {**one, "shape": [9]}})),
        "header-that-is-no-json": made("{'w': 1}"),
        "cut": made(good)[:20],
    }
    sure = {"pickle-in-the-gap", "pickle-behind"}
    return [
        Case("safetensors that lies", f"{key}.safetensors", raw, "flagged" if key in sure else "not clean") for key, raw in rows.items()
    ]


def npy(descr: str, shape: str, raw: bytes, version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    size = 10 if version == 1 else 12
    text += b" " * (-(len(text) + size + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + raw


def arrays() -> list[Case]:
    plain = npy("'<f8'", "(2,)", b"\0" * 16)
    rows = {
        "objects.npy": (npy("'|O'", "(1,)", EVIL), "flagged"),
        "objects-version-2.npy": (npy("'|O'", "(1,)", EVAL, 2), "flagged"),
        "objects-version-3.npy": (npy("'O'", "(1,)", EVAL, 3), "flagged"),
        "objects-in-a-record.npy": (npy("[('a', '<f8'), ('b', '|O')]", "(1,)", EVIL), "flagged"),
        "says-numbers-holds-a-pickle.npy": (npy("'<f8'", "(1,)", EVIL), "not clean"),
        "pickle-behind-the-numbers.npy": (plain + EVIL, "flagged"),
        "header-that-calls.npy": (npy(f"__import__('os').system('{COMMAND}')", "(1,)", b""), "not clean"),
        "shape-of-everything.npy": (npy("'<f8'", "(4611686018427387904, 8)", b""), "not clean"),
        "second-array.npy": (plain + npy("'|O'", "(1,)", EVIL), "flagged"),
        "objects.npz": (zipped([("a.npy", plain), ("b.npy", npy("'|O'", "(1,)", EVIL))]), "flagged"),
        "objects-deflated.npz": (zipped([("b.npy", npy("'|O'", "(1,)", EVIL))], 8), "flagged"),
        "pickle-in-it.npz": (zipped([("a.npy", plain), ("b.pkl", EVIL)]), "flagged"),
        "pickle-named-npy.npz": (zipped([("a.npy", EVIL)]), "flagged"),
        "named-dat.npz": (zipped([("a.npy", plain), ("b.dat", npy("'|O'", "(1,)", EVIL))]), "flagged"),
    }
    return [Case("numpy", key, raw, wanted) for key, (raw, wanted) in rows.items()]


def skops() -> list[Case]:
    """Schemas whose nodes name what no estimator needs (skops' own node types)."""
    def node(module: str, name: str, loader: str, **more) -> dict:
        return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}

    arguments = {"args": node("builtins", "tuple", "TupleNode", content=[{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": f'"{COMMAND}"', "is_json": True}])}
    inner = node("builtins", "dict", "DictNode", content={"f": node("posix", "system", "FunctionNode", content={"module_path": "posix", "function": "system"})})
    nodes = {
        "function": node("builtins", "function", "FunctionNode", content={"module_path": "os", "function": "system"}),
        "reduce": node("os", "system", "ReduceNode", content={"args": arguments}),
        "object": node("subprocess", "Popen", "ObjectNode", content=inner),
        "constructor-from-instance": node("subprocess", "Popen", "ConstructorFromInstanceNode", **arguments),
        "type": node("builtins", "eval", "TypeNode"),
        "partial": node("functools", "partial", "PartialNode", content={"func": inner["content"]["f"], "args": arguments["args"]}),
        "method": node("builtins", "method", "MethodNode", content={"func": "__reduce__", "obj": node("os", "system", "ObjectNode", content=None)}),
        "operator": node("operator", "methodcaller", "OperatorFuncNode", attrs=arguments["args"]),
        "deep": node("sklearn.pipeline", "Pipeline", "ObjectNode", content=node("builtins", "dict", "DictNode", content={"steps": inner})),
        "unknown-loader": node("acme.hooks", "Run", "AcmeNode", content=None),
    }
    made = []
    for key, root in nodes.items():
        schema = json.dumps({**root, "protocol": 2, "_skops_version": "0.13.0"})
        made.append(Case("skops", f"{key}.skops", zipped([("schema.json", schema.encode())])))
    schema = json.dumps({**node("numpy", "ndarray", "NdArrayNode", type="numpy", file="x.npy"), "protocol": 2, "_skops_version": "0.13.0"})
    made.append(Case("skops", "array-of-objects.skops", zipped([("schema.json", schema.encode()), ("x.npy", npy("'|O'", "(1,)", EVIL))])))
    made.append(Case("skops", "pickle-beside.skops", zipped([("schema.json", schema.encode()), ("x.npy", npy("'<f8'", "(1,)", bytes(8))), ("x.bin", EVIL)])))
    return made

