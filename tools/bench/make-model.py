#!/usr/bin/env python3
"""Writes a Llama of a given shape with random weights, in f32 with external data, in the form of
ONNX Runtime GenAI's builder: GroupQueryAttention on a packed QKV linear, SkipSimplifiedLayer-
Normalization. Only shapes matter to speed. Needs the packages onnx and numpy.

    make-model.py FOLDER [--shape llama-3.2-1b] [--layers N] [--tied]
"""
import argparse
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

SHAPES = {  # width, heads, key heads, head, hidden, vocabulary, layers
    "llama-3.2-1b": (2048, 32, 8, 64, 8192, 128256, 16),
    "tiny": (256, 8, 4, 32, 704, 4096, 2),
}
POSITIONS = 2048
MICROSOFT = "com.microsoft"


class Writer:
    """Nodes, and tensors that go straight to the file of external data."""

    def __init__(self, folder):
        self.data = open(folder / "model.onnx.data", "wb")
        self.random = np.random.default_rng(20)
        self.nodes, self.tensors = [], []

    def tensor(self, name, array):
        array = np.ascontiguousarray(array, dtype=np.float32)
        self.data.write(b"\0" * (-self.data.tell() % 4096))
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape,
                             data_location=TensorProto.EXTERNAL)
        for key, value in [("location", "model.onnx.data"), ("offset", self.data.tell()),
                           ("length", array.nbytes)]:
            tensor.external_data.add(key=key, value=str(value))
        array.tofile(self.data)
        self.tensors.append(tensor)
        return name

    def matrix(self, name, rows, columns):
        return self.tensor(name, self.random.standard_normal((rows, columns), dtype=np.float32)
                           * np.float32(rows ** -0.5))

    def node(self, operator, inputs, outputs, domain="", **attributes):
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain,
                                           name=f"n{len(self.nodes)}", **attributes))
        return outputs[0]

    def linear(self, name, value, rows, columns):
        return self.node("MatMul", [value, self.matrix(name, rows, columns)], [name + ".out"])


def layer(w, i, shape, value, residual):
    """One block; returns what the next adds up and the residual so far."""
    width, heads, key_heads, head, hidden, _, _ = shape
    at = f"layers.{i}."

    def norm(name):
        nonlocal residual
        scale = w.tensor(at + name, np.ones(width))
        if value is None:
            return w.node("SimplifiedLayerNormalization", [residual, scale], [at + name + ".out"],
                          axis=-1, epsilon=1e-5)
        out, residual_out = at + name + ".out", at + name + ".sum"
        w.node("SkipSimplifiedLayerNormalization", [residual, value, scale],
               [out, "", "", residual_out], MICROSOFT, epsilon=1e-5)
        residual = residual_out
        return out

    packed = w.linear(at + "qkv", norm("norm1"), width, (heads + 2 * key_heads) * head)
    w.node("GroupQueryAttention",
           [packed, "", "", f"past_key_values.{i}.key", f"past_key_values.{i}.value",
            "seqlens_k", "total_sequence_length", "cos", "sin"],
           [at + "attention", f"present.{i}.key", f"present.{i}.value"], MICROSOFT,
           num_heads=heads, kv_num_heads=key_heads, do_rotary=1, rotary_interleaved=0)
    value = w.linear(at + "o", at + "attention", heads * head, width)
    inner = norm("norm2")
    gate, up = (w.linear(at + name, inner, width, hidden) for name in ("gate", "up"))
    gated = w.node("Mul", [gate, w.node("Sigmoid", [gate], [at + "sigmoid"])], [at + "silu"])
    product = w.node("Mul", [gated, up], [at + "gated"])
    return w.linear(at + "down", product, hidden, width), residual


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="llama-3.2-1b")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--tied", action="store_true", help="the head is the table, transposed")
    flags = parser.parse_args()
    shape = SHAPES[flags.shape]
    width, _, key_heads, head, _, vocabulary, layers = shape
    layers = flags.layers or layers
    flags.folder.mkdir(parents=True, exist_ok=True)
    w = Writer(flags.folder)

    angles = np.arange(POSITIONS)[:, None] * 5e5 ** (-np.arange(0, head, 2) / head)
    w.tensor("cos", np.cos(angles))
    w.tensor("sin", np.sin(angles))
    residual = w.node("Gather", [w.matrix("embed", vocabulary, width), "input_ids"], ["embedded"])
    value = None
    for i in range(layers):
        value, residual = layer(w, i, shape, value, residual)
    w.node("SkipSimplifiedLayerNormalization",
           [residual, value, w.tensor("norm", np.ones(width))], ["hidden"], MICROSOFT, epsilon=1e-5)
    if flags.tied:
        w.node("Transpose", ["embed"], ["head"], perm=[1, 0])
        w.node("MatMul", ["hidden", "head"], ["logits"])
    else:
        w.node("MatMul", ["hidden", w.matrix("head", width, vocabulary)], ["logits"])

    def value_info(name, dims, kind=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, kind, dims)

    def caches(prefix):
        return [value_info(f"{prefix}.{i}.{part}", ["batch", key_heads, "positions", head])
                for i in range(layers) for part in ("key", "value")]

    inputs = [value_info("input_ids", ["batch", "length"], TensorProto.INT64),
              value_info("seqlens_k", ["batch"], TensorProto.INT32),
              value_info("total_sequence_length", [], TensorProto.INT32)]
    outputs = [value_info("logits", ["batch", "length", vocabulary])]
    graph = helper.make_graph(w.nodes, "llama", inputs + caches("past_key_values"),
                              outputs + caches("present"), w.tensors)
    model = helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)])
    (flags.folder / "model.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
