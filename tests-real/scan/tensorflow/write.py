"""Writes the benign TensorFlow files of this folder, once, by the TensorFlow that is installed; `files.json` says which version that was.

Never here: a file that needs more than some kilobytes; loading one. To add a file: a row in `main`, then run it again:

    python write.py FOLDER
"""

import json
import pathlib
import shutil
import sys
import tempfile

import tensorflow as tf


class Line(tf.Module):
    def __init__(self) -> None:
        self.w, self.b = tf.Variable(2.0), tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return self.w * x + self.b


class Words(tf.Module):
    """A table and text, as models that read words have."""

    def __init__(self) -> None:
        keys, values = tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, x):
        return self.table.lookup(tf.strings.lower(x))


class Loop(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def __call__(self, n):
        total = tf.constant(0)
        for one in tf.range(n):
            if one % 2 == 0:
                total += one
        return total


def dense() -> tf.keras.Model:
    return tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(3, activation="relu"), tf.keras.layers.Dense(1)])


def main() -> int:
    folder = pathlib.Path(sys.argv[1]).resolve()
    files = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, one in {"line": Line(), "words": Words(), "loop": Loop()}.items():
            tf.saved_model.save(one, f"{scratch}/{name}")
            files.append(f"{name}/saved_model.pb")
        model = dense()
        model.export(f"{scratch}/dense")
        files.append("dense/saved_model.pb")
        for name in files:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(f"{scratch}/{name}", folder / name)
        line = Line()
        frozen = line.__call__.get_concrete_function().graph.as_graph_def()
        (folder / "graph.pb").write_bytes(frozen.SerializeToString())
        model.save(folder / "dense.keras")
        model.save(folder / "dense.h5")
        files += ["graph.pb", "dense.keras", "dense.h5"]
    told = {"written_by": f"tensorflow {tf.__version__}", "files": files}
    (folder / "files.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps({"bytes": sum((folder / name).stat().st_size for name in files), **told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
