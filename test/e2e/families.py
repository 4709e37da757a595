#!/usr/bin/env python3
"""Families of decoders are recognised, and have ONNX Runtime's logits in one pass, in chunks and in steps."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import npy
import support
from support import DATA, compiled, llmc

MODELS = DATA / "families"


class Family:
    """The claims about one model; `name` is its folder in test/data/families."""

    # Of the largest absolute value in a row of logits.
    tolerance = 1e-4

    def logits(self, *flags):
        ids = npy.integers(MODELS / self.name / "expected/ids.npy")
        out = self.folder / "logits.npy"
        self.succeed(llmc(), "logits", compiled(f"families/{self.name}", "--strict"),
                     "--ids=" + ",".join(map(str, ids)), f"--out={out}", *flags)
        return npy.rows(out)

    def test_has_the_logits_of_a_prompt(self):
        expected = npy.rows(MODELS / self.name / "expected/logits.npy")
        actual = self.logits()
        self.assertEqual(len(actual), len(expected))
        for i, (one, other) in enumerate(zip(actual, expected)):
            worst = max(abs(a - b) for a, b in zip(one, other))
            self.assertLessEqual(worst, self.tolerance * max(map(abs, other)), f"row {i}")

    def test_has_the_same_bits_in_chunks_and_steps(self):
        whole = self.logits()
        for flags in (["--step"], ["--chunk=5"], ["--chunk=16"]):
            with self.subTest(flags=flags):
                self.assertEqual(self.logits(*flags), whole)


class Neox(Family, support.TestCase):
    name = "neox"


class Opt(Family, support.TestCase):
    name = "opt"


class Falcon(Family, support.TestCase):
    name = "falcon"


class Gemma3(Family, support.TestCase):
    name = "gemma3"


class Llama3(Family, support.TestCase):
    name = "llama3"


class LlamaMultiHead(Family, support.TestCase):
    name = "llama-mha"


class MistralScatter(Family, support.TestCase):
    name = "mistral-scatter"


class GenAiMultiHead(Family, support.TestCase):
    """Recorded with sums in f16, which the compiled model does not round to."""

    name = "genai-mha"
    tolerance = 1e-2


if __name__ == "__main__":
    support.main()
