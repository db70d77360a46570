"""Malicious Keras files: what Keras itself saved, with a configuration that runs something put into it.

The code in a Lambda layer stands there as marshalled bytes; no model with one is ever built, since building calls it.
Never here: a call of Keras on a changed file. To add one: a row in `archives` or `legacy`.
"""

import base64
import copy
import io
import json
import marshal
import zipfile

import h5py

from scan.boxes import EVIL, torch_zip, zipped
from scan.case import COMMAND, MARKER, Case
from scan.good_shapes import h5, keras_files


def run(x):
    import os

    os.system(COMMAND)
    return x


CODE = base64.b64encode(marshal.dumps(run.__code__)).decode()
NEW = {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}


def cases(_seed: int) -> list[Case]:
    files = keras_files()
    return [*archives(files["image.keras"]), *legacy(files["image.h5"])]


def opened(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as box:
        return {name: box.read(name) for name in box.namelist()}


def layer(class_name: str, config: dict, module: str = "keras.layers", registered: str | None = None) -> dict:
    return {"module": module, "class_name": class_name, "config": {"name": "added", **config}, "registered_name": registered}


def function(module: str, name: str) -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def archives(raw: bytes) -> list[Case]:
    files = opened(raw)
    model = json.loads(files["config.json"])
    with_lambda = layer("Lambda", {"function": NEW, "arguments": {}})
    stolen = base64.b64encode(torch_zip(EVIL)).decode()

    def added(*layers: dict, **more) -> bytes:
        changed = copy.deepcopy(model)
        changed["config"]["layers"][1:1] = layers
        changed.update(more)
        return json.dumps(changed).encode()

    inner = copy.deepcopy(model)
    inner["config"]["layers"].append(with_lambda)
    configs = {
        "lambda": added(with_lambda),
        "lambda-in-a-wrapper": added(layer("TimeDistributed", {"layer": with_lambda})),
        "lambda-in-both-directions": added(layer("Bidirectional", {"layer": layer("LSTM", {"units": 2}), "backward_layer": with_lambda})),
        "lambda-in-an-inner-model": added(inner),
        "lambda-as-activation": added(layer("Dense", {"units": 2, "activation": NEW})),
        "lambda-as-loss": added(compile_config={"optimizer": "adam", "loss": NEW}),
        "lambda-as-metric": added(compile_config={"optimizer": "adam", "loss": "mse", "metrics": [[NEW]]}),
        "lambda-escaped": added(with_lambda).replace(b"Lambda", b"\\u004cambda").replace(b"__lambda__", b"\\u005f_lambda__"),
        "function-of-os": added(layer("Dense", {"units": 2, "activation": function("os", "system")})),
        "function-of-subprocess": added(layer("Lambda", {"function": function("subprocess", "run"), "arguments": {"args": ["touch", MARKER]}})),
        "function-of-builtins": added(layer("Dense", {"units": 2, "kernel_initializer": function("builtins", "eval")})),
        "function-of-keras-that-fetches": added(layer("Lambda", {"function": function("keras.utils", "get_file"), "arguments": {"origin": "http://127.0.0.1:9/x"}})),
        "class-of-another-module": added(layer("Run", {}, "acme.layers", "Run")),
        "class-of-importlib": added(layer("SourceFileLoader", {"fullname": "x", "path": "stage_two.py"}, "importlib.machinery")),
        "registered-to-nobody": added(layer("Run", {}, None, "acme>Run")),
        "vocabulary-of-a-file": added(layer("StringLookup", {"vocabulary": "/etc/passwd"})),
        "torch-module-in-it": added(layer("TorchModuleWrapper", {"module": stolen})),
        "loaded-from-elsewhere": added(layer("TFSMLayer", {"filepath": "/tmp/stage-two"})),
        "model-is-another-class": json.dumps({**model, "module": "os", "class_name": "popen", "registered_name": "popen"}).encode(),
    }
    made = [Case("keras", f"{key}.keras", zipped([*((name, files[name]) for name in files if name != "config.json"), ("config.json", one)])) for key, one in configs.items()]
    plain = list(files.items())
    weights = h5(lambda file: file.__setitem__("layers", h5py.ExternalLink("/etc/passwd", "/x")))
    stored = h5(lambda file: file.create_dataset("w", (4,), "u1", external=[("/etc/passwd", 0, 4)]))
    without = [row for row in plain if row[0] != "model.weights.h5"]
    made += [
        Case("keras", "config-twice.keras", zipped([*plain, ("config.jsoX", configs["lambda"])]).replace(b"config.jsoX", b"config.json")),
        Case("keras", "config-deflated.keras", zipped([*((name, raw) for name, raw in plain if name != "config.json"), ("config.json", configs["lambda"])], zipfile.ZIP_DEFLATED)),
        Case("keras", "pickle-among-assets.keras", zipped([*plain, ("assets/tokenizer.dat", EVIL)])),
        Case("keras", "weights-linked-outside.keras", zipped([*without, ("model.weights.h5", weights)]), "not clean"),
        Case("keras", "weights-stored-outside.keras", zipped([*without, ("model.weights.h5", stored)]), "not clean"),
        Case("keras", "config-cut.keras", zipped([*((name, raw) for name, raw in plain if name != "config.json"), ("config.json", configs["lambda"][:-40])]), "not clean"),
    ]
    return made


def legacy(raw: bytes) -> list[Case]:
    """HDF5, as Keras saved before 3 and still can."""
    with h5py.File(io.BytesIO(raw), "r") as file:
        text = file.attrs["model_config"]
    model = json.loads(text)
    two = {"class_name": "Lambda", "config": {
        "name": "added", "function": [CODE, None, None], "function_type": "lambda", "module": "__main__", "output_shape": None,
        "output_shape_type": "raw", "arguments": {},
    }}

    def added(*layers: dict) -> str:
        changed = copy.deepcopy(model)
        changed["config"]["layers"][1:1] = layers
        return json.dumps(changed)

    def kept(config, training: dict | None = None, **named) -> bytes:
        def fill(file):
            file.create_group("model_weights").create_dataset("w", data=[0.5, 0.25])
            file.attrs["keras_version"] = "2.15.0"
            file.attrs["model_config"] = config
            if training:
                file.attrs["training_config"] = json.dumps(training)

        return h5(fill, **named)

    evil = added(two)
    long = evil[:-1] + ', "filler": "' + "x" * 70_000 + '"}'
    rows = {
        "lambda.h5": kept(evil),
        "lambda-as-bytes.h5": kept(evil.encode()),
        "lambda-latest.h5": kept(evil, libver="latest"),
        "lambda-in-70-kilobytes.h5": kept(long, libver="latest"),
        "lambda-behind-a-user-block.h5": kept(evil, userblock_size=1024),
        "lambda-of-keras-3.h5": kept(added(layer("Lambda", {"function": NEW}))),
        "lambda-in-a-wrapper.h5": kept(added({"class_name": "TimeDistributed", "config": {"name": "t", "layer": two}})),
        "lambda-by-name.h5": kept(added({"class_name": "Lambda", "config": {"name": "l", "function": "system", "function_type": "function", "module": "os"}})),
        "lambda.hdf5": kept(evil),
        "lambda.bin": kept(evil),
        "class-of-nobody.h5": kept(added({"class_name": "AcmeRunner", "config": {"name": "r", "command": COMMAND}})),
        "loss-that-is-a-lambda.h5": kept(json.dumps(model), {"loss": NEW, "metrics": []}),
        "attribute-on-a-group.h5": h5(lambda file: file.create_group("a").attrs.__setitem__("model_config", evil)),
        "linked-outside.h5": h5(lambda file: file.__setitem__("w", h5py.ExternalLink("../../secret.h5", "/w"))),
        "stored-outside.h5": h5(lambda file: file.create_dataset("w", (4,), "u1", external=[("/etc/passwd", 0, 4)])),
        "cut.h5": kept(evil)[:400],
    }
    unread = {"attribute-on-a-group.h5", "linked-outside.h5", "stored-outside.h5", "cut.h5", "lambda-in-70-kilobytes.h5"}
    return [Case("keras", key, one, "not clean" if key in unread else "flagged") for key, one in rows.items()]
