"""A Llama as Optimum exports it through TorchScript, node for node and in the same order: what
main_export(task="text-generation-with-past") writes with torch 2.13, transformers 4.57 and
optimum-onnx 0.1 (and accelerate, which lets it tie the head) where the data does not fit into
model.onnx. test/e2e/exporter-forms.py compares. Only numbers in names differ.
"""
import json
import math

from forms.graph import BOOL, FLOAT, INT64, Graph, single

OPSET = 18
# onnx.save puts tensors outside whose Python bytes object has 100 bytes; 33 of them are its own.
THRESHOLD = 67
LAST = (1 << 63) - 1


class Scope:
    """Makes nodes named as torch names those of a module."""

    loose = 0  # Constants that the exporter makes outside of any module.

    def __init__(self, graph, path):
        self.graph, self.path, self.counts = graph, path, {}

    def name(self, operator):
        count = self.counts[operator] = self.counts.get(operator, -1) + 1
        return f"{self.path}/{operator}" + (f"_{count}" if count else "")

    def __call__(self, operator, *inputs, out=None, **attributes):
        name = self.name(operator)
        return self.graph.node(operator, inputs, [out or name + "_output_0"], name, **attributes)

    def constant(self, values, kind=INT64):
        """A scalar, or a list as a tensor of one axis."""
        name = self.name("Constant")
        dims, values = ([len(values)], values) if isinstance(values, list) else ([], [values])
        return self.graph.constant(name + "_output_0", name, kind, dims, values)

    def loose_constant(self, kind, dims, values):
        Scope.loose += 1
        return self.graph.constant(f"onnx::Constant_{Scope.loose}", f"Constant_{Scope.loose}",
                                   kind, dims, values)

    def size(self, value, axis):
        shape = self("Shape", value)
        return self("Gather", shape, self.constant(axis), axis=0)

    def unsqueeze(self, value, axis):
        return self("Unsqueeze", value, self.constant([axis]))

    def loose_unsqueeze(self, value):
        """A number as one of a shape that reshape takes apart itself."""
        return self("Unsqueeze", value, self.loose_constant(INT64, [1], [0]))

    def cast(self, value, kind):
        return self("Cast", value, to=kind)

    def concat(self, *values, axis=0):
        return self("Concat", *values, axis=axis)

    def reshape(self, value, shape):
        return self("Reshape", value, shape, allowzero=0)

    def expand(self, value, *sizes):
        """torch's expand: a size of -1 keeps that of the value."""
        sizes = self.reshape(self.concat(*sizes), self.constant([-1]))
        ones = self("ConstantOfShape", self("Shape", sizes), value=single(INT64, 1))
        keep = self("Equal", sizes, self("Mul", ones, self.constant(-1)))
        return self("Expand", value, self("Where", keep, ones, sizes))

    def slice_last(self, value, first, last):
        """value[..., first:last], where one of both is a number that the graph computes."""
        axis = self.constant([3])
        first = self.unsqueeze(first, 0) if isinstance(first, str) else self.constant([first])
        last = self.unsqueeze(last, 0) if isinstance(last, str) else self.constant([last])
        return self("Slice", value, first, last, axis, self.constant([1]))


def mask(model, embedded):
    """[batch, 1, length, positions]: the position is not behind the row's, nor masked."""
    past = model.size("past_key_values.0.key", 2)
    end = model("Add", past, model.size(embedded, 1))
    rows = model("Range", *[model.cast(value, INT64) for value in (past, end)], model.constant(1))
    wanted = model.cast("attention_mask", BOOL)
    length = model.size(rows, 0)
    positions = model("Add", past, length)
    batch = model.size(embedded, 0)

    def spread(value, *axes):
        for axis in axes:
            value = model.unsqueeze(value, axis)
        return value

    def count(value):
        last = model.cast(value, INT64)
        return model("Range", model.constant(0), last, model.constant(1))

    row = spread(rows, 0, 1, 3)
    sequence = spread(count(batch), 1, 2, 3)
    position = spread(count(positions), 0, 1, 2)
    true = model("ConstantOfShape", _no_axes(model), value=single(BOOL, True))
    causal = model("And", true, model.cast(model("LessOrEqual", position, row), BOOL))
    # attention_mask[sequence, position] by one Gather from the mask as a row.
    shape = model("Shape", wanted)
    stride = model("Gather", shape, model.constant([1]), axis=0)
    flat = model("Flatten", wanted, axis=2)
    index = model("Add", position, model("Mul", sequence, stride))
    found = model("Gather", flat, index, axis=0)
    shape = model("Shape", index)
    found = model.reshape(found, model.constant([-1]))
    found = model.reshape(found, model.concat(shape))
    both = model("And", causal, model.cast(found, BOOL))
    return model.expand(both, model.unsqueeze(batch, 0), model.constant([-1]),
                        model.unsqueeze(length, 0), model.unsqueeze(positions, 0))


def _no_axes(model):
    name = model.name("Constant")
    return model.graph.constant(name + "_output_0", name, INT64, [0], [])


def angles(graph, shape):
    """Cosine and sine, each [batch, length, head]."""
    at = Scope(graph, "/model/rotary_emb")
    values = shape.frequencies()
    frequencies = at.loose_constant(FLOAT, [1, len(values), 1], values)
    batch = at.size("position_ids", 0)
    frequencies = at.expand(frequencies, at.unsqueeze(batch, 0), at.constant([-1]),
                            at.constant([1]))
    frequencies = at.cast(frequencies, FLOAT)
    positions = at.cast(at.unsqueeze("position_ids", 1), FLOAT)
    product = at("MatMul", at.cast(frequencies, FLOAT), at.cast(positions, FLOAT))
    half = at("Transpose", product, perm=[0, 2, 1])
    whole = at.concat(half, half, axis=-1)
    scaled = [at("Mul", at(function, whole), at.constant(1.0, FLOAT))
              for function in ("Cos", "Sin")]
    return [at.cast(value, FLOAT) for value in scaled]


def norm(graph, path, shape, value, scale):
    """The norm's result, and its input, which the residual is taken from."""
    at = Scope(graph, path)
    value = at.cast(value, FLOAT)
    square = at("Pow", value, at.constant(2.0, FLOAT))
    mean = at("ReduceMean", square, at.constant([-1]), keepdims=1)
    root = at("Sqrt", at("Add", mean, at.constant(shape.epsilon, FLOAT)))
    inverse = at("Div", at.constant(1.0, FLOAT), root)
    return at("Mul", scale, at.cast(at("Mul", value, inverse), FLOAT)), value


def rotate(at, value, cosine, sine):
    straight = at("Mul", value, cosine)
    half = at("Div", at.size(value, 3), at.constant(2))
    half = at.cast(at.cast(half, INT64), INT64)
    first = at.slice_last(value, 0, half)
    turned = at.concat(at("Neg", at.slice_last(value, half, LAST)), first, axis=-1)
    return at("Add", straight, at("Mul", turned, sine))


def repeat(at, value, times):
    """Each head of a cache `times` times."""
    sizes = [at.size(value, axis) for axis in range(4)]
    wide = at.unsqueeze(value, 2)
    asked = [at.unsqueeze(size, 0) for size in sizes[:2]]
    asked.append(at.constant([times]))
    asked += [at.unsqueeze(size, 0) for size in sizes[2:]]
    wide = at.expand(wide, *asked)
    sizes[1] = at("Mul", sizes[1], at.constant(times))
    return at.reshape(wide, at.concat(*[at.loose_unsqueeze(size) for size in sizes]))


class Attention:
    """The layers' attention; what the first one makes for all is kept."""

    def __init__(self, graph, shape, allowed, cosine_sine):
        self.graph, self.shape, self.allowed = graph, shape, allowed
        self.angles, self.spread = cosine_sine, None

    def __call__(self, i, path, value, weights):
        at, shape = Scope(self.graph, f"{path}/self_attn"), self.shape
        batch, length = at.size(value, 0), at.size(value, 1)

        def linear(name):
            return Scope(self.graph, f"{at.path}/{name}_proj")("MatMul", value, weights[name])

        def heads(value, sizes):
            return at("Transpose", at.reshape(value, sizes), perm=[0, 2, 1, 3])

        query = linear("q")
        sizes = [at.concat(at.loose_unsqueeze(batch), at.loose_unsqueeze(length),
                           at.constant([-1]), at.constant([shape.head])) for _ in range(3)]
        query = heads(query, sizes[0])
        key = heads(linear("k"), sizes[1])
        held = heads(linear("v"), sizes[2])
        if self.spread is None:
            self.spread = [at.unsqueeze(values, 1) for values in self.angles]
        query = rotate(at, query, *self.spread)
        key = rotate(at, key, *self.spread)
        past, present = f"past_key_values.{i}.", f"present.{i}."
        key = at("Concat", past + "key", key, out=present + "key", axis=-2)
        held = at("Concat", past + "value", held, out=present + "value", axis=-2)
        if shape.key_heads != shape.heads:
            key, held = (repeat(at, each, shape.heads // shape.key_heads) for each in (key, held))
        result = at("Transpose", self.weighed(at, query, key, held), perm=[0, 2, 1, 3])
        whole = at.concat(at.loose_unsqueeze(batch), at.loose_unsqueeze(length),
                          at.constant([-1]))
        value = at.reshape(result, whole)
        return linear_of(self.graph, f"{at.path}/o_proj", value, weights["o"])

    def weighed(self, at, query, key, held):
        positions = at.size(key, 2)
        allowed = at.slice_last(self.allowed, 0, positions)
        key = at("Transpose", key, perm=[0, 1, 3, 2])
        root = self.shape.root_of_scale()
        query = at("Mul", query, at.constant(root, FLOAT))
        key = at("Mul", key, at.constant(root, FLOAT))
        scores = at("MatMul", query, key)
        none = at("Where", allowed, at.constant([0.0], FLOAT), at.constant([-math.inf], FLOAT))
        share = at("Softmax", at("Add", scores, none), axis=-1)
        empty = at("IsNaN", share)
        return at("MatMul", at("Where", empty, at.constant([0.0], FLOAT), share), held)


def linear_of(graph, path, value, weight):
    return Scope(graph, path)("MatMul", value, weight)


def tensors(graph, shape, source):
    """Writes the initializers as the exporter orders them; gives the names of each layer's."""
    def write(name, logical, rows, columns, dims):
        return graph.tensor(name, dims, source.rows(logical, rows, columns))

    def vector(name, logical):
        return write(name, logical, 1, shape.width, [shape.width])

    write("model.embed_tokens.weight", "embed", shape.vocabulary, shape.width,
          [shape.vocabulary, shape.width])
    layers = []
    for i in range(shape.layers):
        at = f"model.layers.{i}."
        layers.append({"norm1": vector(at + "input_layernorm.weight", f"layers.{i}.norm1"),
                       "norm2": vector(at + "post_attention_layernorm.weight",
                                       f"layers.{i}.norm2")})
    vector("model.norm.weight", "norm")
    matrices = [(layer, i, *matrix) for i, layer in enumerate(layers)
                for matrix in shape.matrices()]
    for number, (layer, i, name, rows, columns) in enumerate(matrices):
        layer[name] = write(f"onnx::MatMul_{number}", f"layers.{i}.{name}", rows, columns,
                            [rows, columns])
    if not shape.tied:
        write("onnx::MatMul_head", "head", shape.width, shape.vocabulary,
              [shape.width, shape.vocabulary])
    return layers


def interface(graph, shape):
    batch, length, past = "batch_size", "sequence_length", "past_sequence_length"
    total = f"{past} + {length}"
    graph.input("input_ids", INT64, [batch, length])
    graph.input("attention_mask", INT64, [batch, total])
    graph.input("position_ids", INT64, [batch, length])
    graph.output("logits", FLOAT, [batch, length, shape.vocabulary])
    for i in range(shape.layers):
        for part in ("key", "value"):
            graph.input(f"past_key_values.{i}.{part}", FLOAT,
                        [batch, shape.key_heads, past, shape.head])
            graph.output(f"present.{i}.{part}", FLOAT,
                         [batch, shape.key_heads, total, shape.head])


def write(folder, shape, source):
    """Writes the model with weights from `source` (see weights.py)."""
    graph = Graph(folder, "model.onnx_data", alignment=1, threshold=THRESHOLD)
    layers = tensors(graph, shape, source)
    interface(graph, shape)
    value = Scope(graph, "/model/embed_tokens")("Gather", "model.embed_tokens.weight", "input_ids")
    allowed = mask(Scope(graph, "/model"), value)
    attention = Attention(graph, shape, allowed, angles(graph, shape))
    for i, weights in enumerate(layers):
        path = f"/model/layers.{i}"
        at, mlp = Scope(graph, path), f"{path}/mlp"
        inner, residual = norm(graph, f"{path}/input_layernorm", shape, value, weights["norm1"])
        value = at("Add", residual, attention(i, path, inner, weights))
        inner, residual = norm(graph, f"{path}/post_attention_layernorm", shape, value,
                               weights["norm2"])
        gate = linear_of(graph, f"{mlp}/gate_proj", inner, weights["gate"])
        silu = Scope(graph, f"{mlp}/act_fn")
        gated = silu("Mul", gate, silu("Sigmoid", gate))
        up = linear_of(graph, f"{mlp}/up_proj", inner, weights["up"])
        down = linear_of(graph, f"{mlp}/down_proj", Scope(graph, mlp)("Mul", gated, up),
                         weights["down"])
        value = at("Add", residual, down)
    value, _ = norm(graph, "/model/norm", shape, value, "model.norm.weight")
    head = "onnx::MatMul_head"
    if shape.tied:
        head = graph.node("Transpose", ["model.embed_tokens.weight"],
                          ["model.embed_tokens.weight_transposed"], "Transpose_head")
    graph.node("MatMul", [value, head], ["logits"], "/lm_head/MatMul")
    graph.save(OPSET)
    (graph.folder / "config.json").write_text(json.dumps(shape.config(), indent=2) + "\n")
