#!/usr/bin/env python3
"""Values that no flag takes, the nearest one that it does, and errors as JSON."""
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import DATA, ROOT, USAGE, compiled, llmc


class EmptyValues(support.TestCase):
    def test_are_refused(self):
        for words in (["compile", "x", "-o", ""], ["compile", "", "-o", "y"],
                      ["compile", "x", "-o", "y", "--dtype="],
                      ["compile", "--print-pipeline", "--max-memory="],
                      ["compile", "--print-pipeline", "--target="],
                      ["run", "x", "--ids="], ["run", "x", "--stop="], ["run", "x", "--threads="],
                      ["eval", "x", "--text="], ["logits", "x", "--ids=1", "--out="]):
            with self.subTest(words=words):
                done = self.fail_with(USAGE, 102, llmc(), *words)
                self.assertIn(b"is empty", done.stderr)


class Sizes(support.TestCase):
    def test_take_decimal_and_binary_suffixes(self):
        for value in ["64K", "64KiB", "3M", "3MiB", "2G", "2GiB", "1T", "1TiB"]:
            self.succeed(llmc(), "compile", "--print-pipeline", f"--max-memory={value}")
        for value in ["64KB", "3iB", "GiB", "8388608T", "9223372036854775808", "1 G"]:
            with self.subTest(value=value):
                self.fail_with(USAGE, 102, llmc(), "compile", "--print-pipeline",
                               f"--max-memory={value}")


class Targets(support.TestCase):
    def test_are_the_levels_that_doctor_lists(self):
        levels = json.loads(self.succeed(llmc(), "doctor", "--json"))["levels"]
        self.succeed(llmc(), "compile", "--print-pipeline", "--target=" + ",".join(levels))

    def test_that_do_not_exist_are_refused_with_the_nearest(self):
        done = self.fail_with(USAGE, 305, llmc(), "compile", "--print-pipeline",
                              "--target=x86-64-v3,x86_64-v4")
        self.assertIn(b"did you mean x86-64-v4?", done.stderr)


    def test_of_an_architecture_without_code_name_those_that_serve(self):
        for name, fix in (("sm_90", b"did you mean sm_90a? Code for sm_80 runs there too"),
                          ("sm_86", b"give sm_80, which later GPUs run too")):
            with self.subTest(name=name):
                done = self.fail_with(USAGE, 305, llmc(), "compile", "--print-pipeline",
                                      f"--target=cpu,{name}")
                self.assertIn(fix, done.stderr)

    def test_that_are_empty_swallow_nothing(self):
        for value in [",", "cpu,", ",cpu", "cpu,,sm_80"]:
            with self.subTest(value=value):
                done = self.fail_with(USAGE, 102, llmc(), "compile", DATA / "stories260K-plain",
                                      f"--target={value}", "-o", self.folder / "t.bin")
                self.assertIn(b"empty entry", done.stderr)


class Devices(support.TestCase):
    def test_that_the_file_has_no_code_for_are_told_before_the_driver(self):
        for device in ["cuda", "sim", "sim:sm_80"]:
            with self.subTest(device=device):
                done = self.fail_with(support.UNAVAILABLE, 405, compiled("stories260K-optimum"),
                                      "-n", "1", f"--device={device}", "a")
                self.assertIn(b"no kernels for a GPU", done.stderr)
                self.assertNotIn(b"driver", done.stderr)

    def test_simulated_of_no_name_are_refused(self):
        self.fail_with(support.UNAVAILABLE, 405, compiled("stories260K-optimum"), "-n", "1",
                       "--device=sim:", "a")


class Neighbours(support.TestCase):
    def test_that_changed_places_are_one_edit(self):
        done = self.fail_with(USAGE, 104, llmc(), "rnu", "x")
        self.assertIn(b"did you mean run?", done.stderr)
        done = self.fail_with(USAGE, 102, llmc(), "compile", "x", "-o", "y", "--emit=lml")
        self.assertIn(b"did you mean llm?", done.stderr)


class Outputs(support.TestCase):
    def test_that_cannot_be_written_are_refused_before_the_work(self):
        model = DATA / "stories260K-plain"
        nowhere = self.folder / "none"
        for flags in (["-o", nowhere / "m.bin"], ["-o", nowhere / "x.mlir", "--emit=llm"],
                      ["-o", self.folder / "m.bin", f"--dump-stages={nowhere}/deep/stages"]):
            with self.subTest(flags=flags):
                done = self.fail_with(support.CANNOT_CREATE, 704, llmc(), "compile", model, "-v",
                                      *flags)
                self.assertNotIn(b"kernels:", done.stderr)
                self.assertFalse(nowhere.exists(), "a folder was made for a typo")


class Contexts(support.TestCase):
    def test_of_a_configuration_that_cannot_be_are_told_unless_another_is_given(self):
        folder = self.folder / "model"
        shutil.copytree(DATA / "stories260K-optimum", folder)
        config = json.loads((folder / "config.json").read_text())
        for value, what in ((10 ** 15, b"is too large"), (2 ** 32 + 1, b"is too large"),
                            (0, b"is not a positive integer"),
                            ("many", b"is not a positive integer")):
            (folder / "config.json").write_text(
                json.dumps({**config, "max_position_embeddings": value}))
            words = [llmc(), "compile", folder, "-o", self.folder / "x", "--emit=onnx"]
            with self.subTest(value=value):
                done = self.fail_with(support.BAD_DATA, 603, *words)
                self.assertIn(what, done.stderr)
                self.succeed(*words, "--max-context=64")


class Json(support.TestCase):
    def test_holds_the_errors_of_every_verb(self):
        for verb in ["run", "bench", "inspect", "verify", "eval", "infer"]:
            words = ["--text=x"] if verb == "eval" else []
            with self.subTest(verb=verb):
                done = self.fail_with(support.NO_INPUT, 701, llmc(), verb, self.folder / "none",
                                      "--json", *words)
                told = json.loads(done.stdout)["error"]
                self.assertEqual((told["code"], told["exit"]), ("LLMC-E701", support.NO_INPUT))
                self.assertTrue(told["fix"])
        done = self.fail_with(USAGE, 104, llmc(), "rnu", "--json")
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "LLMC-E104")

    def test_holds_a_crash(self):
        job = subprocess.Popen([llmc(), "compile", str(DATA / "stories260K-plain"), "-o",
                                str(self.folder / "out.bin"), "--no-cache", "--json", "--jobs=1",
                                "-v"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        job.stderr.readline()  # The first phase is over.
        job.send_signal(signal.SIGSEGV)
        told, text = job.communicate(timeout=60)
        self.assertEqual(job.returncode, support.INTERNAL, text)
        self.assertEqual(json.loads(told)["error"]["code"], "LLMC-E900")


class Errors(support.TestCase):
    """In the sources: an Error is {code, what, where, why, fix}."""

    def errors_of(self, path):
        text = path.read_text()
        for found in re.finditer(r"(?:Error|return|=) ?\{(?=Code::)", text):
            depth, end = 1, found.end()
            while depth and end < len(text):
                # Braces do not stand in the messages.
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            yield text[:found.start()].count("\n") + 1, text[found.end():end - 1]

    def test_end_with_what_to_try(self):
        bare = []
        for folder in ["runtime", "tools/llmc"]:
            for path in sorted((ROOT / folder).rglob("*.cpp")):
                bare += [f"{path.relative_to(ROOT)}:{line}" for line, body in self.errors_of(path)
                         if re.search(r',\s*(""|\{\})\s*$', body)
                         and "Code::Internal" not in body and "Code::Interrupted" not in body]
        self.assertEqual(bare, [])


if __name__ == "__main__":
    support.main()
