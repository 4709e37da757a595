#!/usr/bin/env python3
"""tools/bench/forms writes what exporters write: the form of Optimum is compared with Optimum's own
graph, node for node, and both forms of one model compile to the same schedule and the same bits."""
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/bench"))
import npy
import onnxfile
import support
from forms import genai, optimum
from forms.shape import Shape
from forms.weights import Given
from onnxfile import first, of
from support import DATA, compile_model, llmc

IDS = "--ids=" + ",".join(str(i * 37 % 96) for i in range(20))


def attributes(node, folder):
    """Each attribute of a node by its name; that of a tensor by what the tensor is."""
    found = {}
    for attribute in of(node, onnxfile.NODE_ATTRIBUTE):
        fields = [[field[0], field[2]] for field in attribute[2] if field[0] not in (1, 5)]
        tensors = [onnxfile.parse(field[2]) for field in of(attribute[2], 5)]
        found[first(attribute[2], 1)] = (sorted(fields, key=str), [
            (described(tensor), data_of(tensor, folder)) for tensor in tensors])
    return found


def described(tensor):
    """Type, dimensions, and the data or its place in the other file."""
    dims = [field[2] for field in of(tensor, onnxfile.TENSOR_DIMS)]
    place = {first(entry, onnxfile.ENTRY_KEY): first(entry, onnxfile.ENTRY_VALUE)
             for entry in (onnxfile.parse(field[2])
                           for field in of(tensor, onnxfile.TENSOR_EXTERNAL))}
    return (first(tensor, onnxfile.TENSOR_TYPE), dims, place,
            first(tensor, onnxfile.TENSOR_RAW))


def data_of(tensor, folder):
    _, _, place, data = described(tensor)
    if not place:
        return data
    begin, length = int(place[b"offset"]), int(place[b"length"])
    return (folder / place[b"location"].decode()).read_bytes()[begin:begin + length]


class Form:
    """The claims about one shape; `name` is Optimum's export of it in test/data/families."""

    def setUp(self):
        super().setUp()
        self.original = DATA / "families" / self.name
        self.shape = Shape.of_config(json.loads((self.original / "config.json").read_text()))
        self.reference = onnxfile.graph_of(onnxfile.read(self.original / "model.onnx"))

    def weights(self):
        """What Optimum wrote, by the names that forms have for it."""
        layers = range(self.shape.layers)
        names = ["embed"] + [f"layers.{i}.{norm}" for i in layers for norm in ("norm1", "norm2")]
        names += ["norm"] + [f"layers.{i}.{name}" for i in layers
                             for name, _, _ in self.shape.matrices()]
        names += [] if self.shape.tied else ["head"]
        tensors = of(self.reference, onnxfile.GRAPH_INITIALIZER)
        self.assertEqual(len(tensors), len(names))
        return Given({name: data_of(tensor, self.original)
                      for name, (_, _, tensor) in zip(names, tensors)})

    def written(self, form):
        folder = self.folder / form.__name__
        # The frequencies do not depend on the context, and short tables are soon made.
        form.write(folder, replace(self.shape, positions=64), self.weights())
        return folder

    def test_writes_what_optimum_writes_node_for_node(self):
        folder = self.written(optimum)
        model = onnxfile.read(folder / "model.onnx")
        graph = onnxfile.graph_of(model)
        self.assertEqual([first(onnxfile.parse(field[2]), 2)
                          for field in of(model, onnxfile.MODEL_OPSET)], [optimum.OPSET])
        for part in (onnxfile.GRAPH_INPUT, onnxfile.GRAPH_OUTPUT):
            self.assertEqual(of(graph, part), of(self.reference, part))
        names = {}

        def check_name(ours, theirs, where):
            self.assertEqual(names.setdefault(theirs, ours), ours, where)

        for ours, theirs in self.pairs(graph, onnxfile.GRAPH_INITIALIZER):
            where = first(theirs, onnxfile.TENSOR_NAME)
            check_name(first(ours, onnxfile.TENSOR_NAME), where, where)
            self.assertEqual(described(ours)[:2], described(theirs)[:2], where)
            self.assertEqual(data_of(ours, folder), data_of(theirs, self.original), where)
            if described(theirs)[2]:
                self.assertEqual(described(ours), described(theirs), where)
        for ours, theirs in self.pairs(graph, onnxfile.GRAPH_NODE):
            where = first(theirs, onnxfile.NODE_NAME)
            for part in (onnxfile.NODE_TYPE, onnxfile.NODE_DOMAIN):
                self.assertEqual(first(ours, part), first(theirs, part), where)
            for part in (onnxfile.NODE_INPUT, onnxfile.NODE_OUTPUT):
                self.assertEqual(len(of(ours, part)), len(of(theirs, part)), where)
                for one, other in zip(of(ours, part), of(theirs, part)):
                    check_name(one[2], other[2], where)
            self.assertEqual(attributes(ours, folder), attributes(theirs, self.original), where)
        self.assertEqual(len(set(names.values())), len(names), "two values became one")

    def pairs(self, graph, part):
        ours, theirs = ([field[2] for field in of(one, part)] for one in (graph, self.reference))
        self.assertEqual(len(ours), len(theirs))
        return list(zip(ours, theirs))

    def bits(self, model):
        out = self.folder / "logits.npy"
        self.succeed(llmc(), "logits", model, IDS, f"--out={out}")
        return npy.rows(out)

    def test_writes_a_model_with_the_logits_of_optimums(self):
        original = compile_model(self.original, self.folder / "original.bin", "--max-context=64")
        ours = compile_model(self.written(optimum), self.folder / "ours.bin")
        self.assertEqual(self.bits(ours), self.bits(original))

    def schedule(self, model):
        """Every launch, and what is planned, without the numbers of weights and buffers."""
        text = self.succeed(llmc(), "inspect", model, "--schedule", "--kernels",
                            "--memory").decode()
        text = text[text.index("\nmodule "):]
        numbers = {}
        text = re.sub(r"(?<=weight )[^+]+(?=\+)",
                      lambda found: f"w{numbers.setdefault(found[0], len(numbers))}", text)
        lines = re.sub(r" +buffer \d+$", "", text, flags=re.M).splitlines()
        launches = [line for line in lines if re.match(r" +\d+ \w+ tiles ", line)]
        return launches, sorted(lines)

    def kernels(self, form):
        """The kernels of a model that was written, as they go to code generation."""
        text = self.succeed(llmc(), "compile", self.folder / form.__name__, "--emit=rt").decode()
        return text[text.index("func.func "):]

    def test_both_forms_have_the_same_schedule_and_the_same_bits(self):
        models = [compile_model(self.written(form), self.folder / f"{form.__name__}.bin",
                                "--strict") for form in (genai, optimum)]
        one, other = map(self.schedule, models)
        self.maxDiff = 4000
        self.assertGreater(len(one[0]), 10, "no launches found in what inspect prints")
        self.assertEqual(one[0], other[0])
        self.assertEqual(one[1], other[1])
        kernels = [self.kernels(form) for form in (genai, optimum)]
        self.assertEqual(*kernels)
        self.assertEqual(self.bits(models[0]), self.bits(models[1]))


class Tied(Form, support.TestCase):
    """Grouped queries, scaled frequencies, a tied head, weights outside of model.onnx."""

    name = "llama3"


class Untied(Form, support.TestCase):
    """As many heads of keys as of queries."""

    name = "llama-mha"


if __name__ == "__main__":
    support.main()
