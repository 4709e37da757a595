"""A Llama in the form of ONNX Runtime GenAI's builder: GroupQueryAttention on a packed linear,
SkipSimplifiedLayerNormalization, tables of cosines and sines."""
import json
import math
from array import array

from forms.graph import FLOAT, INT32, INT64, Graph
from forms.shape import f32
from forms.weights import side_by_side, to_bfloat16

OPSET = 17
MICROSOFT = "com.microsoft"


def tables(graph, shape):
    """The cosines and sines of each position's angles, both [positions, head / 2]."""
    frequencies = shape.frequencies()
    for function in (math.cos, math.sin):
        def rows(function=function):
            for position in range(shape.positions):
                row = array("f", (function(f32(position * frequency))
                                  for frequency in frequencies))
                yield (row if graph.kind == FLOAT else to_bfloat16(row)).tobytes()
        graph.tensor(function.__name__, [shape.positions, len(frequencies)], rows())


class Layers:
    def __init__(self, graph, shape, source):
        self.graph, self.shape, self.source = graph, shape, source
        self.residual, self.value = None, None  # What the next norm adds up; value may be none.

    def norm(self, name):
        width, out = self.shape.width, name + ".out"
        scale = self.graph.tensor(name, [width], self.source.rows(name, 1, width))
        if self.value is None:
            return self.graph.node("SimplifiedLayerNormalization", [self.residual, scale], [out],
                                   axis=-1, epsilon=self.shape.epsilon)
        total = name + ".sum"
        self.graph.node("SkipSimplifiedLayerNormalization", [self.residual, self.value, scale],
                        [out, "", "", total], domain=MICROSOFT, epsilon=self.shape.epsilon)
        self.residual = total
        return out

    def linear(self, name, value, rows, columns, blocks=None):
        weight = self.graph.tensor(name, [rows, columns],
                                   blocks or self.source.rows(name, rows, columns))
        return self.graph.node("MatMul", [value, weight], [name + ".out"])

    def integers(self, name, values):
        return self.graph.constant(name, None, INT64, [len(values)], values)

    def normed_heads(self, at, packed, columns):
        """Queries, keys and values; each head of the first two is normalised."""
        head, node = self.shape.head, self.graph.node
        parts = [at + name + ".part" for name in "qkv"]
        node("Split", [packed, self.integers(at + "columns", columns)], parts, axis=-1)
        for i, name in enumerate((at + "q", at + "k")):
            scale = self.graph.tensor(name + "_scale", [head],
                                      self.source.rows(name + "_scale", 1, head))
            shape = self.integers(name + ".apart", [0, -1, head])
            value = node("Reshape", [parts[i], shape], [name + ".heads"])
            value = node("SimplifiedLayerNormalization", [value, scale], [name + ".normed"],
                         axis=-1, epsilon=self.shape.epsilon)
            shape = self.integers(name + ".together", [0, -1, columns[i]])
            parts[i] = node("Reshape", [value, shape], [name + ".rows"])
        return parts

    def layer(self, i):
        shape, node, at = self.shape, self.graph.node, f"layers.{i}."
        sizes = {name: (rows, columns) for name, rows, columns in shape.matrices()}
        columns = [sizes[name][1] for name in "qkv"]
        packed = self.linear(at + "qkv", self.norm(at + "norm1"), shape.width, sum(columns),
                             side_by_side(self.source, [at + name for name in "qkv"],
                                          shape.width, columns, self.graph.width))
        heads = self.normed_heads(at, packed, columns) if shape.head_norms else [packed, "", ""]
        attention = node("GroupQueryAttention",
                         [*heads, f"past_key_values.{i}.key", f"past_key_values.{i}.value",
                          "seqlens_k", "total_sequence_length", "cos", "sin"],
                         [at + "attention", f"present.{i}.key", f"present.{i}.value"],
                         domain=MICROSOFT, num_heads=shape.heads, kv_num_heads=shape.key_heads,
                         do_rotary=1, rotary_interleaved=0, scale=shape.root_of_scale() ** 2)
        self.value = self.linear(at + "o", attention, *sizes["o"])
        inner = self.norm(at + "norm2")
        gate, up = (self.linear(at + name, inner, *sizes[name]) for name in ("gate", "up"))
        gated = node("Mul", [gate, node("Sigmoid", [gate], [at + "sigmoid"])], [at + "silu"])
        product = node("Mul", [gated, up], [at + "gated"])
        self.value = self.linear(at + "down", product, *sizes["down"])


def interface(graph, shape):
    graph.input("input_ids", INT64, ["batch", "length"])
    graph.input("seqlens_k", INT32, ["batch"])
    graph.input("total_sequence_length", INT32, [])
    graph.output("logits", graph.kind, ["batch", "length", shape.vocabulary])
    dims = ["batch", shape.key_heads, "positions", shape.head]
    for i in range(shape.layers):
        for part in ("key", "value"):
            graph.input(f"past_key_values.{i}.{part}", graph.kind, dims)
            graph.output(f"present.{i}.{part}", graph.kind, dims)


def write(folder, shape, source):
    """Writes the model with weights from `source` (see weights.py), all of it in their type."""
    graph = Graph(folder, "model.onnx.data", alignment=4096, kind=getattr(source, "kind", FLOAT))
    interface(graph, shape)
    tables(graph, shape)
    size = [shape.vocabulary, shape.width]
    layers = Layers(graph, shape, source)
    layers.residual = graph.node(
        "Gather", [graph.tensor("embed", size, source.rows("embed", *size)), "input_ids"],
        ["embedded"])
    for i in range(shape.layers):
        layers.layer(i)
    hidden = layers.norm("norm")
    if shape.tied:
        head = graph.node("Transpose", ["embed"], ["head"], perm=[1, 0])
    else:
        head = graph.tensor("head", size[::-1], source.rows("head", *size[::-1]))
    graph.node("MatMul", [hidden, head], ["logits"])
    graph.save(OPSET, [(MICROSOFT, 1)])
    (graph.folder / "config.json").write_text(json.dumps(shape.config(), indent=2) + "\n")
