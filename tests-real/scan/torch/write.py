"""Writes the benign torch files of this folder, once, by the torch that is installed; `files.json` says which version that was.

Never here: a file that needs more than some kilobytes; loading one. To add a file: a row in `main`, then run it again:

    python write.py FOLDER
"""

import argparse
import collections
import io
import json
import pathlib
import pickle
import sys

import torch
from torch import nn


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def saved(value, **named) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **named)
    return out.getvalue()


def scripted(module, method) -> bytes:
    out = io.BytesIO()
    torch.jit.save(method(module), out)
    return out.getvalue()


def trained(model) -> dict:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    schedule.step()
    return {
        "epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
        "random": torch.get_rng_state()[:64].clone(), "options": argparse.Namespace(lr=1e-3, name="small"),
    }


def main() -> int:
    torch.manual_seed(7)
    model = Small()
    plain = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.ReLU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(4, 2))
    shared = torch.randn(4, 4)
    kinds = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "float8_e4m3fn")
    lstm = nn.LSTM(3, 2, bidirectional=True)
    rows = {
        "state-dict.pt": saved(model.state_dict()),
        "state-dict-legacy.pt": saved(model.state_dict(), _use_new_zipfile_serialization=False),
        "state-dict-protocol-4.pth": saved(model.state_dict(), pickle_protocol=4),
        "checkpoint.ckpt": saved(trained(model)),
        "tensor.pt": saved(torch.arange(10)),
        "tensor-legacy.pt": saved(torch.arange(10), _use_new_zipfile_serialization=False),
        "kinds.pt": saved({kind: torch.ones(3).to(getattr(torch, kind)) for kind in kinds}),
        "views.pt": saved([shared, shared.t(), shared[1:], shared[:, ::2]]),
        "parameters.pt": saved(nn.ParameterList([nn.Parameter(torch.ones(2))]).state_dict()),
        "one-parameter.bin": saved({"weight": nn.Parameter(torch.ones(2), requires_grad=True)}),
        "whole-module.pt": saved(plain),
        "whole-lstm.pt": saved(lstm),
        "whole-transformer.pt": saved(nn.TransformerEncoderLayer(4, 2, 8)),
        "embedding-legacy.pt": saved(nn.Embedding(5, 2), _use_new_zipfile_serialization=False),
        "sparse.pt": saved(torch.eye(4).to_sparse()),
        "sparse-rows.pt": saved(torch.eye(4).to_sparse_csr()),
        "quantized.pt": saved(torch.quantize_per_tensor(torch.ones(4), 0.1, 2, torch.qint8)),
        "empty.pt": saved({}),
        "size-and-device.pt": saved({"size": torch.Size([1, 2]), "device": torch.device("cpu"), "dtype": torch.float16}),
        "meta.pt": saved(torch.ones(2, device="meta")),
        "ordered-of-ordered.pt": saved(collections.OrderedDict(a=collections.OrderedDict(b=torch.ones(1)))),
        "scripted.pt": scripted(model, torch.jit.script),
        "traced.pt": scripted(model, lambda one: torch.jit.trace(one, torch.ones(1, 4))),
        "pickled-tensor.pkl": pickle.dumps({"w": torch.ones(3)}, 4),
        "numpy-inside.pt": saved({"w": torch.ones(2).numpy(), "name": "small"}),
        "generator.pt": saved(torch.Generator().get_state()[:32].clone()),
    }
    folder = pathlib.Path(sys.argv[1])
    for name, raw in rows.items():
        (folder / name).write_bytes(raw)
    told = {"written_by": f"torch {torch.__version__}", "files": list(rows)}
    (folder / "files.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps({"files": len(rows), "bytes": sum(map(len, rows.values())), **told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
