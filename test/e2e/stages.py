#!/usr/bin/env python3
"""The stages of a compile can be seen: --emit, --dump-stages, --json, --verify-each."""
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import DATA, execute, llmc

MODEL = DATA / "stories260K-optimum"


class Emit(support.TestCase):
    def test_prints_each_stage_to_stdout_and_nothing_to_stderr(self):
        for stage, word in [("onnx", "onnx."), ("llm", "llm."), ("rt", "rt."),
                            ("kernels", "kernel."), ("llvm", "define "), ("asm", "\tret")]:
            with self.subTest(stage=stage):
                done = execute(llmc(), "compile", MODEL, f"--emit={stage}")
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
                self.assertIn(word, done.stdout.decode())
                self.assertEqual(done.stderr, b"")
                if stage in ("onnx", "llm", "rt"):
                    self.assertEqual(done.stdout.count(b"\nmodule") +
                                     done.stdout.startswith(b"module"), 1)

    def test_writes_to_a_file_what_it_prints(self):
        out = self.folder / "rt.mlir"
        self.succeed(llmc(), "compile", MODEL, "--emit=rt", "-o", out)
        self.assertEqual(out.read_bytes(), self.succeed(llmc(), "compile", MODEL, "--emit=rt"))

    def test_prints_the_code_of_a_gpu_by_its_name(self):
        text = self.succeed(llmc(), "compile", MODEL, "--emit=ptx", "--target=a100",
                            "--dtype=bf16")
        self.assertIn(b".target sm_80", text)
        self.assertEqual({text.count(b".minnctapersm %d" % n) > 0 for n in (1, 2)}, {True},
                         "a kernel has the limits of its own")

    def test_holds_no_weights(self):
        text = self.succeed(llmc(), "compile", MODEL, "--emit=onnx")
        self.assertLess(len(text), (MODEL / "model.onnx").stat().st_size)


class Dump(support.TestCase):
    def test_writes_a_numbered_file_for_every_pass(self):
        stages = self.folder / "stages"
        self.succeed(llmc(), "compile", MODEL, "-o", self.folder / "model.bin",
                     f"--dump-stages={stages}")
        listed = json.loads(self.succeed(llmc(), "compile", "--print-pipeline", "--json"))
        files = sorted(os.listdir(stages))
        self.assertEqual(len(files), 1 + len(listed["passes"]))
        for number, name in enumerate(files):
            self.assertRegex(name, rf"^0*{number}\b")


class Schedule(support.TestCase):
    def test_is_launches_of_generated_kernels_and_nothing_else(self):
        text = self.succeed(llmc(), "compile", MODEL, "--emit=rt").decode()
        programs = re.findall(r"^  rt\.program @(\w+) .*?\n(.*?)^  }", text, re.M | re.S)
        kernels = dict(re.findall(r"^  func\.func @(\w+)\(.*?kernel\.entry.*?\n(.*?)^  }", text,
                                  re.M | re.S))
        self.assertEqual([name for name, _ in programs], ["decode", "prefill"])
        launched = []
        for name, body in programs:
            # What is no launch says where things lie and how large they are.
            for line in body.splitlines():
                operator = re.match(r"\s*(?:%\w+ = )?([\w.]+)", line).group(1)
                self.assertIn(operator, ["rt.symbol", "rt.shape", "rt.buffer", "rt.view",
                                         "rt.launch"], line)
            launched += [(name, kernel) for kernel in re.findall(r"rt\.launch @(\w+)", body)]
        for _, kernel in launched:
            self.assertRegex(kernels[kernel], r"^\s*kernel\.\w+ ")
        # Each is machine code that the same compile makes.
        assembly = self.succeed(llmc(), "compile", MODEL, "--emit=asm").decode()
        for kernel in kernels:
            self.assertRegex(assembly, rf"(?m)^{kernel}:")
        file = self.folder / "model.bin"
        self.succeed(llmc(), "compile", MODEL, "-o", file)
        told = json.loads(self.succeed(llmc(), "inspect", file, "--json"))
        self.assertEqual({kernel["name"] for kernel in told["kernels"]}, set(kernels))
        counts = {name: sum(program == name for program, _ in launched) for name, _ in programs}
        self.assertEqual({program["name"]: program["launches"]
                          for program in told["modules"][0]["programs"]}, counts)
        support.note("a step launches " + ", ".join(dict.fromkeys(
            kernel for name, kernel in launched if name == "decode")))


class MlirFlags(support.TestCase):
    def test_print_a_pass_and_the_time_of_all(self):
        done = execute(llmc(), "compile", MODEL, "-o", self.folder / "model.bin",
                       "--mlir-print-ir-after=llmc-raise-norm", "--mlir-timing")
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr[-2000:])
        text = done.stderr.decode()
        self.assertEqual(text.count("IR Dump After"), 1)
        self.assertIn("Execution time report", text)
        self.assertIn("RaiseRope", text)


class Summary(support.TestCase):
    def test_tells_on_stderr_what_was_found_and_made(self):
        out = self.folder / "model.bin"
        done = execute(llmc(), "compile", MODEL, "-o", out)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        text = done.stderr.decode()
        for word in ["attention 5/5", "rope 5/5", "tokenizer.json", "config.json", str(out)]:
            self.assertIn(word, text)
        self.assertNotIn("\x1b", text)

    def test_in_json_is_one_object(self):
        out = self.folder / "model.bin"
        told = json.loads(self.succeed(llmc(), "compile", MODEL, "-o", out, "--json"))
        self.assertEqual(told["version"], 1)
        self.assertEqual(told["fileBytes"], out.stat().st_size)
        self.assertGreater(told["kernels"], 5)
        self.assertTrue(any("attention 5/5" in line for line in told["found"]))

    def test_of_a_second_compile_generates_nothing(self):
        out = self.folder / "model.bin"
        for _ in range(2):
            told = json.loads(self.succeed(llmc(), "compile", MODEL, "-o", out, "--json"))
        self.assertEqual(told["kernelsGenerated"], 0)
        self.assertGreater(told["kernelsCached"], 0)


class Verification(support.TestCase):
    def test_of_every_pass_finds_no_difference(self):
        for model in [MODEL, DATA / "families/mistral-scatter"]:
            with self.subTest(model=model):
                self.succeed(llmc(), "compile", model, "-o", self.folder / "model.bin",
                             "--verify-each")


class Graph(support.TestCase):
    """A graph that is no language model runs as well."""

    def test_of_plain_operators_is_inferred(self):
        import npy
        import onnxfile
        import struct
        weight = onnxfile.floats("w", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])
        model = onnxfile.model(
            [onnxfile.node("MatMul", ["x", "w"], ["a"]), onnxfile.node("Relu", ["a"], ["y"])],
            [onnxfile.value("x", 1, ["n", 4])], [onnxfile.value("y", 1, ["n", 2])], [weight])
        onnxfile.write(self.folder / "model.onnx", model)
        out = support.compile_model(self.folder / "model.onnx", self.folder / "graph.bin")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }"
        header += " " * (118 - len(header) - 1) + "\n"
        values = [1, 0, 0, 0, -1, -1, -1, 1]
        (self.folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
                                            header.encode() + struct.pack("<8f", *values))
        self.succeed(llmc(), "infer", out, f"x={self.folder}/x.npy", "-o", self.folder / "out")
        shape, result = npy.read(self.folder / "out/y.npy")
        self.assertEqual((shape, list(result)), ((2, 2), [1, 2, 0, 0]))


if __name__ == "__main__":
    support.main()
