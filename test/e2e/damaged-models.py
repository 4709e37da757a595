#!/usr/bin/env python3
"""Models that cannot be compiled: told in the right words and code, and no file is left."""
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnxfile
import support
from onnxfile import external, floats, message, node, value
from support import (BAD_DATA, CANNOT_CREATE, DATA, INTERRUPTED, IO_ERROR, NO_INPUT,
                     NO_PERMISSION, UNAVAILABLE, USAGE, execute, llmc)

OPTIMUM = DATA / "stories260K-optimum"
GENAI = DATA / "stories260K-genai"
AS_ROOT = "root may read and write everything"


class CompileError(support.TestCase):
    """Tests of compiles that fail: their output folder is empty afterwards."""

    def setUp(self):
        super().setUp()
        self.outputs = self.folder / "outputs"
        self.outputs.mkdir()
        self.output = self.outputs / "model.bin"

    def refuse(self, exit_code, code, model, *flags, **options):
        """The text on stderr."""
        done = self.fail_with(exit_code, code, llmc(), "compile", model, "-o", self.output, *flags,
                              **options)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(os.listdir(self.outputs), [], "something was left behind")
        return done.stderr.decode()

    def file(self, data, name="model.onnx"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def write(self, model, name="model.onnx"):
        path = self.folder / name
        onnxfile.write(path, model)
        return path


class Bytes(CompileError):
    def test_that_are_random_are_no_model(self):
        generator = random.Random(1)
        for size in [1, 10, 1000, 100000]:
            with self.subTest(size=size):
                self.refuse(BAD_DATA, 201, self.file(generator.randbytes(size)))

    def test_that_are_none_are_no_model(self):
        self.refuse(BAD_DATA, 201, self.file(b""))

    def test_of_a_git_lfs_pointer_are_called_that(self):
        pointer = (b"version https://git-lfs.github.com/spec/v1\n"
                   b"oid sha256:" + b"0" * 64 + b"\nsize 1385289\n")
        self.assertIn("LFS", self.refuse(BAD_DATA, 201, self.file(pointer)))

    def test_that_are_cut_short_are_refused(self):
        data = (OPTIMUM / "model.onnx").read_bytes()
        for size in [1, 7, 100, 4096, len(data) // 3, len(data) // 2, len(data) - 1]:
            with self.subTest(size=size):
                done = execute(llmc(), "compile", self.file(data[:size]), "-o", self.output)
                self.assertEqual(done.returncode, BAD_DATA, done.stderr)
                self.assertRegex(done.stderr, rb"\[LLMC-E20[129]\]")
                self.assertEqual(os.listdir(self.outputs), [])

    def test_that_were_altered_never_crash_the_compiler(self):
        data = (OPTIMUM / "model.onnx").read_bytes()
        generator = random.Random(2)
        # Where the structure is: weights may hold any bytes.
        last = data.rindex(b"MatMul")
        for i in range(40):
            altered = bytearray(data)
            at = generator.randrange(min(last, len(data)))
            altered[at] ^= 1 << generator.randrange(8)
            model = self.file(altered)
            done = execute(llmc(), "compile", model, "-o", self.output, "--emit=onnx")
            with self.subTest(at=at):
                self.assertIn(done.returncode, [0, BAD_DATA, NO_INPUT], done.stderr[-500:])


class ExternalData(CompileError):
    def model_with(self, location, offset=0, length=64):
        tensor = external("w", [4, 4], location, offset, length)
        return self.write(onnxfile.model(
            [node("MatMul", ["x", "w"], ["y"])], [value("x", 1, ["n", 4])],
            [value("y", 1, ["n", 4])], [tensor]))

    def test_that_is_missing_is_named(self):
        folder = self.folder / "genai"
        shutil.copytree(GENAI, folder, ignore=shutil.ignore_patterns("*.data", "expected"))
        self.assertIn("model.onnx.data", self.refuse(NO_INPUT, 203, folder))

    def test_that_is_short_is_refused(self):
        folder = self.folder / "genai"
        shutil.copytree(GENAI, folder, ignore=shutil.ignore_patterns("expected"))
        data = folder / "model.onnx.data"
        os.truncate(data, data.stat().st_size // 2)
        self.refuse(BAD_DATA, 204, folder)

    def test_with_places_beyond_any_file_is_refused(self):
        self.file(bytes(64), "data")
        self.refuse(BAD_DATA, 204, self.model_with("data", offset=1))
        for offset in [2 ** 63 - 1, 2 ** 64 - 1]:
            with self.subTest(offset=offset):
                done = execute(llmc(), "compile", self.model_with("data", offset=offset), "-o",
                               self.output)
                self.assertEqual(done.returncode, BAD_DATA, done.stderr)

    def test_outside_the_folder_is_refused(self):
        inner = self.folder / "inner"
        inner.mkdir()
        self.file(bytes(64), "secret")
        (inner / "link").symlink_to(self.folder / "secret")
        os.mkfifo(inner / "pipe")
        (inner / "sub").mkdir()
        for location in ["../secret", str(self.folder / "secret"), "link", "sub/../../secret",
                         "pipe", "sub"]:
            with self.subTest(location=location):
                model = self.model_with(location).rename(inner / "model.onnx")
                self.refuse(BAD_DATA, 205, model, timeout=20)


class Operators(CompileError):
    def test_that_are_unknown_are_all_named_at_once(self):
        graph = [node("NoSuchThing", ["x"], ["a"], name="first one"),
                 node("Relu", ["a"], ["b"]),
                 node("AlsoNone", ["b"], ["y"], name="second one", domain="com.example")]
        model = self.write(onnxfile.model(graph, [value("x", 1, ["n", 4])],
                                          [value("y", 1, ["n", 4])],
                                          domains=[("com.example", 1)]))
        text = self.refuse(BAD_DATA, 206, model)
        for word in ["NoSuchThing", "first one", "AlsoNone", "com.example", "second one"]:
            self.assertIn(word, text)

    def test_with_shapes_that_do_not_fit_are_refused(self):
        weight = floats("w", [3, 2], [0.0] * 6)
        model = self.write(onnxfile.model([node("MatMul", ["x", "w"], ["y"])],
                                          [value("x", 1, ["n", 4])], [value("y", 1, ["n", 2])],
                                          [weight]))
        self.refuse(BAD_DATA, 208, model)

    def test_that_read_what_nothing_makes_are_refused(self):
        model = self.write(onnxfile.model([node("Relu", ["nothing"], ["y"])],
                                          [value("x", 1, ["n", 4])], [value("y", 1, ["n", 4])]))
        self.assertIn("nothing", self.refuse(BAD_DATA, 202, model))

    def test_in_a_circle_are_refused(self):
        graph = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
        model = self.write(onnxfile.model(graph, [value("x", 1, ["n", 4])],
                                          [value("b", 1, ["n", 4])]))
        self.refuse(BAD_DATA, 202, model)


class Inputs(CompileError):
    def test_that_are_not_there_are_named(self):
        missing = self.folder / "none.onnx"
        self.assertIn("none.onnx", self.refuse(NO_INPUT, 701, missing))

    def test_that_are_folders_without_a_model_are_refused(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.refuse(NO_INPUT, 210, empty)

    def test_that_are_folders_with_several_models_are_refused(self):
        folder = self.folder / "two"
        folder.mkdir()
        for name in ["a.onnx", "b.onnx"]:
            shutil.copy(OPTIMUM / "model.onnx", folder / name)
        text = self.refuse(NO_INPUT, 210, folder)
        self.assertIn("a.onnx", text)

    @unittest.skipIf(os.geteuid() == 0, AS_ROOT)
    def test_that_may_not_be_read_are_refused(self):
        model = self.file(b"x")
        model.chmod(0)
        self.refuse(NO_PERMISSION, 705, model)

    def test_with_a_broken_tokenizer_compile_where_none_is_needed(self):
        folder = self.folder / "graph"
        folder.mkdir()
        shutil.copy(DATA / "onnx-node/test_add_int16/model.onnx", folder)
        (folder / "tokenizer.json").write_text('{"model": ')
        done = execute(llmc(), "compile", folder, "-o", self.folder / "graph.bin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"tokenizer.json cannot be used", done.stderr)
        inputs = DATA / "onnx-node/test_add_int16/test_data_set_0"
        self.succeed(self.folder / "graph.bin", "infer", inputs / "input_0.pb",
                     inputs / "input_1.pb", "--expect", inputs / "output_0.pb")

    def test_compile_beside_a_list_that_is_no_vocabulary(self):
        folder = self.folder / "model"
        folder.mkdir()
        shutil.copy(OPTIMUM / "model.onnx", folder)
        (folder / "vocab.txt").write_text("one\none\n")
        done = execute(llmc(), "compile", folder, "-o", self.folder / "model.bin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"no tokenizer beside the model can be read (vocab.txt", done.stderr)
        # With a configuration beside it, it is the model's.
        (folder / "tokenizer_config.json").write_text("{}")
        self.assertIn("vocab.txt", self.refuse(BAD_DATA, 601, folder))

    def test_with_a_broken_tokenizer_are_refused(self):
        folder = self.folder / "model"
        shutil.copytree(OPTIMUM, folder, ignore=shutil.ignore_patterns("expected"))
        (folder / "tokenizer.json").write_text('{"model": ')
        self.assertIn("tokenizer.json", self.refuse(BAD_DATA, 601, folder))

    def test_with_a_broken_configuration_are_refused(self):
        folder = self.folder / "model"
        shutil.copytree(OPTIMUM, folder, ignore=shutil.ignore_patterns("expected"))
        (folder / "generation_config.json").write_text('{"eos_token_id": "two"}')
        self.assertIn("generation_config.json", self.refuse(BAD_DATA, 603, folder))
        shutil.copy(OPTIMUM / "generation_config.json", folder)
        for name in ["config.json", "genai_config.json", "generation_config.json"]:
            kept = (folder / name).read_text() if (folder / name).exists() else "{}"
            (folder / name).write_text("[]")
            self.assertIn(f"{name}", self.refuse(BAD_DATA, 603, folder))
            (folder / name).write_text(kept)
        # Without a tokenizer too, which reads it for ids.
        for name in ["tokenizer.json", "tokenizer_config.json"]:
            (folder / name).unlink()
        (folder / "config.json").write_text("[]")
        self.assertIn("no JSON object", self.refuse(BAD_DATA, 603, folder))


class Requests(CompileError):
    def test_for_unknown_targets_are_refused_with_a_list(self):
        self.assertIn("x86-64-v3", self.refuse(USAGE, 305, OPTIMUM, "--target=z80"))

    def test_with_weights_beyond_f16_are_refused_for_it(self):
        folder = self.folder / "model"
        shutil.copytree(OPTIMUM, folder)
        data = bytearray((OPTIMUM / "model.onnx").read_bytes())
        # Somewhere in the raw floats of a linear.
        place = next(at for at in range(len(data) // 2, len(data))
                     if all(1e-6 < abs(x) < 10 for x in struct.unpack_from("<64f", data, at)))
        struct.pack_into("<f", data, place, 70000)
        (folder / "model.onnx").write_bytes(data)
        self.assertIn("--dtype=bf16", self.refuse(BAD_DATA, 307, folder, "--dtype=f16"))
        self.succeed(llmc(), "compile", folder, "--dtype=bf16", "-o", self.output)

    def test_for_too_little_memory_say_how_much_is_needed(self):
        text = self.refuse(UNAVAILABLE, 306, OPTIMUM, "--max-memory=1k")
        self.assertRegex(text, r"\d")


class Outputs(CompileError):
    def test_on_a_full_disk_leave_nothing(self):
        self.refuse(IO_ERROR, 703, OPTIMUM,
                    before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000)))

    def test_that_fail_leave_an_older_file_alone(self):
        self.output.write_bytes(b"older")
        done = execute(llmc(), "compile", self.file(b"no model"), "-o", self.output)
        self.assertEqual(done.returncode, BAD_DATA)
        self.assertEqual(self.output.read_bytes(), b"older")
        self.assertEqual(os.listdir(self.outputs), ["model.bin"])

    def test_in_a_folder_that_is_not_there_are_refused(self):
        self.output = self.outputs / "none/model.bin"
        self.refuse(CANNOT_CREATE, 704, OPTIMUM)

    def test_of_a_graph_without_outputs_are_not_made(self):
        self.refuse(BAD_DATA, 202, self.write(onnxfile.model(
            [node("Relu", ["x"], ["y"])], [value("x", 1, [1])], [])))

    def test_do_not_replace_what_the_model_is_read_from(self):
        folder = self.folder / "model"
        shutil.copytree(OPTIMUM, folder)
        for name in ["model.onnx", "config.json", "generation_config.json", "tokenizer.json"]:
            with self.subTest(name=name):
                before = (folder / name).read_bytes()
                self.fail_with(CANNOT_CREATE, 704, llmc(), "compile", folder, "-o", folder / name)
                self.fail_with(CANNOT_CREATE, 704, llmc(), "compile", folder, "--emit=llm",
                               "-o", folder / name)
                self.assertEqual((folder / name).read_bytes(), before)

    def test_that_are_folders_are_refused(self):
        folder = self.outputs / "model.bin"
        folder.mkdir()
        done = execute(llmc(), "compile", OPTIMUM, "-o", folder)
        self.assertIn(done.returncode, [CANNOT_CREATE, IO_ERROR], done.stderr)
        self.assertEqual(os.listdir(self.outputs), ["model.bin"])

    @unittest.skipIf(os.geteuid() == 0, AS_ROOT)
    def test_in_a_folder_of_others_are_refused(self):
        self.outputs.chmod(0o555)
        self.refuse(NO_PERMISSION, 705, OPTIMUM)

    def test_to_a_full_stdout_are_errors(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([llmc(), "compile", str(OPTIMUM), "--emit=onnx"], stdout=full,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, IO_ERROR, done.stderr)
        self.assertIn(b"[LLMC-E703]", done.stderr)


class Interruption(CompileError):
    @staticmethod
    def alive(session):
        """The processes of a session that have not ended."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, _, _, other = (folder / "stat").read_text().rsplit(")")[-1].split()[:4]
            except OSError:
                continue
            if other == str(session) and state != "Z":
                found.append(int(folder.name))
        return found

    def test_ends_with_130_and_leaves_nothing(self):
        for delay in [0, 0.1, 0.4, 0.8]:
            with self.subTest(delay=delay):
                job = subprocess.Popen([llmc(), "compile", str(OPTIMUM), "-o", str(self.output),
                                        "--no-cache", "--jobs=2", "-v"], stderr=subprocess.PIPE,
                                       start_new_session=True, preexec_fn=lambda:
                                       signal.signal(signal.SIGINT, signal.SIG_DFL))
                job.stderr.readline()  # The first phase is over.
                time.sleep(delay)
                job.send_signal(signal.SIGINT)
                _, text = job.communicate(timeout=30)
                if job.returncode != 0:  # It may have been quicker.
                    self.assertEqual(job.returncode, INTERRUPTED, text)
                    self.assertEqual(os.listdir(self.outputs), [])
                else:
                    self.output.unlink()
                # Workers end with the kernel that each is at.
                until = time.monotonic() + 20
                while self.alive(job.pid) and time.monotonic() < until:
                    time.sleep(0.05)
                self.assertEqual(self.alive(job.pid), [])


if __name__ == "__main__":
    support.main()
