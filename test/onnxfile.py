"""Reads, changes and writes ONNX files without the onnx package.

A message is a list of [field number, wire type, value]: what is not touched is written back as it
was. Field numbers are those of onnx.proto; only the ones that a test needs have names here.
"""
import random
import struct

MODEL_IR, MODEL_GRAPH, MODEL_OPSET = 1, 7, 8
GRAPH_NODE, GRAPH_NAME, GRAPH_INITIALIZER = 1, 2, 5
GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE_INFO = 11, 12, 13
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 1, 2, 3, 4, 5, 7
ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS = 6, 11
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14
VALUE_NAME, VALUE_TYPE = 1, 2
ENTRY_KEY, ENTRY_VALUE = 1, 2


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _to_varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def parse(data):
    """The fields of a message; those of a length are bytes until they are parsed themselves."""
    fields, at = [], 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = _varint(data, at)
            value = bytes(data[at:at + size])
            at += size
        fields.append([key >> 3, wire, value])
    return fields


def serialize(fields):
    out = bytearray()
    for number, wire, value in fields:
        out += _to_varint(number << 3 | wire)
        if wire == 0:
            out += _to_varint(value)
            continue
        if isinstance(value, list):
            value = serialize(value)
        if wire == 2:
            out += _to_varint(len(value))
        out += value
    return bytes(out)


def text(number, value):
    return [number, 2, value.encode()]


def message(number, fields):
    return [number, 2, fields]


def number(field, value):
    return [field, 0, value]


def of(fields, wanted):
    """The fields of one number."""
    return [field for field in fields if field[0] == wanted]


def first(fields, wanted):
    found = of(fields, wanted)
    return found[0][2] if found else b""


def read(path):
    """A model whose graph, nodes, tensors and values are parsed in place."""
    with open(path, "rb") as file:
        model = parse(file.read())
    for field in of(model, MODEL_GRAPH):
        field[2] = parse_graph(field[2])
    return model


def parse_graph(data):
    graph = parse(data)
    for field in graph:
        if field[0] in (GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT,
                        GRAPH_VALUE_INFO):
            field[2] = parse(field[2])
        if field[0] == GRAPH_NODE:
            for attribute in of(field[2], NODE_ATTRIBUTE):
                attribute[2] = parse(attribute[2])
                for sub in attribute[2]:
                    if sub[0] in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS) and sub[1] == 2:
                        sub[2] = parse_graph(sub[2])
    return graph


def write(path, model):
    with open(path, "wb") as file:
        file.write(serialize(model))


def graph_of(model):
    return first(model, MODEL_GRAPH)


def rename(model, new_name, keep_interface):
    """Gives every node, value and initializer the name new_name(old).

    With keep_interface the graph's inputs and outputs keep theirs. Empty names (inputs that are
    left out) stay empty. Equal old names get equal new ones."""
    graph = graph_of(model)
    kept = {b""}
    if keep_interface:
        for field in of(graph, GRAPH_INPUT) + of(graph, GRAPH_OUTPUT):
            kept.add(first(field[2], VALUE_NAME))
    _rename_graph(graph, lambda old: old if old in kept else new_name(old))


def _rename_graph(graph, change):
    for field in graph:
        if field[0] == GRAPH_INITIALIZER:
            _replace(field[2], TENSOR_NAME, change)
        elif field[0] in (GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE_INFO):
            _replace(field[2], VALUE_NAME, change)
        elif field[0] == GRAPH_NODE:
            _replace(field[2], NODE_INPUT, change)
            _replace(field[2], NODE_OUTPUT, change)
            _replace(field[2], NODE_NAME, lambda old: change(b"node " + old))
            for attribute in of(field[2], NODE_ATTRIBUTE):
                for sub in attribute[2]:
                    if isinstance(sub[2], list):
                        _rename_graph(sub[2], change)


def _replace(fields, wanted, change):
    for field in of(fields, wanted):
        field[2] = change(field[2])


def _outer_values(node):
    """All names that a node may read: its inputs, and those of nodes in its subgraphs."""
    names = {field[2] for field in of(node, NODE_INPUT)}
    for attribute in of(node, NODE_ATTRIBUTE):
        for sub in attribute[2]:
            if isinstance(sub[2], list):
                for inner in of(sub[2], GRAPH_NODE):
                    names |= _outer_values(inner[2])
                names |= {first(field[2], VALUE_NAME) for field in of(sub[2], GRAPH_OUTPUT)}
    return names


def shuffle_nodes(model, seed, topological):
    """Puts the nodes in another order: one of those in which values are made before they are
    read, or, if not `topological`, any."""
    generator = random.Random(seed)
    graph = graph_of(model)
    nodes = of(graph, GRAPH_NODE)
    rest = [field for field in graph if field[0] != GRAPH_NODE]
    if not topological:
        generator.shuffle(nodes)
        graph[:] = nodes + rest
        return
    # Outputs without a name are ones that are left out.
    maker = {out[2]: i for i, node in enumerate(nodes) for out in of(node[2], NODE_OUTPUT)
             if out[2]}
    waits = [{maker[name] for name in _outer_values(node[2]) if name in maker} for node in nodes]
    readers = [[] for _ in nodes]
    for i, others in enumerate(waits):
        for other in others:
            readers[other].append(i)
    ready = [i for i, others in enumerate(waits) if not others]
    order = []
    while ready:
        i = ready.pop(generator.randrange(len(ready)))
        order.append(i)
        for reader in readers[i]:
            waits[reader].discard(i)
            if not waits[reader]:
                ready.append(reader)
    if len(order) != len(nodes):
        raise ValueError("the graph has a cycle")
    graph[:] = [nodes[i] for i in order] + rest


def value(name, element_type, shape):
    """A ValueInfoProto of a tensor; extents are numbers or names."""
    dims = [message(1, [text(2, extent) if isinstance(extent, str) else number(1, extent)])
            for extent in shape]
    tensor = [number(1, element_type), message(2, dims)]
    return [text(VALUE_NAME, name), message(VALUE_TYPE, [message(1, tensor)])]


def node(op, inputs, outputs, name="", domain=""):
    fields = [text(NODE_INPUT, entry) for entry in inputs]
    fields += [text(NODE_OUTPUT, entry) for entry in outputs]
    fields += [text(NODE_NAME, name), text(NODE_TYPE, op)]
    return fields + ([text(NODE_DOMAIN, domain)] if domain else [])


def attribute(name, value):
    """An AttributeProto of an integer, a float, integers, or a tensor as `tensor` makes it."""
    if isinstance(value, int):
        fields = [[3, 0, value & (1 << 64) - 1], number(20, 2)]
    elif isinstance(value, float):
        fields = [[2, 5, struct.pack("<f", value)], number(20, 1)]
    elif isinstance(value[0], int):
        fields = [[8, 0, entry & (1 << 64) - 1] for entry in value] + [number(20, 7)]
    else:
        fields = [message(5, value), number(20, 4)]
    return [text(1, name)] + fields


def tensor(name, kind, dims, data):
    """A tensor with its bytes, or with None, which `place` has to follow."""
    fields = [number(TENSOR_DIMS, extent) for extent in dims] + [number(TENSOR_TYPE, kind)]
    fields += [text(TENSOR_NAME, name)] if name else []
    return fields if data is None else fields + [[TENSOR_RAW, 2, data]]


def place(fields, location, offset, length):
    """Says of a tensor that its data is in another file."""
    entries = [("location", location), ("offset", str(offset)), ("length", str(length))]
    fields += [message(TENSOR_EXTERNAL, [text(ENTRY_KEY, key), text(ENTRY_VALUE, entry)])
               for key, entry in entries] + [number(TENSOR_LOCATION, 1)]


def floats(name, shape, values):
    """A float32 initializer with its data in the file."""
    return tensor(name, 1, shape, struct.pack(f"<{len(values)}f", *values))


def external(name, shape, location, offset, length):
    """A float32 initializer with its data in another file."""
    fields = tensor(name, 1, shape, None)
    place(fields, location, offset, length)
    return fields


def model(nodes, inputs, outputs, initializers=(), opset=17, domains=()):
    """A whole model; nodes, values and tensors come from the functions above."""
    graph = ([message(GRAPH_NODE, fields) for fields in nodes] + [text(GRAPH_NAME, "graph")] +
             [message(GRAPH_INITIALIZER, fields) for fields in initializers] +
             [message(GRAPH_INPUT, fields) for fields in inputs] +
             [message(GRAPH_OUTPUT, fields) for fields in outputs])
    opsets = [message(MODEL_OPSET, [text(1, domain), number(2, version)])
              for domain, version in [("", opset), *domains]]
    return [number(MODEL_IR, 8), message(MODEL_GRAPH, graph), *opsets]
