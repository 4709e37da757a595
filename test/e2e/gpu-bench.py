#!/usr/bin/env python3
"""tools/bench/gpu: its rehearsal on the simulator, what it says where it cannot measure, and the
models that it writes: graphs of bfloat16."""
import importlib.util
import json
import os
import random
import subprocess
import sys
import time
import types
from array import array
from contextlib import nullcontext, redirect_stderr
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
sys.path.insert(0, str(ROOT / "tools/bench"))
sys.path.insert(0, str(ROOT / "tools/bench/gpu"))
import accelerator
import measure
import npy
import records
import work
import support
from forms import genai
from forms.graph import BFLOAT16
from forms.shape import Shape
from forms.weights import to_bfloat16
from models import Failed
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


class Measuring(support.TestCase):
    def measure(self, *flags, torch=False):
        """The command's lines of numbers and its records; without torch, unless asked for."""
        variables = {**os.environ, "LLMC_CACHE_DIR": str(support.build / "test-cache")}
        if not torch:
            (self.folder / "torch.py").write_text("raise ImportError\n")
            variables["PYTHONPATH"] = str(self.folder)
        out = self.folder / "table.md"
        command = [sys.executable, ROOT / "tools/bench/gpu/measure.py", "--llmc", llmc(),
                   "--work", self.folder / "work", "--out", out, *flags]
        done = subprocess.run(list(map(str, command)), env=variables, capture_output=True,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line for line in out.read_text().splitlines() if line.startswith("| ")][1:]
        told = map(json.loads, out.with_suffix(".jsonl").read_text().splitlines())
        return rows, {line["key"]: line for line in told if "key" in line}


class GpuBench(Measuring):
    def test_says_why_nothing_is_measured_without_a_gpu(self):
        if json.loads(self.succeed(llmc(), "doctor", "--json"))["gpus"]:
            self.skipTest("this machine has a GPU")
        for _ in range(2):  # A second call takes up the records of the first.
            rows, _ = self.measure()
            rows = [row for row in rows if row.startswith("| llama")]
            self.assertGreater(len(rows), 50)
            for row in rows:
                self.assertIn("unmeasured: no NVIDIA GPU here", row)

class Rehearsal(Measuring):
    def test_gives_every_line_of_ours_a_number_that_is_marked(self):
        flags = "--rehearse", "--models=llama-3.1-8b", "--keep"
        rows, told = self.measure(*flags)
        for row in rows:
            self.assertIn("rehearsal, no measurement", row)
        own = [row.split("|")[3] for row in rows if "tok/s, " in row or "prefill" in row or
               "8b decode" in row or "linears" in row or "attention, " in row]
        self.assertEqual(len(own), 9 + 4 + 5 + 6 + 4)
        self.assertNotIn("unmeasured", " ".join(own))
        checks = [row for row in rows if "tokens, logits" in row]
        self.assertTrue(checks and all("Python has no torch" in row for row in checks))
        measured = [key for key, line in told.items() if "value" in line]
        self.assertGreater(len(measured), 45, told)
        for key in ("bf16/1x1024", "bf16/32x8192", "w4/16x2048", "own/cuBLAS/1", "own/SDPA/512",
                    "bf16/operators", "w4/operators", "write", "bf16/compile", "w4/compile"):
            self.assertIn(f"llama-3.1-8b/{key}", measured)
        self.assertEqual(told["limit/read"]["why"], "Python has no torch (ImportError)")

    def test_goes_on_where_a_call_ended(self):
        flags = "--rehearse", "--models=llama-3.1-8b", "--parts=own", "--quick"
        _, first = self.measure(*flags, "--seconds=0")
        self.assertTrue(first)
        self.assertEqual({line["why"] for line in first.values()}, {"no time left in this call"})
        with open(self.folder / "work/records.jsonl", "a") as file:
            file.write('{"key": "cut o')  # A call that was killed.
        _, second = self.measure(*flags)
        self.assertTrue(all("value" in line for line in second.values()), second)
        self.assertFalse((self.folder / "work/llama-3.1-8b").exists())
        _, third = self.measure(*flags)
        self.assertEqual(third, second)

    def test_a_line_that_crashes_leaves_the_others(self):
        flags = "--rehearse", "--models=llama-3.1-8b", "--parts=own", "--quick", "--keep"
        self.measure(*flags)
        for file in (self.folder / "work/llama-3.1-8b").glob("bf16-*.bin"):
            real = file.rename(file.with_suffix(".real"))
            file.write_text(f'#!/bin/sh\ncase "$*" in *"-b 2"*) echo boom >&2; kill -9 $$;; '
                            f'*) exec {real} "$@";; esac\n')
            file.chmod(0o755)
        (self.folder / "work/records.jsonl").unlink()
        rows, told = self.measure(*flags)
        self.assertEqual(told["llama-3.1-8b/bf16/8x128"]["why"], "llmc ended with -9: boom")
        self.assertIn("value", told["llama-3.1-8b/bf16/1x128"])
        self.assertIn("value", told["llama-3.1-8b/w4/8x128"])
        self.assertTrue(any("unmeasured: llmc ended with -9: boom" in row for row in rows))

    def test_agrees_with_torch(self):
        if importlib.util.find_spec("torch") is None:
            self.skipTest("Python has no torch")
        rows, told = self.measure("--rehearse", "--models=llama-3.1-8b", "--parts=limits,check,kernels",
                                  torch=True)
        self.assertEqual([key for key, line in told.items() if "why" in line], [])
        self.assertIn("greedy tokens are float32's", told["check/llama-3.1-8b/w4"]["value"])

    def test_is_no_result(self):
        done = subprocess.run([sys.executable, ROOT / "tools/bench/gpu/measure.py", "--llmc", llmc(),
                               "--rehearse", "--out", ROOT / "tools/bench/results/x.md"],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, support.USAGE)


class Time(support.TestCase):
    def take(self, file, work, **limits):
        taken = records.Records(self.folder / file, {"of": "a test"},
                                time.monotonic() + 60)
        with redirect_stderr(StringIO()):
            taken.take(("line",), work, **limits)
        return taken.known["line"]

    def test_a_line_that_takes_too_long_is_given_up_and_tried_again(self):
        record = self.take("late", lambda: time.sleep(60), most=-4.9)
        self.assertEqual((record["why"][:9], record["late"]), ("took more", True))
        self.assertEqual(self.take("late", lambda: 7)["value"], 7)

    def test_a_line_that_failed_is_not_tried_again(self):
        def fail():
            raise Failed("no such thing", "all of it")
        self.assertEqual(self.take("failed", fail)["log"], "all of it")
        self.assertEqual(self.take("failed", lambda: 7)["why"], "no such thing")

    def test_whatever_is_raised_is_told(self):
        def fail():
            raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")
        self.assertEqual(self.take("memory", fail)["why"], "PyTorch: out of GPU memory")
        self.assertEqual(self.take("none", lambda: {}["key"])["why"], "KeyError: 'key'")

    def test_records_of_something_else_are_put_aside(self):
        self.take("records.jsonl", lambda: 7)
        with redirect_stderr(StringIO()):
            other = records.Records(self.folder / "records.jsonl", {"of": "another"}, 0)
        self.assertEqual(other.known, {})
        self.assertEqual(len(list(self.folder.glob("records.*.jsonl"))), 1)


class Diagnosis(support.TestCase):
    """What is told of a model that fails on a GPU, by programs that only look like one."""

    def program(self, name, *lines):
        path = self.folder / name
        path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
        path.chmod(0o755)
        return path

    def work(self, model):
        flags = types.SimpleNamespace(work=self.folder, device="cuda", rehearse=False)
        known = records.Records(self.folder / "records", {}, time.monotonic() + 60)
        made = work.Work(flags, model, "Python has no torch", {}, known)
        made.file = lambda *key: model
        return made

    def test_names_the_kernel(self):
        model = self.program("model", 'echo "kernel k7, launch 3: $LLMC_CUDA_SYNC" >&2', "exit 70")
        told = self.work(model).told_where(model, Failed("llmc ended with 70: ", "no word"))
        self.assertIn("no word\nlaunch by launch: ", told.log)
        self.assertIn("kernel k7, launch 3: 1", told.log)

    def test_asks_the_checker_of_memory(self):
        tool = self.program("compute-sanitizer", "shift", "echo '===== 0 errors' >${1#--log-file=}",
                            "shift", 'exec "$@"')
        model = self.program("model", """echo '{"tokens": [1, 2, 3, 4]}'""")
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{tool.parent}:{path}"
        try:
            told = self.work(model).sanitized("tiny", "bf16")
        finally:
            os.environ["PATH"] = path
        self.assertEqual(told, "4 tokens: 0 errors")


    def test_finds_the_driver_that_torch_has_found(self):
        maps = self.folder / "maps"
        maps.write_text("7f0-7f1 r--p 0 00:00 0\n"
                        "7f1-7f2 r--p 0 fe:00 9      /opt/driver of it/libcuda.so.580.1\n")
        before = dict(os.environ)
        try:
            os.environ["LD_LIBRARY_PATH"] = "/here"
            measure.share_driver(maps)
            self.assertEqual(os.environ["LD_LIBRARY_PATH"], "/opt/driver of it:/here")
        finally:
            os.environ.clear()
            os.environ.update(before)


class Graph:
    """Of a CUDA that is none: replays what was run while it was captured."""

    def replay(self):
        self.log.append("replay")


def no_cuda(log):
    """What accelerator.Cuda calls of torch; `log` gets the order."""
    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            log.append("record")

        def synchronize(self):
            log.append("synchronize")

        def elapsed_time(self, other):
            return 2.0  # ms

    stream = types.SimpleNamespace(wait_stream=lambda other: log.append("wait"))
    Graph.log = log
    return types.SimpleNamespace(cuda=types.SimpleNamespace(
        is_available=lambda: True, synchronize=lambda: log.append("all"), Event=Event,
        empty_cache=lambda: log.append("free"), Stream=lambda: stream, CUDAGraph=Graph,
        current_stream=lambda: stream, stream=lambda s: nullcontext(),
        graph=lambda g: nullcontext()))


class Cuda(support.TestCase):
    def test_times_by_events_after_two_runs(self):
        log = []
        on = accelerator.Cuda(no_cuda(log))
        self.assertEqual(on.seconds(lambda i: log.append(i), repeat=2), 2e-3)
        self.assertEqual(log, [0, 0] + ["record", 0, "record", "synchronize"] +
                         ["record", 1, "record", "synchronize"])

    def test_captures_what_has_run_before(self):
        log = []
        on = accelerator.Cuda(no_cuda(log))
        replay = on.captured(lambda: log.append("work"))
        self.assertEqual(log, ["wait", "work", "work", "work", "wait", "work"])
        replay()
        on.wait()
        on.free()
        self.assertEqual(log[-3:], ["replay", "all", "free"])

    def test_says_where_torch_has_none(self):
        torch = no_cuda([])
        torch.cuda.is_available = lambda: False
        with self.assertRaisesRegex(Failed, "torch sees no CUDA device"):
            accelerator.Cuda(torch)


class Models(support.TestCase):
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
