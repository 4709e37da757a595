"""Writes an ONNX graph: nodes are collected, weights go straight to the file of external data.

Memory holds the graph and one block of a weight at a time.
"""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test"))
import onnxfile

FLOAT, INT32, INT64, BOOL, BFLOAT16 = 1, 6, 7, 9, 16
PACK = {FLOAT: "f", INT64: "q", BOOL: "?"}


def pack(kind, values):
    return struct.pack(f"<{len(values)}{PACK[kind]}", *values)


def single(kind, value):
    """A tensor [1] as an attribute's value."""
    return onnxfile.tensor("", kind, [1], pack(kind, [value]))


class Graph:
    """A graph in the making. `alignment`: of each tensor in the data; `threshold`: the bytes from
    which the value of a constant goes there too; `kind`: of weights, FLOAT or BFLOAT16."""

    def __init__(self, folder, data_name, alignment, threshold=None, kind=FLOAT):
        self.kind, self.width = kind, 2 if kind == BFLOAT16 else 4  # bytes of a weight
        self.folder, self.data_name = Path(folder), data_name
        self.alignment, self.threshold = alignment, threshold
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = open(self.folder / data_name, "wb")
        self.nodes, self.tensors, self.inputs, self.outputs = [], [], [], []
        self.late = []  # Constants outside: tensor and bytes, behind all initializers.

    def node(self, operator, inputs, outputs, name=None, domain="", **attributes):
        fields = onnxfile.node(operator, inputs, outputs, name or f"n{len(self.nodes)}", domain)
        self.nodes.append(fields + [onnxfile.message(onnxfile.NODE_ATTRIBUTE, attribute)
                                    for attribute in map(onnxfile.attribute, attributes,
                                                         attributes.values())])
        return outputs[0]

    def constant(self, output, name, kind, dims, values):
        """A node that gives a tensor."""
        data = pack(kind, values)
        outside = self.threshold is not None and len(data) >= self.threshold
        value = onnxfile.tensor("", kind, dims, None if outside else data)
        if outside:
            self.late.append((value, data))
        return self.node("Constant", [], [output], name, value=value)

    def tensor(self, name, dims, blocks, kind=None):
        """An initializer in the external data; gives its name."""
        value = onnxfile.tensor(name, kind or self.kind, dims, None)
        self._append(value, blocks)
        self.tensors.append(value)
        return name

    def _append(self, value, blocks):
        self.data.write(b"\0" * (-self.data.tell() % self.alignment))
        offset = self.data.tell()
        for block in blocks:
            self.data.write(block)
        onnxfile.place(value, self.data_name, offset, self.data.tell() - offset)

    def input(self, name, kind, dims):
        self.inputs.append(onnxfile.value(name, kind, dims))

    def output(self, name, kind, dims):
        self.outputs.append(onnxfile.value(name, kind, dims))

    def save(self, opset, domains=()):
        for value, data in self.late:
            self._append(value, [data])
        self.data.close()
        onnxfile.write(self.folder / "model.onnx",
                       onnxfile.model(self.nodes, self.inputs, self.outputs, self.tensors, opset,
                                      domains))
