#!/usr/bin/env python3
"""Writes stories260K node for node with a static cache of four dimensions (opset 24).

    write-scatter.py stories260K.bin HF OUT

No exporter writes this form: caches [batch, kv_heads, max_length, head_dim] with max_length left open,
TensorScatter over its default axis, and an Attention that sees the buffer through a boolean mask made
from the positions, without lengths. Rotary pairs are interleaved, as the checkpoint holds them.
Tokenizer and configs are copied from the Hugging Face folder HF.
"""
import argparse
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import llama2c

COPIED = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
          "special_tokens_map.json"]


class Graph:
    """Nodes and initializers in the making; every call gives the name of its first result."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def weight(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name


def mask(graph):
    """[batch, 1, sequence, max_length]: a row sees the slots up to its own position."""
    shape = graph.node("Shape", ["past_key_values.0.key"], "buffer_shape", start=2, end=3)
    length = graph.node("Squeeze", [shape], "max_length")
    slots = graph.node("Range", [graph.weight("zero", np.array(0)), length, graph.weight("one", np.array(1))],
                       "slots")
    rows = graph.node("Unsqueeze", ["position_ids", graph.weight("axes", np.array([1, 3]))], "own_slots")
    return graph.node("LessOrEqual", [slots, rows], "seen")


def heads(graph, rows, count, width, name):
    """[batch, sequence, count * width] as [batch, count, sequence, width]."""
    shape = graph.weight(f"{name}.shape", np.array([0, 0, count, width]))
    split = graph.node("Reshape", [rows, shape], f"{name}.split")
    return graph.node("Transpose", [split], f"{name}.heads", perm=[0, 2, 1, 3])


def layer(graph, config, weights, i, rows, seen):
    prefix = f"layers.{i}"
    linear = lambda x, key, name: graph.node(
        "MatMul", [x, graph.weight(f"{prefix}.{key}", weights[key][i].T)], f"{prefix}.{name}")
    norm = lambda x, key, name: graph.node(
        "RMSNormalization", [x, graph.weight(f"{prefix}.{key}", weights[key][i])], f"{prefix}.{name}",
        epsilon=llama2c.RMS_EPS)
    turn = lambda x, name: graph.node(
        "RotaryEmbedding", [x, "rope_cos", "rope_sin", "position_ids"], f"{prefix}.{name}", interleaved=1)
    width = config.head_dim
    h = norm(rows, "attention_norm", "attention_input")
    q = turn(heads(graph, linear(h, "wq", "query"), config.heads, width, f"{prefix}.query"), "query.turned")
    k = turn(heads(graph, linear(h, "wk", "key"), config.kv_heads, width, f"{prefix}.key"), "key.turned")
    v = heads(graph, linear(h, "wv", "value"), config.kv_heads, width, f"{prefix}.value")
    keys = graph.node("TensorScatter", [f"past_key_values.{i}.key", k, "write_indices"], f"present.{i}.key")
    values = graph.node("TensorScatter", [f"past_key_values.{i}.value", v, "write_indices"],
                        f"present.{i}.value")
    mixed = graph.node("Attention", [q, keys, values, seen], f"{prefix}.mixed")
    turned = graph.node("Transpose", [mixed], f"{prefix}.rows", perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", [turned, "hidden_shape"], f"{prefix}.joined")
    rows = graph.node("Add", [rows, linear(joined, "wo", "output")], f"{prefix}.attended")
    h = norm(rows, "mlp_norm", "mlp_input")
    gate = linear(h, "w1", "gate")
    gated = graph.node("Mul", [gate, graph.node("Sigmoid", [gate], f"{prefix}.sigmoid")], f"{prefix}.silu")
    inner = graph.node("Mul", [gated, linear(h, "w3", "up")], f"{prefix}.inner")
    return graph.node("Add", [rows, linear(inner, "w2", "down")], f"{prefix}.result")


def write(config, weights):
    graph = Graph()
    angle = np.outer(np.arange(config.seq), llama2c.ROPE_THETA ** (-np.arange(0, config.head_dim, 2) / config.head_dim))
    graph.weight("rope_cos", np.cos(angle).astype(np.float32))
    graph.weight("rope_sin", np.sin(angle).astype(np.float32))
    graph.weight("hidden_shape", np.array([0, 0, config.dim]))
    seen = mask(graph)
    rows = graph.node("Gather", [graph.weight("embedding", weights["embedding"]), "input_ids"], "embedded")
    for i in range(config.layers):
        rows = layer(graph, config, weights, i, rows, seen)
    rows = graph.node("RMSNormalization", [rows, graph.weight("final_norm", weights["final_norm"])],
                      "normalized", epsilon=llama2c.RMS_EPS)
    head = graph.node("Transpose", ["embedding"], "head", perm=[1, 0])
    graph.node("MatMul", [rows, head], "logits")

    float_value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    int_value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.INT64, shape)
    cache = ["batch", config.kv_heads, "max_length", config.head_dim]
    parts = [f"{i}.{part}" for i in range(config.layers) for part in ("key", "value")]
    inputs = [int_value("input_ids", ["batch", "sequence"]), int_value("position_ids", ["batch", "sequence"]),
              int_value("write_indices", ["batch"])]
    inputs += [float_value(f"past_key_values.{part}", cache) for part in parts]
    outputs = [float_value("logits", ["batch", "sequence", config.vocab])]
    outputs += [float_value(f"present.{part}", cache) for part in parts]
    return helper.make_model(
        helper.make_graph(graph.nodes, "stories260K", inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", 24)], ir_version=11, producer_name="write-scatter.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("hf", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    model = write(*llama2c.read_checkpoint(args.checkpoint))
    onnx.checker.check_model(model, full_check=True)
    args.out.mkdir(parents=True, exist_ok=True)
    onnx.save(model, args.out / "model.onnx")
    for name in COPIED:
        if (args.hf / name).exists():
            shutil.copyfile(args.hf / name, args.out / name)


if __name__ == "__main__":
    main()
