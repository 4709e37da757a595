#!/usr/bin/env python3
"""Every export of stories260K compiles, tells the published story, and has the recorded logits."""
import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import npy
import support
from support import DATA, compile_model, compiled, execute, llmc, note

EXPECTED = DATA / "stories260K-expected"
# Of the largest absolute value in a row of logits.
TOLERANCE = 1e-4


def listed(ids):
    return "--ids=" + ",".join(map(str, ids))


class Export:
    """The claims about one export; `name` is its folder in test/data."""

    def expected(self, file):
        return DATA / self.name / "expected" / file

    def model(self):
        return compiled(self.name)

    def logits(self, ids, *flags, environment=None):
        """Rows of logits of the compiled model."""
        out = self.folder / "logits.npy"
        self.succeed(llmc(), "logits", self.model(), listed(ids), f"--out={out}", *flags,
                     environment=environment)
        return npy.rows(out)

    def compare(self, actual, expected):
        self.assertEqual(len(actual), len(expected))
        for i, (one, other) in enumerate(zip(actual, expected)):
            self.assertEqual(len(one), len(other))
            allowed = TOLERANCE * max(map(abs, other))
            worst = max(abs(a - b) for a, b in zip(one, other))
            self.assertLessEqual(worst, allowed, f"row {i}")

    def test_recognises_every_layer(self):
        report = json.loads(self.succeed(llmc(), "inspect", self.model(), "--json"))["report"]
        text = ", ".join(report)
        for part in ["attention 5/5", "rope 5/5", "kv cache 5/5"]:
            self.assertIn(part, text)

    def test_compiles_strictly(self):
        compile_model(DATA / self.name, self.folder / "model.bin", "--strict")

    def test_chooses_the_recorded_tokens(self):
        ids = npy.integers(self.expected("greedy_bos_ids.npy"))
        told = self.succeed(llmc(), "run", self.model(), "--ids=1", "-n", "255")
        self.assertEqual(told.decode().strip(), ",".join(map(str, ids)))
        prompt = npy.integers(self.expected("once_prompt_ids.npy"))
        ids = prompt + npy.integers(self.expected("greedy_once_ids.npy"))
        told = self.succeed(llmc(), "run", self.model(), listed(prompt), "-n", "64")
        self.assertEqual(told.decode().strip(), ",".join(map(str, ids)))

    def test_has_the_logits_of_a_prompt(self):
        ids = npy.integers(self.expected("prompt_ids.npy"))
        self.compare(self.logits(ids), npy.rows(self.expected("prefill_logits.npy")))

    def test_has_the_logits_of_a_prompt_step_by_step(self):
        ids = npy.integers(self.expected("prompt_ids.npy"))
        self.compare(self.logits(ids, "--step"), npy.rows(self.expected("prefill_logits.npy")))

    def test_has_the_logits_of_what_it_continues(self):
        ids = npy.integers(self.expected("prompt_ids.npy"))
        more = npy.integers(self.expected("decode_ids.npy"))
        rows = self.logits(ids + more, "--step")
        self.compare(rows[len(ids):], npy.rows(self.expected("decode_logits.npy")))

    def test_has_the_same_bits_in_any_chunks(self):
        ids = npy.integers(self.expected("greedy_bos_ids.npy"))[:150]
        whole = self.logits(ids)
        self.assertEqual(len(whole), len(ids))
        for flags in (["--chunk=1"], ["--chunk=3"], ["--chunk=16"], ["--chunk=100"], ["--step"]):
            with self.subTest(flags=flags):
                self.assertEqual(self.logits(ids, *flags), whole)

    def test_has_the_same_bits_with_any_threads(self):
        ids = npy.integers(self.expected("greedy_bos_ids.npy"))[:100]
        one = self.logits(ids, "--threads=1")
        for flags in (["--threads=2"], ["--threads=3"], ["--threads=2", "--step"]):
            with self.subTest(flags=flags):
                self.assertEqual(self.logits(ids, *flags), one)

    def test_has_the_same_bits_on_every_cpu_level(self):
        ids = npy.integers(self.expected("greedy_bos_ids.npy"))[:80]
        best = self.logits(ids)
        in_file = json.loads(self.succeed(llmc(), "inspect", self.model(), "--json"))["levels"]
        here = json.loads(self.succeed(llmc(), "doctor", "--json"))["levels"]
        both = [level for level in in_file if level in here]
        if len(both) < 2:
            self.skipTest(f"this CPU runs one level of the file only: {', '.join(both)}")
        for level in both:
            with self.subTest(level=level):
                self.assertEqual(self.logits(ids, environment={"LLMC_CPU_LEVEL": level}), best)


class Story(Export):
    """What is true of exports that keep the model's own weights."""

    def test_tells_the_published_story(self):
        for steps in [200, 256]:
            story = (EXPECTED / f"steps-{steps}.txt").read_text()
            told = self.succeed(self.model(), "-n", str(steps), "")
            self.assertEqual(told.decode(), story + "\n")

    def test_continues_a_text(self):
        prompt = "Once upon a time"
        told = self.succeed(self.model(), "-n", "64", prompt).decode()
        story = (EXPECTED / "steps-256.txt").read_text()
        self.assertTrue(told.startswith(prompt), told)
        self.assertTrue(story.startswith(told.rstrip("\n")), told)


class Optimum(Story, support.TestCase):
    name = "stories260K-optimum"

    def test_compiles_and_starts_quickly(self):
        out = self.folder / "model.bin"
        times = {}
        for title, flags in [("without a kernel cache", ["--no-cache"]), ("with it", [])]:
            began = time.monotonic()
            compile_model(DATA / self.name, out, *flags)
            times[title] = time.monotonic() - began
        starts = []
        for _ in range(5):
            began = time.monotonic()
            self.succeed(out, "--ids=1", "-n", "1")
            starts.append(time.monotonic() - began)
        note("compiled in " + ", ".join(f"{seconds:.2f} s {title}"
                                        for title, seconds in times.items()))
        note(f"started and wrote one token in {1000 * min(starts):.0f} ms (best of 5)")

    def test_is_the_same_file_whatever_the_jobs_and_the_cache(self):
        first = compile_model(DATA / self.name, self.folder / "a.bin", "--no-cache", "--jobs=1")
        for flags in (["--no-cache", "--jobs=3"], [], []):
            other = compile_model(DATA / self.name, self.folder / "b.bin", *flags)
            self.assertEqual(first.read_bytes(), other.read_bytes(), flags)

    def test_has_the_same_bits_whatever_the_chunk_it_is_compiled_for(self):
        ids = npy.integers(self.expected("greedy_bos_ids.npy"))[:150]
        whole = self.logits(ids)
        for chunk in [8, 33]:
            with self.subTest(chunk=chunk):
                out = self.folder / "logits.npy"
                self.succeed(llmc(), "logits", compiled(self.name, f"--chunk={chunk}"),
                             listed(ids), f"--out={out}")
                self.assertEqual(npy.rows(out), whole)

    def test_needs_nothing_but_libc(self):
        trace = execute(self.model(), environment={"LD_TRACE_LOADED_OBJECTS": "1"}).stdout
        names = {line.split()[0].rsplit("/", 1)[-1] for line in trace.decode().splitlines()}
        self.assertTrue(names, "no dynamic loader?")
        self.assertLessEqual(names, {"linux-vdso.so.1", "libc.so.6", "libm.so.6",
                                     "ld-linux-x86-64.so.2"})

    def test_runs_alone_in_another_folder(self):
        copy = self.folder / "story"
        copy.write_bytes(self.model().read_bytes())
        copy.chmod(0o755)
        told = execute("/usr/bin/env", "-i", copy, "--ids=1", "-n", "3")
        self.assertEqual((told.returncode, told.stdout), (0, b"1,403,407,261\n"))


class Plain(Story, support.TestCase):
    name = "stories260K-plain"


class GenAi(Story, support.TestCase):
    name = "stories260K-genai"


class Dynamo(Story, support.TestCase):
    name = "stories260K-dynamo"


class DynamoOpset23(Story, support.TestCase):
    name = "stories260K-dynamo23"


class Mobius(Story, support.TestCase):
    """A static cache [B, L, KV * D], which Attention reads by the number of slots that are filled."""

    name = "stories260K-mobius"

    def test_ends_where_its_buffer_ends(self):
        done = self.fail_with(support.USAGE, 102, llmc(), "compile", DATA / self.name,
                              "-o", self.folder / "model.bin", "--max-context=513")
        self.assertIn("--max-context=512", done.stderr.decode())


class Scatter(Story, support.TestCase):
    """A static cache [B, KV, L, D] of any length, seen through a mask made from the positions."""

    name = "stories260K-scatter"


class GenAiInt4(Export, support.TestCase):
    name = "stories260K-genai-int4"


class GenAiF16(support.TestCase):
    """A graph in f16: weights stay f16, the story is that of f32."""

    name = "stories260K-genai-f16"
    characters = None

    def test_tells_the_published_story(self):
        story = (EXPECTED / "steps-200.txt").read_text()[:self.characters]
        told = self.succeed(compiled(self.name), "-n", "200", "").decode()
        self.assertEqual(told[:len(story)], story)

    def test_keeps_its_weights_small(self):
        size = compiled(self.name).stat().st_size
        self.assertLess(size, compiled("stories260K-genai").stat().st_size)


class GenAiBf16(GenAiF16):
    """The same in bf16, whose eight bits choose another token after a while."""

    name = "stories260K-genai-bf16"
    characters = 300


if __name__ == "__main__":
    support.main()
