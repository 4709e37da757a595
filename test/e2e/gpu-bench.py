#!/usr/bin/env python3
"""tools/bench/gpu where it cannot measure, and the models that it writes: graphs of bfloat16."""
import json
import random
import subprocess
import sys
from array import array
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
sys.path.insert(0, str(ROOT / "tools/bench"))
import npy
import support
from forms import genai
from forms.graph import BFLOAT16
from forms.shape import Shape
from forms.weights import to_bfloat16
from support import compile_model, llmc

SHAPE = Shape(width=64, heads=4, key_heads=2, head=16, hidden=96, vocabulary=96, layers=2,
              positions=64)


class Noise:
    """Random numbers that bfloat16 holds, as f32 or as such."""

    def __init__(self, kind=None):
        if kind is not None:
            self.kind = kind

    def rows(self, name, rows, columns):
        values = array("f", [1.0] * columns)
        if not name.split(".")[-1].startswith("norm"):
            steps = random.Random(name).choices(range(-16, 17), k=rows * columns)
            values = array("f", (step / 64 for step in steps))
        yield (to_bfloat16(values) if hasattr(self, "kind") else values).tobytes()


class GpuBench(support.TestCase):
    def test_says_why_nothing_is_measured_without_a_gpu(self):
        if json.loads(self.succeed(llmc(), "doctor", "--json"))["gpus"]:
            self.skipTest("this machine has a GPU")
        table = self.folder / "table.md"
        command = [sys.executable, ROOT / "tools/bench/gpu/measure.py", "--llmc", llmc(), "--work",
                   self.folder / "work", "--out", table]
        for _ in range(2):  # A second call takes up the records of the first.
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            rows = [line for line in table.read_text().splitlines() if line.startswith("| llama")]
            self.assertGreater(len(rows), 50)
            for row in rows:
                self.assertIn("unmeasured: no NVIDIA GPU here", row)

    def test_writes_bfloat16_as_what_f32_says(self):
        logits = {}
        for name, source in (("f32", Noise()), ("bf16", Noise(BFLOAT16))):
            genai.write(self.folder / name, SHAPE, source)
            model = compile_model(self.folder / name, self.folder / f"{name}.bin", "--dtype=bf16")
            out = self.folder / f"{name}.npy"
            self.succeed(model, "logits", "--ids=1,5,9,80,33,2,7,61", f"--out={out}")
            logits[name] = npy.rows(out)
        self.assertEqual(len(logits["bf16"]), 8)
        for row, right in zip(logits["bf16"], logits["f32"]):
            error = max(abs(a - b) for a, b in zip(row, right))
            # Cosines, sines and the logits are rounded to 8 bits as well.
            self.assertLess(error, 0.02 * max(map(abs, right)))

    def test_rounds_to_nearest_even(self):
        bits = to_bfloat16(array("f", [1.0, -2.5, 1 + 2 ** -8, 1 + 3 * 2 ** -8]))
        self.assertEqual(list(bits), [0x3f80, 0xc020, 0x3f80, 0x3f82])


if __name__ == "__main__":
    support.main()
