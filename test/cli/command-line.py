#!/usr/bin/env python3
"""Verbs, flags, help, errors and explain: what needs no model."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import USAGE, execute, llmc

RUN_TIME_VERBS = ["run", "chat", "bench", "inspect", "verify", "eval", "logits", "infer", "doctor"]


class Help(support.TestCase):
    def test_begins_with_examples(self):
        for words in ([], ["compile"], *([verb] for verb in RUN_TIME_VERBS), ["explain"]):
            with self.subTest(verb=words):
                text = self.succeed(llmc(), *words, "--help").decode()
                self.assertIn("Examples:\n  llmc ", text)
                usage = text.find("Verbs:\n" if not words else "Usage:")
                self.assertLess(text.find("Examples:"), usage)

    def test_of_a_verb_is_the_same_by_either_spelling(self):
        for verb in ["compile", "explain", "run"]:
            self.assertEqual(self.succeed(llmc(), "help", verb),
                             self.succeed(llmc(), verb, "--help"))

    def test_lists_every_verb(self):
        text = self.succeed(llmc(), "help").decode()
        for verb in ["compile", "explain", "help", *RUN_TIME_VERBS]:
            self.assertRegex(text, rf"\n  {verb} +\w")

    def test_without_a_verb_goes_to_stderr_as_a_usage_error(self):
        done = execute(llmc())
        self.assertEqual((done.returncode, done.stdout), (USAGE, b""))
        self.assertIn(b"Examples:", done.stderr)


class Version(support.TestCase):
    def test_is_one_line(self):
        self.assertRegex(self.succeed(llmc(), "--version"), rb"\Allmc \d+\.\d+\.\d+\n\Z")


class Verbs(support.TestCase):
    def test_that_do_not_exist_are_refused_with_the_nearest(self):
        done = self.fail_with(USAGE, 104, llmc(), "complie", "model.onnx")
        self.assertIn(b"did you mean compile?", done.stderr)
        self.assertEqual(done.stdout, b"")
        done = self.fail_with(USAGE, 104, llmc(), "inspet", "model.bin")
        self.assertIn(b"did you mean inspect?", done.stderr)

    def test_far_from_any_are_refused_without_a_guess(self):
        done = self.fail_with(USAGE, 104, llmc(), "quux")
        self.assertNotIn(b"did you mean", done.stderr)


class Flags(support.TestCase):
    def test_that_do_not_exist_are_refused_with_the_nearest(self):
        for verb, wrong, right in [("compile", "--max-contxt=5", "--max-context"),
                                   ("compile", "--mlir-print-ir-after-al",
                                    "--mlir-print-ir-after-all"),
                                   ("run", "--temprature=1", "--temperature"),
                                   ("explain", "--jsn", "--json")]:
            with self.subTest(flag=wrong):
                done = self.fail_with(USAGE, 101, llmc(), verb, "x", "-o", "y", wrong) \
                    if verb == "compile" else self.fail_with(USAGE, 101, llmc(), verb, wrong)
                self.assertIn(f"did you mean {right}?".encode(), done.stderr)

    def test_take_sizes_with_suffixes_and_refuse_others(self):
        base = [llmc(), "compile", "--print-pipeline"]
        for value in ["1", "32k", "4M", "2G"]:
            self.succeed(*base, f"--max-memory={value}")
        for value in ["k", "2X", "-1", "0", "1.5G", "99999999999G", "0x10"]:
            with self.subTest(value=value):
                self.fail_with(USAGE, 102, *base, f"--max-memory={value}")

    def test_out_of_range_name_the_range(self):
        for value in ["0", "16777217"]:
            done = self.fail_with(USAGE, 102, llmc(), "compile", "--print-pipeline",
                                  f"--max-context={value}")
            self.assertIn(b"a number from 1 to 16777216", done.stderr)

    def test_with_values_out_of_a_list_name_the_list(self):
        done = self.fail_with(USAGE, 102, llmc(), "compile", "x", "-o", "y", "--dtype=f46")
        self.assertIn(b"f32, f16, bf16", done.stderr)
        self.assertIn(b"did you mean f16?", done.stderr)
        done = self.fail_with(USAGE, 102, llmc(), "compile", "x", "-o", "y",
                              "--kv-cache-dtype=int4")
        self.assertIn(b"f32, bf16, f16, int8", done.stderr)
        self.assertIn(b"did you mean int8?", done.stderr)

    def test_cut_the_cache_between_pages_only(self):
        base = [llmc(), "compile", "--print-pipeline"]
        self.succeed(*base, "--attention-split=128")
        for value in ["0", "1", "100", "16448", "9223372036854775807"]:
            with self.subTest(value=value):
                done = self.fail_with(USAGE, 102, *base, f"--attention-split={value}")
                self.assertIn(b"give a multiple of 64 up to 16384", done.stderr)

    def test_out_of_range_are_refused(self):
        base = [llmc(), "compile", "--print-pipeline"]
        for flag in ["--jobs=0", "--jobs=1025", "--jobs=99999999999", "--chunk=1048577",
                     "--chunk=99999999999999", "--chunk=0"]:
            with self.subTest(flag):
                done = self.fail_with(USAGE, 102, *base, flag)
                self.assertIn(b"out of range", done.stderr)
        self.succeed(*base, "--jobs=1024", "--chunk=1048576")

    def test_that_lack_a_value_are_refused(self):
        self.fail_with(USAGE, 103, llmc(), "compile", "x", "-o")

    def test_stand_above_the_environment(self):
        base = [llmc(), "compile", "--print-pipeline"]
        variables = {"LLMC_MAX_CONTEXT": "many"}
        self.fail_with(USAGE, 102, *base, environment=variables)
        self.succeed(*base, "--max-context=64", environment=variables)

    def test_of_the_environment_are_named_by_their_variables(self):
        for name, value in (("DTYPE", "foo"), ("JOBS", "0"), ("TARGET", "abc")):
            base = [llmc(), "compile", "--print-pipeline"]
            variables = {f"LLMC_{name}": value}
            told = support.execute(*base, environment=variables).stderr.decode()
            self.assertIn(f"at:  LLMC_{name}\n", told)
            flag = "--" + name.lower()
            told = support.execute(*base, f"{flag}={value}", environment=variables).stderr.decode()
            self.assertIn(f"at:  {flag}\n", told)


class Compile(support.TestCase):
    def test_needs_a_model_and_an_output(self):
        self.fail_with(USAGE, 103, llmc(), "compile", "-o", "y")
        done = self.fail_with(USAGE, 103, llmc(), "compile", "model.onnx")
        self.assertIn(b"-o model.bin", done.stderr)

    def test_takes_one_model(self):
        self.fail_with(USAGE, 101, llmc(), "compile", "a.onnx", "b.onnx", "-o", "y")

    def test_does_not_write_a_program_to_stdout(self):
        self.fail_with(USAGE, 102, llmc(), "compile", "a.onnx", "-o", "-")

    def test_lists_its_passes(self):
        text = self.succeed(llmc(), "compile", "--print-pipeline").decode()
        decoder, graph = (part.split() for part in text.split("\n\n"))
        self.assertGreater(len(decoder), 5)
        listed = json.loads(self.succeed(llmc(), "compile", "--print-pipeline", "--json"))
        self.assertEqual((listed["version"], listed["passes"], listed["graphPasses"]),
                         (1, decoder, graph))

    def test_refuses_what_mlir_cannot_parse(self):
        self.fail_with(USAGE, 102, llmc(), "compile", "x", "-o", "y",
                       "--mlir-print-ir-after=no-such-pass")


class Explain(support.TestCase):
    def test_takes_every_spelling_of_a_code(self):
        long = self.succeed(llmc(), "explain", "LLMC-E201")
        self.assertIn(b"LLMC-E201", long)
        self.assertIn(b"exit code 65", long)
        for spelling in ["E201", "201", "llmc-e201"]:
            self.assertEqual(self.succeed(llmc(), "explain", spelling), long)

    def test_has_a_text_for_every_code(self):
        listed = json.loads(self.succeed(llmc(), "explain", "--json"))
        self.assertEqual(listed["version"], 1)
        self.assertGreater(len(listed["errors"]), 30)
        for row in listed["errors"]:
            self.assertGreater(len(row["explanation"]), 20, row["code"])
            self.assertTrue(1 <= row["exit"] <= 125 or row["exit"] == 130, row)
        names = [row["code"] for row in listed["errors"]]
        self.assertEqual(names, sorted(names))

    def test_refuses_an_unknown_code(self):
        self.fail_with(USAGE, 102, llmc(), "explain", "LLMC-E999")


class Json(support.TestCase):
    def test_holds_the_error_that_stderr_tells(self):
        missing = self.folder / "none.onnx"
        done = self.fail_with(support.NO_INPUT, 701, llmc(), "compile", missing, "-o",
                              self.folder / "out.bin", "--json")
        told = json.loads(done.stdout)
        self.assertEqual(told["version"], 1)
        self.assertEqual(told["error"]["code"], "LLMC-E701")
        self.assertEqual(told["error"]["exit"], support.NO_INPUT)
        for key in ["title", "what", "where", "why", "fix"]:
            self.assertIsInstance(told["error"][key], str)

    def test_of_a_bad_command_line_is_json_too(self):
        done = self.fail_with(USAGE, 101, llmc(), "compile", "--json", "--foo")
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "LLMC-E101")


if __name__ == "__main__":
    support.main()
