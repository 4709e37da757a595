#!/usr/bin/env python3
"""Prints an ONNX model's inputs, outputs, opsets, and a histogram of its operators.

    describe-model.py model.onnx...
"""
import collections
import sys

import onnx


def dims(value):
    kind = value.type.tensor_type
    names = [d.dim_param or (d.dim_value if d.HasField("dim_value") else "?") for d in kind.shape.dim]
    return f"{value.name}: {onnx.TensorProto.DataType.Name(kind.elem_type).lower()}{names}".replace("'", "")


def nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from nodes(inner)


def main():
    for path in sys.argv[1:]:
        model = onnx.load(path)
        graph = model.graph
        weights = {tensor.name for tensor in graph.initializer}
        histogram = collections.Counter(
            (node.domain + "." if node.domain else "") + node.op_type for node in nodes(graph))
        print(path)
        print("  producer", model.producer_name, model.producer_version, "ir", model.ir_version,
              "opsets", {o.domain or "ai.onnx": o.version for o in model.opset_import})
        for value in graph.input:
            if value.name not in weights:
                print("  in ", dims(value))
        for value in graph.output:
            print("  out", dims(value))
        print(f"  {sum(histogram.values())} nodes, {len(weights)} initializers, {len(model.functions)} functions")
        print("  " + ", ".join(f"{name} {count}" for name, count in histogram.most_common()))


if __name__ == "__main__":
    main()
