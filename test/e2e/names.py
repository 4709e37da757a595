#!/usr/bin/env python3
"""A model is understood by its structure: not by names, and not by the order of its nodes."""
import hashlib
import random
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import npy
import onnxfile
import support
from support import DATA, compile_model, compiled, llmc

PROMPT = "--ids=1,403,407,261,378,432,383,286,261,376,298,315,421"


def new_name(seed):
    """Equal names become equal ones, of no meaning."""
    return lambda old: b"v" + hashlib.sha256(seed + old).hexdigest()[:12].encode()


class Structure:
    """The claims; `name` is an export's folder in test/data."""

    def changed(self, change):
        """A copy of the export's folder whose model.onnx went through `change`."""
        folder = self.folder / "changed"
        shutil.copytree(DATA / self.name, folder, ignore=shutil.ignore_patterns("expected"))
        model = onnxfile.read(folder / "model.onnx")
        change(model)
        onnxfile.write(folder / "model.onnx", model)
        return compile_model(folder, self.folder / "changed.bin")

    def schedule(self, model):
        """Every launch, kernel and place in the arena; weights are numbered as they appear."""
        text = self.succeed(llmc(), "inspect", model, "--schedule", "--kernels",
                            "--memory").decode()
        text = text[text.index("\nmodule "):]
        numbers = {}
        return re.sub(r"(?<=weight )[^+]+(?=\+)",
                      lambda found: f"w{numbers.setdefault(found[0], len(numbers))}", text)

    def bits(self, model):
        out = self.folder / "logits.npy"
        self.succeed(llmc(), "logits", model, PROMPT, f"--out={out}")
        return npy.rows(out)

    def check(self, change):
        plain, changed = compiled(self.name), self.changed(change)
        self.maxDiff = 4000
        self.assertEqual(self.schedule(changed), self.schedule(plain))
        self.assertEqual(self.bits(changed), self.bits(plain))

    def test_stays_the_same_when_it_is_only_written_anew(self):
        self.check(lambda model: None)

    def test_stays_the_same_with_other_names_inside(self):
        self.check(lambda model: onnxfile.rename(model, new_name(b"1"), keep_interface=True))

    def test_stays_the_same_with_other_names_of_inputs_and_outputs_too(self):
        self.check(lambda model: onnxfile.rename(model, new_name(b"2"), keep_interface=False))

    def test_stays_the_same_with_nodes_in_another_order(self):
        self.check(lambda model: onnxfile.shuffle_nodes(model, 3, topological=True))

    def test_stays_the_same_with_nodes_that_read_before_they_are_made(self):
        self.check(lambda model: onnxfile.shuffle_nodes(model, 4, topological=False))

    def test_stays_the_same_with_initializers_in_another_order(self):
        def change(model):
            graph = onnxfile.graph_of(model)
            tensors = onnxfile.of(graph, onnxfile.GRAPH_INITIALIZER)
            rest = [field for field in graph if field[0] != onnxfile.GRAPH_INITIALIZER]
            random.Random(5).shuffle(tensors)
            graph[:] = rest + tensors
        self.check(change)


class Optimum(Structure, support.TestCase):
    name = "stories260K-optimum"


class Plain(Structure, support.TestCase):
    name = "stories260K-plain"


class GenAi(Structure, support.TestCase):
    name = "stories260K-genai"


class Dynamo(Structure, support.TestCase):
    name = "stories260K-dynamo"


class Mobius(Structure, support.TestCase):
    name = "stories260K-mobius"


if __name__ == "__main__":
    support.main()
