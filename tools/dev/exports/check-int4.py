#!/usr/bin/env python3
"""Replaces MatMulNBits and GatherBlockQuantized by plain MatMul and Gather on weights that NumPy
dequantized, and compares that model's prefill logits with MODEL_DIR/expected/.

    check-int4.py MODEL_DIR [--tolerance 1e-3]

The layout it proves: weights uint8 [N, blocks, block/2], the even element of a pair in the low
four bits, value = (quantized - zero point) * scale; symmetric weights have the zero point 8; given
zero points are uint8 [N, ceil(blocks/2)], packed the same way. Elements past K in the last block are
padding.
"""
import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper


def nibbles(packed):
    return np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)


def dequantize(weights, scales, zeros, rows, columns, block):
    values = nibbles(weights.reshape(rows, -1, block // 2)).astype(np.float32)
    blocks = values.shape[1]
    if zeros is None:
        zero = np.full((rows, blocks), 8, np.float32)
    else:
        zero = nibbles(zeros.reshape(rows, -1))[:, :blocks].astype(np.float32)
    values = (values - zero[:, :, None]) * scales.reshape(rows, blocks, 1)
    return values.reshape(rows, -1)[:, :columns]


def plain_model(model):
    graph = model.graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    added = []
    for node in graph.node:
        attributes = {a.name: a.i for a in node.attribute}
        optional = lambda at: arrays[node.input[at]] if len(node.input) > at and node.input[at] else None
        if node.op_type == "MatMulNBits":
            weights = dequantize(arrays[node.input[1]], arrays[node.input[2]], optional(3),
                                 attributes["N"], attributes["K"], attributes["block_size"])
            inputs, kept = [node.input[0], node.name + "_plain"], []
            weights = weights.T
        elif node.op_type == "GatherBlockQuantized":
            data = node.input[0]
            if data not in arrays:  # the builder shares lm_head's weights through a Reshape
                data = made_by[data].input[0]
            scales = arrays[node.input[2]]
            columns = scales.shape[1] * attributes["block_size"]
            weights = dequantize(arrays[data], scales, optional(3), scales.shape[0], columns,
                                 attributes["block_size"])
            inputs, kept = [node.name + "_plain", node.input[1]], [helper.make_attribute("axis", 0)]
        else:
            continue
        added.append(numpy_helper.from_array(np.ascontiguousarray(weights), node.name + "_plain"))
        node.op_type = "MatMul" if node.op_type == "MatMulNBits" else "Gather"
        node.domain = ""
        del node.input[:], node.attribute[:]
        node.input.extend(inputs)
        node.attribute.extend(kept)
    graph.initializer.extend(added)
    return model, len(added)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    args = parser.parse_args()
    model, replaced = plain_model(onnx.load(args.model_dir / "model.onnx"))
    attention = next(node for node in model.graph.node if node.op_type == "GroupQueryAttention")
    heads = next(a.i for a in attention.attribute if a.name == "kv_num_heads")
    cos = next(t for t in model.graph.initializer if t.name == "cos_cache")
    ort.set_default_logger_severity(3)  # the replaced weights stay behind unused, and it would say so
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ids = np.load(args.model_dir / "expected" / "prompt_ids.npy")[None]
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    for value in session.get_inputs():
        if value.name.startswith("past"):
            feed[value.name] = np.zeros((1, heads, 0, cos.dims[1] * 2), np.float32)
    logits = session.run(["logits"], feed)[0][0]
    worst = float(np.abs(logits - np.load(args.model_dir / "expected" / "prefill_logits.npy")).max())
    print(f"{replaced} nodes replaced, prefill logits differ by at most {worst:.3g}")
    raise SystemExit(0 if worst <= args.tolerance else 1)


if __name__ == "__main__":
    main()
