#!/usr/bin/env python3
"""Kernels and schedules for GPUs, on the simulator: --target=sm_80, --device=sim."""
import json
import random
import re
import shutil
import sys
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/bench"))
import npy
import support
from forms import genai
from forms.shape import Shape
from support import compile_model, compiled, llmc

MODEL = "stories260K-optimum"


class Noise:
    """Matrices of random numbers in 255 steps, variance 1 / inputs: a source for forms."""

    def rows(self, name, rows, columns):
        if name.split(".")[-1].startswith("norm"):
            yield array("f", [1.0] * columns).tobytes()
            return
        inputs = columns if name == "embed" else rows
        step = (3 / inputs) ** 0.5 / 127
        table = [max(byte - 128, -127) * step for byte in range(256)]
        data = random.Random(name).randbytes(rows * columns)
        yield array("f", map(table.__getitem__, data)).tobytes()


def wide(folder):
    """Two layers of width 512, heads of 64, 4 in the cache."""
    shape = Shape(width=512, heads=8, key_heads=4, head=64, hidden=1408, vocabulary=512, layers=2,
                  positions=256, tied=True)
    genai.write(folder, shape, Noise())
    return folder


def deep(folder, **more):
    """Three layers, so that one is in the middle."""
    shape = Shape(width=64, heads=6, key_heads=2, head=32, hidden=96, vocabulary=160, layers=3,
                  positions=256, tied=True, **more)
    genai.write(folder, shape, Noise())
    return folder


class Gpu(support.TestCase):
    def logits(self, model, *flags):
        out = self.folder / "logits.npy"
        self.succeed(model, "logits", *flags, f"--out={out}")
        shape, values = npy.read(out)
        width = shape[-1]
        return [values[i:i + width] for i in range(0, len(values), width)]

    def assert_close(self, rows, wanted, share):
        """No number is off by more than a share of its row's largest."""
        self.assertEqual(len(rows), len(wanted))
        for number, (row, right) in enumerate(zip(rows, wanted)):
            most = max(map(abs, right))
            error = max(abs(a - b) for a, b in zip(row, right))
            self.assertLessEqual(error, share * most, f"row {number}")


class Story(Gpu):
    def test_is_told_as_on_the_cpu(self):
        words = ["-n", "40", "Once upon a time"]
        told = self.succeed(compiled(MODEL, "--target=sm_80"), "--device=sim", *words)
        self.assertEqual(told, self.succeed(compiled(MODEL), *words))

    def test_is_drawn_as_on_the_cpu(self):
        gpu, cpu = compiled(MODEL, "--target=sm_80"), compiled(MODEL)
        drawn = (["--temperature=0.8"], ["--temperature=1.5", "--top-k=20"],
                 ["--temperature=1", "--top-p=0.9"], ["--temperature=1", "--min-p=0.05"],
                 ["--temperature=1.2", "--top-k=60", "--top-p=0.8", "--min-p=0.02"],
                 ["--temperature=1", "--repetition-penalty=1.3"])
        for seed, flags in enumerate(drawn):
            with self.subTest(flags=flags):
                words = ["-n", "12", *flags, f"--seed={seed}", "Once upon a time"]
                told = self.succeed(gpu, "--device=sim", *words)
                self.assertEqual(told, self.succeed(cpu, *words))

    def test_has_its_tokens_chosen_on_the_device(self):
        gpu = compiled(MODEL, "--target=sm_80")
        told = json.loads(self.succeed(llmc(), "inspect", gpu, "--kernels", "--json"))
        kernels = {kernel["op"]: kernel for kernel in told["devices"][0]["kernels"]}
        for name in ("row_maxima", "choose_token"):
            self.assertEqual(kernels[name]["spillBytes"], 0)
        trace = self.folder / "trace.json"

        def launched(*flags):
            self.succeed(gpu, "--device=sim", "-n", "3", f"--trace={trace}", *flags, "Once")
            return trace.read_text().count("choose_token")

        self.assertGreaterEqual(launched(), 3)
        self.assertGreaterEqual(launched("--temperature=1"), 3)
        self.assertEqual(launched("--repetition-penalty=1.1"), 0)

    def test_has_the_logits_of_the_cpu(self):
        ids = "--ids=1," + ",".join(str(3 + i * 7 % 500) for i in range(39))
        self.assert_close(self.logits(compiled(MODEL, "--target=sm_80"), "--device=sim", ids),
                          self.logits(compiled(MODEL), ids), 1e-4)

    def test_with_a_cache_of_bytes_is_told_as_on_the_cpu(self):
        both = compiled(MODEL, "--target=cpu,sm_80", "--kv-cache-dtype=int8")
        words = ["-n", "20", "Once upon a time"]
        self.assertEqual(self.succeed(both, "--device=sim", *words), self.succeed(both, *words))

    def test_is_in_one_file_for_both(self):
        both = compiled(MODEL, "--target=cpu,sm_80")
        words = ["-n", "12", "Once upon a time"]
        told = self.succeed(both, *words)
        self.assertEqual(self.succeed(both, "--device=sim", *words), told)
        self.assertEqual(self.succeed(both, "--device=cpu", *words), told)
        told = self.succeed(llmc(), "inspect", both, "--schedule").decode()
        self.assertIn("\nschedule of decode\n  0 embedding_0 tiles T ", told)
        self.assertIn("\nschedule of decode on sm_80\n  0 embedding_0 tiles T ", told)
        self.assertEqual(told.count("\nschedule of decode"), 2)
        told = self.succeed(llmc(), "inspect", both, "--memory").decode()
        for line in "\nmemory of decode: ", "\nmemory of decode on sm_80: ":
            self.assertEqual(told.count(line), 1, told)
        weights = {name: json.loads(self.succeed(llmc(), "inspect", file, "--json"))["weights"]
                   for name, file in (("both", both), ("cpu", compiled(MODEL)))}
        self.assertEqual(weights["both"], weights["cpu"])

    def test_is_drawn_where_there_is_no_other(self):
        picture = self.folder / "memory.svg"
        for targets, title in (("sm_80", "on sm_80: "), ("cpu,sm_80", "on the CPU: ")):
            with self.subTest(targets=targets):
                self.succeed(llmc(), "inspect", compiled(MODEL, f"--target={targets}"),
                             f"--memory-svg={picture}")
                self.assertIn(title, picture.read_text())


class Layers(Gpu):
    """What a layer is on a GPU."""

    IDS = "--ids=" + ",".join(str(1 + i * 31 % 90) for i in range(40))

    def middle(self, file):
        """The launches of a layer in the middle, in programs of one row and of many, from one
        attention to the next."""
        told = self.succeed(llmc(), "inspect", file, "--schedule").decode()
        for schedule in told.split("schedule of ")[1:]:
            names = [line.split()[1].rsplit("_", 1)[0] for line in schedule.splitlines()[1:]
                     if line.startswith("  ")]
            starts = [i for i, name in enumerate(names) if name in ("attention", "attention_split")]
            yield names[starts[0]:starts[1]]

    def test_of_a_llama_is_at_most_seven_launches_with_norms_of_heads_too(self):
        for norms in (False, True):
            with self.subTest(norms=norms):
                folder = deep(self.folder / f"deep{norms}", head_norms=norms)
                gpu = compile_model(folder, self.folder / "gpu.bin", "--target=sm_80",
                                    "--dtype=bf16")
                for layer in self.middle(gpu):
                    self.assertLessEqual(len(layer), 7, layer)
                    self.assertEqual(layer.count("rope_append"), 1)
                    self.assertNotIn("rms_norm", layer)
                cpu = compile_model(folder, self.folder / "cpu.bin", "--dtype=bf16")
                self.assert_close(self.logits(gpu, "--device=sim", self.IDS),
                                  self.logits(cpu, self.IDS), 2e-2)

    def test_with_norms_of_heads_has_the_logits_of_the_cpu(self):
        folder = deep(self.folder / "deep", head_norms=True)
        for flags, share in ([], 1e-4), (["--kv-cache-dtype=int8"], 1e-2):
            with self.subTest(flags=flags):
                gpu, cpu = (compile_model(folder, self.folder / f"{target}.bin",
                                          f"--target={target}", *flags)
                            for target in ("sm_80", "cpu"))
                for way in ([], ["--step"]):
                    self.assert_close(self.logits(gpu, "--device=sim", self.IDS, *way),
                                      self.logits(cpu, self.IDS), share)

    def test_with_norms_around_its_blocks_is_nine_launches(self):
        name = "families/gemma3"
        gpu = compiled(name, "--target=sm_80")
        for layer in self.middle(gpu):
            layer = [launch for launch in layer if launch != "take_rows"]
            self.assertLessEqual(len(layer), 9, layer)
            self.assertNotIn("rms_norm", layer)
        self.assert_close(self.logits(gpu, "--device=sim", self.IDS),
                          self.logits(compiled(name), self.IDS), 1e-4)


class Named(Gpu):
    """A GPU instead of its architecture."""

    def test_has_the_code_of_its_architecture(self):
        told = json.loads(self.succeed(llmc(), "inspect", compiled(MODEL, "--target=cpu,l4"), "--json"))
        self.assertEqual([device["target"] for device in told["devices"]], ["sm_80"])

    def test_is_told_where_f32_keeps_its_matrix_units_idle(self):
        for flags, told in (([], True), (["--dtype=bf16"], False), (["--dtype=f32"], False)):
            done = support.execute(llmc(), "compile", support.DATA / MODEL, "--target=a10", *flags,
                                   "-o", self.folder / "f32.bin")
            self.assertEqual(b"--dtype=bf16 uses them" in done.stderr, told, flags)

    def test_does_not_take_more_rows_than_the_graph_has_positions(self):
        file = compiled("stories260K-mobius", "--target=a10")
        self.assertIn(b"prefill, 33 to 512 rows", self.succeed(llmc(), "inspect", file))

    def test_is_the_only_one_of_its_architecture(self):
        done = self.fail_with(2, 305, llmc(), "compile", support.DATA / MODEL,
                              "--target=h100,h200", "-o", self.folder / "two.bin")
        self.assertIn(b"h100 and h200 both run sm_90a", done.stderr)


class Simulated(Gpu):
    def test_is_the_architecture_that_is_named(self):
        both = compiled(MODEL, "--target=sm_80,sm_90a")
        for level in ("sm_80", "sm_90a"):
            told = support.execute(both, "run", "-v", f"--device=sim:{level}", "-n", "1", "a").stderr
            self.assertIn(f"the PTX for {level} ".encode(), told)

    def test_is_one_of_the_file(self):
        done = self.fail_with(support.UNAVAILABLE, 405, compiled(MODEL, "--target=sm_80"),
                              "-n", "1", "--device=sim:sm_90a", "a")
        self.assertIn(b"it has code for sm_80", done.stderr)
        self.fail_with(support.UNAVAILABLE, 405, compiled(MODEL), "-n", "1", "--device=cpu:0", "a")


class WithoutGpu(Gpu):
    def setUp(self):
        super().setUp()
        if json.loads(self.succeed(llmc(), "doctor", "--json"))["gpus"]:
            self.skipTest("this machine has a GPU")

    def test_a_file_for_both_runs_on_the_cpu_and_says_so_in_a_line(self):
        done = support.execute(compiled(MODEL, "--target=cpu,sm_80"), "-n", "3", "Once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertIn(b"running on the CPU", done.stderr)

    def test_what_needs_one_is_refused(self):
        done = self.fail_with(support.UNAVAILABLE, 406, compiled(MODEL, "--target=sm_80,sm_90a"),
                              "-n", "3", "a")
        self.assertIn(b"compiled for sm_80, sm_90a alone; no NVIDIA GPU can be used: the driver",
                      done.stderr)
        done = self.fail_with(support.UNAVAILABLE, 405, compiled(MODEL, "--target=cpu,sm_80"), "-n",
                              "3", "--device=cuda", "a")
        self.assertIn(b"--device=cpu", done.stderr)
        done = self.fail_with(support.UNAVAILABLE, 405, compiled(MODEL, "--target=sm_80,sm_90a"),
                              "-n", "3", "--device=cuda", "a")
        self.assertNotIn(b"--device=cpu", done.stderr)


class Wide(Gpu):
    """A prompt of 96 tokens and 4 steps; every linear and attention by matrix instructions."""

    IDS = [1 + i * 31 % 500 for i in range(96)]

    def evaluated(self, folder, ids, *flags):
        """Logits by the reference evaluator: in doubles, but for what the step itself rounds."""
        step, out = self.folder / "step.mlir", self.folder / "wanted.npy"
        self.succeed(llmc(), "compile", folder, "--emit=llm", "-o", step, *flags)
        self.succeed(support.build / "bin/llmc-evaluate", step, ",".join(map(str, ids)), out)
        (_, width), values = npy.read(out)
        return [values[i:i + width] for i in range(0, len(values), width)]

    def check(self, level, *flags, share, matrix=("linear", "attention", "attention_split")):
        folder = wide(self.folder / "wide")
        gpu = compile_model(folder, self.folder / "gpu.bin", f"--target={level}", *flags)
        prompt = "--ids=" + ",".join(map(str, self.IDS))
        steps = json.loads(self.succeed(gpu, "run", "--device=sim", prompt, "-n", "4",
                                        "--temperature=0", "--json"))
        chosen = steps["tokens"]
        self.assertEqual(len(chosen), 4)
        wanted = self.evaluated(folder, self.IDS + chosen[:-1], *flags)
        self.assert_close(self.logits(gpu, "--device=sim", prompt), wanted[:96], share)
        # A step's token is the likeliest, or as good as.
        for row, token in zip(wanted[95:], chosen):
            self.assertGreaterEqual(row[token], max(row) - share * max(map(abs, row)))
        told = json.loads(self.succeed(llmc(), "inspect", gpu, "--kernels", "--json"))
        kernels = told["devices"][0]["kernels"]
        for kernel in kernels:
            if kernel["op"] in matrix:
                self.assertIn(kernel["matrix"], ("mma.sync", "wgmma"), kernel)
            self.assertEqual(kernel["spillBytes"], 0, kernel)
        wgmma = {kernel["name"] for kernel in kernels if kernel["matrix"] == "wgmma"}
        schedules = self.succeed(llmc(), "inspect", gpu, "--schedule").decode().split("\nschedule of ")
        many = next(text for text in schedules if text.startswith("prefill on " + level))
        # Rows that meet integer weights stay f32, which wgmma does not take, unless told.
        wanted = level == "sm_90a" and any("--dtype" in flag for flag in flags)
        self.assertEqual(wgmma, set(re.findall(r"\blinear_\d+", many)) if wanted else set())

    def test_of_bf16(self):
        for level in ("sm_80", "sm_90a"):
            with self.subTest(level=level):
                self.check(level, "--dtype=bf16", share=1e-2)

    def test_of_f16(self):
        # Decode steps see two pieces of the cache.
        self.check("sm_80", "--dtype=f16", "--attention-split=64", share=5e-3)

    def test_with_a_cache_of_bytes(self):
        self.check("sm_80", "--dtype=bf16", "--kv-cache-dtype=int8", share=1e-2)

    def test_has_nearly_the_same_logits_with_a_cache_of_bytes(self):
        folder = wide(self.folder / "wide")
        ids = "--ids=" + ",".join(map(str, self.IDS))
        exact, rounded = (
            self.logits(compile_model(folder, self.folder / "cpu.bin", f"--kv-cache-dtype={type}"), ids)
            for type in ("f32", "int8"))
        self.assert_close(rounded, exact, 3e-2)

    def test_of_four_bits(self):
        for level in ("sm_80", "sm_90a"):
            with self.subTest(level=level):
                self.check(level, "--dtype=bf16", "--quantize=w4g128", share=1e-2)

    def test_of_four_bits_with_rows_of_f16(self):
        self.check("sm_90a", "--dtype=f16", "--quantize=w4g128", share=5e-3)

    def test_of_four_bits_with_rows_and_cache_of_f32(self):
        self.check("sm_80", "--quantize=w4g128", "--attention-split=64", share=1e-4,
                   matrix=("linear",))


class Assembled(support.TestCase):
    """Kernels of the sizes of real models, by ptxas, for every architecture."""

    def setUp(self):
        super().setUp()
        if not (shutil.which("ptxas") or Path("/usr/local/cuda/bin/ptxas").exists()):
            self.skipTest("no ptxas")

    def check(self, *choices, **shape):
        """No kernel spills, whichever flags are chosen."""
        shape = Shape(width=1024, key_heads=4, vocabulary=512, layers=1, tied=True, **shape)
        genai.write(self.folder / "deep", shape, Noise())
        for flags in choices:
            file = compile_model(self.folder / "deep", self.folder / "deep.bin",
                                 "--target=sm_80,sm_90a,sm_100a", *flags)
            told = json.loads(self.succeed(llmc(), "inspect", file, "--kernels", "--json"))
            for device in told["devices"]:
                # A row alone would leave most of a GPU idle over a long cache.
                self.assertIn("attention_split", [kernel["op"] for kernel in device["kernels"]])
                for kernel in device["kernels"]:
                    with self.subTest(flags=flags, target=device["target"], kernel=kernel["name"]):
                        self.assertGreater(kernel["registers"], 0)
                        self.assertEqual(kernel["spillBytes"], 0)

    def test_have_room_in_registers(self):
        self.check(["--dtype=bf16"], ["--dtype=f16"], ["--quantize=w8a8"],
                   ["--dtype=bf16", "--quantize=w4g32"], ["--dtype=f16", "--quantize=w4g32"],
                   ["--dtype=bf16", "--quantize=w8"], ["--quantize=w4g32"],
                   heads=8, head=128, hidden=4096, positions=131072)

    def test_have_room_for_wide_heads(self):
        self.check(["--dtype=bf16"], heads=8, head=256, hidden=1024, positions=4096)


if __name__ == "__main__":
    support.main()
