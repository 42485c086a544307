"""What all training scripts need: a small ONNX graph builder, the model card, deterministic settings."""

import argparse
import json
import os
import random
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def arguments(docstring, data_help, **extra):
    """Command line of every training script: --data, --out, --threads, plus extra options as name=(default, help)."""
    parser = argparse.ArgumentParser(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=data_help)
    parser.add_argument("--out", type=Path, help="folder that receives the artefacts (default: the script's own)")
    parser.add_argument("--threads", type=int, default=2)
    for name, (default, text) in extra.items():
        kind = type(default) if default is not None else str
        parser.add_argument(f"--{name}", type=kind, default=default, help=text)
    return parser.parse_args()


def deterministic(seed, threads):
    """Fix every seed. Results repeat on the same CPU, thread count and library versions."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False


class Graph:
    """Builds an ONNX graph node by node; every method returns the name of the tensor that it made."""

    def __init__(self, name):
        self.name = name
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.constants = {}
        self.counter = 0

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, source, name, dtype, shape):
        self.nodes.append(helper.make_node("Identity", [source], [name], name=f"output/{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def weight(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def const(self, value, dtype=np.float32):
        """An anonymous constant; equal constants share one initializer."""
        array = np.asarray(value, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = self.weight(f"const/{len(self.constants)}", array)
        return self.constants[key]

    def ints(self, *values):
        return self.const(list(values), np.int64)

    def op(self, kind, *inputs, outputs=1, **attributes):
        self.counter += 1
        base = f"{kind}_{self.counter}"
        names = [base] if outputs == 1 else [f"{base}/{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=base, **attributes))
        return names[0] if outputs == 1 else names

    def cast(self, x, dtype):
        return self.op("Cast", x, to=dtype)

    def save(self, path, doc=""):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="farthing", doc_string=doc)
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        Path(path).write_bytes(model.SerializeToString())


FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def session(path, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def write_json(path, value, compact=False):
    text = json.dumps(value, ensure_ascii=False, **({"separators": (",", ":")} if compact else {"indent": 1}))
    Path(path).write_text(text + "\n", encoding="utf-8")


def write_evaluation(path, header, samples):
    """evaluation.json: a header and the samples; lists of objects have one object a line, so that diffs stay readable."""
    fields = []
    for name, value in {**header, "samples": samples}.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in value)
            fields.append(f" {json.dumps(name)}: [\n  {rows}\n ]")
        else:
            fields.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    Path(path).write_text("{\n" + ",\n".join(fields) + "\n}\n", encoding="utf-8")


def write_card(folder, card):
    write_json(Path(folder) / "model.json", {"schema": "farthing.card/1", **card})
    total = sum(f.stat().st_size for f in Path(folder).iterdir() if f.is_file())
    print(f"{card['name']}: {card['quality']['metric']} {card['quality']['value']} on {card['quality']['samples']} samples; "
          f"model.onnx {(Path(folder) / 'model.onnx').stat().st_size:,} bytes, folder {total:,} bytes")


def pad(sequences, value=0, length=None):
    """Right-pads lists of ids: (ids, mask), both int64 numpy arrays."""
    length = length or max(len(s) for s in sequences)
    ids = np.full((len(sequences), length), value, np.int64)
    mask = np.zeros((len(sequences), length), np.int64)
    for row, s in enumerate(sequences):
        ids[row, :len(s)] = s
        mask[row, :len(s)] = 1
    return ids, mask
