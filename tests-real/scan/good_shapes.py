"""Benign files of the other formats: safetensors, ONNX, GGUF, Keras, HDF5, PMML, and what torch and TensorFlow wrote once.

The files under `torch/` were written by `torch/write.py` with the version that it names; torch itself is too large to fetch each time.
Never here: pickles of other libraries. To add one: a row in a function that `cases` joins.
"""

import importlib
import io
import json
import os
import pathlib
import tempfile

import gguf
import h5py
import numpy as np
import onnx
import safetensors.numpy
from onnx import TensorProto, helper, numpy_helper

from scan.case import Case
from scan.good_plain import good
from scan.wire import saved_model, tf_function, tf_graph, tf_node

HERE = pathlib.Path(__file__).parent


def cases(seed: int) -> list[Case]:
    return [*tensors(seed), *onnx_models(seed), *ggufs(seed), *hdf5(seed), *keras_models(), *saved_models(), *pmmls(), *kept()]


def tensors(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    weights = {f"layer.{at}.weight": chance.random((8, 8)).astype("f4") for at in range(6)}
    rows = {
        "floats": safetensors.numpy.save(weights),
        "halves": safetensors.numpy.save({name: value.astype("f2") for name, value in weights.items()}),
        "integers": safetensors.numpy.save({"a": np.arange(10), "b": np.ones((2, 2), "u1"), "c": np.array([True])}),
        "metadata": safetensors.numpy.save(weights, metadata={"format": "pt", "license": "MIT", "note": "do not call os.system"}),
        "empty-tensor": safetensors.numpy.save({"a": np.empty((0, 4), "f4"), "b": np.ones(2, "f4")}),
        "nothing": safetensors.numpy.save({}),
        "scalar": safetensors.numpy.save({"a": np.array(1.5, "f4")}),
        "many": safetensors.numpy.save({f"t{at}": np.ones(3, "f4") for at in range(800)}),
    }
    return [good("safetensors", f"{key}.safetensors", raw) for key, raw in rows.items()]


def onnx_models(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    weight = numpy_helper.from_array(chance.random((4, 4)).astype("f4"), "w")
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("x", "y")]

    def model(nodes, initializers=(weight,), opsets=(), functions=(), inputs=shape[:1], outputs=shape[1:]):
        graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), list(initializers))
        ids = [helper.make_opsetid("", 21), *(helper.make_opsetid(domain, version) for domain, version in opsets)]
        return helper.make_model(graph, opset_imports=ids, functions=list(functions), producer_name="writ-corpus")

    matmul = helper.make_node("MatMul", ["x", "w"], ["y"])
    inner = helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 4])
    branch = helper.make_graph([helper.make_node("Identity", ["x"], ["b"])], "branch", [], [inner])
    condition = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    chosen = numpy_helper.from_array(np.array(True), "c")
    tree = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0], nodes_nodeids=[0],
        nodes_featureids=[0], nodes_values=[0.0], nodes_modes=["LEAF"], nodes_truenodeids=[0], nodes_falsenodeids=[0],
        target_treeids=[0], target_nodeids=[0], target_ids=[0], target_weights=[1.0],
    )
    local = helper.make_function("local", "Double", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 21)])
    quantized = helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])
    described = model([matmul])
    described.metadata_props.add(key="author", value="Writ")
    described.doc_string = "never os.system"
    external = model([matmul])
    raw = external.graph.initializer[0].raw_data
    onnx.external_data_helper.set_external_data(external.graph.initializer[0], "weights.bin", 0, len(raw))
    external.graph.initializer[0].ClearField("raw_data")
    constant = helper.make_node("Constant", [], ["k"], value=weight)
    rows = {
        "multiply": model([matmul]),
        "relu": model([matmul, helper.make_node("Relu", ["y"], ["z"])]),
        "if": model([condition], (chosen,)),
        "tree": model([tree], (), (("ai.onnx.ml", 3),)),
        "function": model([helper.make_node("Double", ["x"], ["y"], domain="local")], (), (("local", 1),), (local,)),
        "quantized": model([quantized, helper.make_node("Cast", ["q"], ["y"], to=1)]),
        "described": described,
        "constant": model([constant, helper.make_node("MatMul", ["x", "k"], ["y"])], ()),
        "convolution": model([helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[2, 2])]),
        "text": model([helper.make_node("StringNormalizer", ["x"], ["y"], case_change_action="LOWER")], ()),
    }
    made = [good("onnx", f"{key}.onnx", value.SerializeToString()) for key, value in rows.items()]
    made.append(Case("onnx", "data-beside/model.onnx", external.SerializeToString(), "clean", (("weights.bin", raw),)))
    return made


CHATML = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
LLAMA = "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
MISTRAL = "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}{%- for message in loop_messages %}{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('roles must alternate') }}{%- endif %}{{- '[INST] ' + message['content'] + '[/INST]' }}{%- endfor %}"
TOOLS = "{%- macro render(tool) %}{{- '- ' + tool.name + ': ' + tool.description }}{%- for key, value in tool.parameters.properties.items() %}{{- key + ' ' + value.type }}{%- if not loop.last %}, {% endif %}{%- endfor %}{%- endmacro %}{%- set ns = namespace(found=false, index=messages|length - 1) %}{%- if tools is defined and tools is not none %}{%- for tool in tools %}{{- render(tool.function) }}{{- tool | tojson(indent=2) }}{%- endfor %}{%- endif %}{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}{%- if ns.found == false and message.role == 'user' and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}{%- set ns.found = true %}{%- endif %}{%- endfor %}{%- if date_string is not defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- endif %}{%- for message in messages if message.content is string %}{{- message.content.split('</think>')[-1].lstrip('\\n') }}{{- message.content | replace('__', '_') | upper }}{%- endfor %}{%- for i in range(3) %}{{ i }}{%- endfor %}"


def ggufs(seed: int) -> list[Case]:
    made = []
    chance = np.random.default_rng(seed)
    for name, template in {"chatml": CHATML, "llama": LLAMA, "mistral": MISTRAL, "tools": TOOLS, "none": None}.items():
        def fill(writer, template=template):
            writer.add_block_count(2)
            writer.add_context_length(2048)
            writer.add_token_list([f"tok{at}" for at in range(500)])
            writer.add_token_scores([0.5] * 500)
            if template is not None:
                writer.add_chat_template(template)
            writer.add_tensor("token_embd.weight", chance.random((8, 32)).astype("f4"))
            writer.add_tensor("blk.0.attn_q.weight", chance.random((4, 32)).astype("f2"))
        made.append(good("gguf", f"{name}.gguf", gguf_bytes("llama", fill)))

    def several(writer):
        writer.add_chat_template([{"name": "default", "template": CHATML}, {"name": "tool_use", "template": TOOLS}])
        writer.add_description("A model that never calls os.system or __import__.")
        writer.add_array("general.tags", ["a", "b"])
        writer.add_bool("tokenizer.ggml.add_bos_token", True)

    made.append(good("gguf", "several-templates.gguf", gguf_bytes("qwen2", several)))
    made.append(good("gguf", "big-endian.gguf", gguf_bytes("llama", lambda writer: writer.add_chat_template(CHATML), gguf.GGUFEndian.BIG)))
    quantized = gguf.quants.quantize(chance.random((4, 256)).astype("f4"), gguf.GGMLQuantizationType.Q8_0)
    kind = gguf.GGMLQuantizationType.Q8_0
    made.append(good("gguf", "quantized.gguf", gguf_bytes("llama", lambda writer: writer.add_tensor("w", quantized, raw_dtype=kind))))
    return made


def gguf_bytes(architecture: str, fill, endian=gguf.GGUFEndian.LITTLE) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.gguf"
        writer = gguf.GGUFWriter(path, architecture, endianess=endian)
        fill(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


def h5(fill, **named) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", **named) as file:
        fill(file)
    return out.getvalue()


def hdf5(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)

    def weights(file):
        for at in range(4):
            layer = file.create_group(f"dense_{at}")
            layer.create_dataset("kernel", data=chance.random((8, 8)), compression="gzip")
            layer.create_dataset("bias", data=np.zeros(8))
            layer.attrs["names"] = [b"kernel", b"bias"]

    rows = {
        "weights": h5(weights),
        "weights-latest": h5(weights, libver="latest"),
        "table": h5(lambda file: file.create_dataset("t", data=np.array([(1, b"x")], dtype=[("a", "i4"), ("b", "S4")]))),
        "text": h5(lambda file: file.create_dataset("notes", data="nothing here calls eval")),
        "user-block": h5(weights, userblock_size=512),
        "soft-link": h5(lambda file: (weights(file), file.__setitem__("same", h5py.SoftLink("/dense_0/kernel")))),
    }
    return [good("hdf5", f"{key}.h5", raw) for key, raw in rows.items()]


def keras_files() -> dict[str, bytes]:
    """Models that Keras itself builds and saves, on its JAX backend: name with ending, bytes."""
    os.environ["KERAS_BACKEND"] = "jax"
    keras = importlib.import_module("keras")
    layers = keras.layers
    image = keras.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(3, activation="softmax")])
    inputs = keras.Input((4,))
    left, right = layers.Dense(4, name="left")(inputs), layers.Dense(4, name="right")(inputs)
    joined = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([left, layers.Dropout(0.2)(right)])))
    text = keras.Sequential([layers.Input((10,)), layers.Embedding(50, 4), layers.Bidirectional(layers.LSTM(3)), layers.Dense(1, kernel_regularizer="l2")])
    steps = keras.Sequential([layers.Input((5, 4)), layers.TimeDistributed(layers.Dense(2)), layers.GlobalAveragePooling1D()])
    mixed = keras.Sequential([layers.Input((4,)), keras.Sequential([layers.Input((4,)), layers.Dense(2)], name="inner"), layers.Rescaling(0.5), layers.BatchNormalization()])
    image.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    text.compile(optimizer="rmsprop", loss=keras.losses.BinaryCrossentropy(from_logits=True))
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model in {"image": image, "joined": joined, "text": text, "steps": steps, "mixed": mixed}.items():
            for ending in ("keras", "h5"):
                path = pathlib.Path(folder) / f"{name}.{ending}"
                model.save(path)
                files[path.name] = path.read_bytes()
            path = pathlib.Path(folder) / f"{name}.weights.h5"
            model.save_weights(path)
            files[path.name] = path.read_bytes()
    return files


def keras_models() -> list[Case]:
    return [good("keras", name, raw) for name, raw in keras_files().items()]


def saved_models() -> list[Case]:
    """Shapes of SavedModel with operators that every saved network has; TensorFlow itself is too large to fetch each time."""
    quiet = [tf_node(op) for op in ("Placeholder", "VarHandleOp", "ReadVariableOp", "MatMul", "BiasAdd", "Relu", "Softmax", "NoOp", "Identity")]
    save = [tf_node(op) for op in ("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "Pack", "AssignVariableOp")]
    rows = {
        "dense": saved_model(tf_graph([*quiet, *save])),
        "functions": saved_model(tf_graph(quiet, [tf_function("__inference_call", [tf_node("MatMul"), tf_node("StatefulPartitionedCall")])])),
        "two-graphs": saved_model(tf_graph(quiet), tf_graph(save)),
    }
    return [good("saved model", f"{key}/saved_model.pb", raw) for key, raw in rows.items()]


def pmmls() -> list[Case]:
    space = f'xmlns="{"http:"}//www.dmg.org/PMML-4_4" version="4.4"'
    fields = '<DataDictionary numberOfFields="1"><DataField name="x" optype="continuous" dataType="double"/></DataDictionary>'
    model = '<RegressionModel functionName="regression"><MiningSchema><MiningField name="x"/></MiningSchema><RegressionTable intercept="1.5"><NumericPredictor name="x" coefficient="0.5"/></RegressionTable></RegressionModel>'
    note = '<Extension extender="writ" name="version" value="3"/><Annotation>A model &amp; its notes</Annotation>'
    rows = {
        "regression": f'<?xml version="1.0" encoding="UTF-8"?><PMML {space}><Header copyright="Writ">{note}</Header>{fields}{model}</PMML>',
        "commented": f'<?xml version="1.0"?><!-- made by hand --><PMML {space}><Header/>{fields}<!-- <!ENTITY is only text here --> {model}</PMML>',
        "cdata": f'<PMML {space}><Header><Annotation><![CDATA[if x < 3 && y]]></Annotation></Header>{fields}{model}</PMML>',
    }
    return [good("pmml", f"{key}.pmml", text.encode()) for key, text in rows.items()]


def kept() -> list[Case]:
    """What torch and TensorFlow wrote once."""
    made = []
    for folder in ("torch", "tensorflow"):
        listed = json.loads((HERE / folder / "files.json").read_text())["files"] if (HERE / folder).is_dir() else []
        for name in listed:
            made.append(good(folder, name, (HERE / folder / name).read_bytes()))
    return made
