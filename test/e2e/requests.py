#!/usr/bin/env python3
"""What users ask of a model.bin, within its bounds and beyond them."""
import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import BAD_DATA, DATA, NO_INPUT, UNAVAILABLE, USAGE, compiled, execute, llmc

MODEL = "stories260K-optimum"


class Prompt(support.TestCase):
    def test_beyond_the_context_is_refused(self):
        many = "--ids=" + ",".join(["403"] * 40)
        self.fail_with(BAD_DATA, 501, compiled(MODEL), many, "--context=32")
        self.fail_with(BAD_DATA, 501, compiled(MODEL), "word " * 2000)

    def test_without_end_is_refused_without_reading_it(self):
        command = f"yes 'a word or two' | {compiled(MODEL)} -n 1 -"
        done = execute("sh", "-c", command, timeout=20)
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        self.assertIn(b"LLMC-E501", done.stderr)

    def test_that_fills_the_context_ends_there(self):
        told = self.succeed(compiled(MODEL), "--ids=1,403,407", "-n", "0", "--context=32", "--json")
        said = json.loads(told)
        self.assertLessEqual(len(said["promptTokens"]) + len(said["tokens"]), 33)

    def test_with_ids_out_of_the_vocabulary_is_refused(self):
        for ids in ["512", "-1", "1,99999999"]:
            with self.subTest(ids=ids):
                self.fail_with(BAD_DATA, 502, compiled(MODEL), f"--ids={ids}")

    def test_with_ids_that_are_no_numbers_is_refused(self):
        self.fail_with(USAGE, 102, compiled(MODEL), "--ids=one,two")

    def test_is_empty_where_stdin_is_closed(self):
        told = self.succeed(compiled(MODEL), "-n", "8", before=lambda: os.close(0))
        self.assertEqual(told, self.succeed(compiled(MODEL), "-n", "8", ""))

    def test_comes_from_stdin_where_a_dash_is_given(self):
        direct = self.succeed(compiled(MODEL), "-n", "8", "Once upon a time")
        self.assertEqual(self.succeed(compiled(MODEL), "-n", "8", "-", stdin=b"Once upon a time\n"),
                         direct)

    def test_of_any_bytes_is_taken_or_refused(self):
        for data in [b"\xff\xfe", b"a\0b", "\U0001F600 \u00e9".encode(), b" " * 300]:
            with self.subTest(data=data):
                done = execute(compiled(MODEL), "-n", "2", "-", stdin=data)
                self.assertIn(done.returncode, [0, BAD_DATA], done.stderr)


class Compile(support.TestCase):
    def notes(self, name, *flags, change=lambda folder: None):
        folder = self.folder / "model"
        shutil.copytree(DATA / name, folder, ignore=shutil.ignore_patterns("expected"))
        change(folder)
        done = execute(llmc(), "compile", folder, "-o", self.folder / "model.bin",
                       "--target=x86-64-v3", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.decode()

    def test_notes_tokens_beyond_the_table_which_a_prompt_may_not_have(self):
        def add_token(folder):
            file = folder / "tokenizer.json"
            tokenizer = json.loads(file.read_text())
            tokenizer["added_tokens"].append({
                "id": 515, "content": "<|far|>", "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": False})
            file.write_text(json.dumps(tokenizer))

        self.assertIn("the tokenizer has 1 tokens beyond the 512 of the model, from 515 "
                      "(`<|far|>`) on", self.notes(MODEL, change=add_token))
        done = self.fail_with(BAD_DATA, 502, self.folder / "model.bin", "-n", "1", "a <|far|> b")
        self.assertIn("515", done.stderr.decode())

    def test_says_that_weights_in_4_bits_stay_so(self):
        self.assertRegex(self.notes("stories260K-genai-int4", "--quantize=w8"),
                         r"\d+ of \d+ weights of linears are quantized in the model \(w4g\d+\w*\) "
                         "and stay as they are; --quantize=w8")
        shutil.rmtree(self.folder / "model")
        self.assertNotIn("quantized in the model", self.notes(MODEL, "--quantize=w8"))


class Answer(support.TestCase):
    def test_is_all_that_stdout_gets(self):
        done = execute(compiled(MODEL), "-n", "5", "Once upon a time")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith(b"Once upon a time"))
        self.assertEqual(done.stderr, b"", "nothing is told off a terminal")

    def test_in_json_has_a_version(self):
        for words in (["run", compiled(MODEL), "--ids=1", "-n", "2", "--json"],
                      ["inspect", compiled(MODEL), "--json"],
                      ["verify", compiled(MODEL), "--json"],
                      ["doctor", "--json"]):
            with self.subTest(verb=words[0]):
                self.assertEqual(json.loads(self.succeed(llmc(), *words))["version"], 1)

    def test_is_the_same_through_llmc_and_through_the_file(self):
        words = ["--ids=1,403", "-n", "9"]
        self.assertEqual(self.succeed(llmc(), "run", compiled(MODEL), *words),
                         self.succeed(compiled(MODEL), "run", *words))

    def test_that_is_sampled_depends_on_the_seed_alone(self):
        words = [compiled(MODEL), "--ids=1", "-n", "40", "--temperature=1.2"]
        one = self.succeed(*words, "--seed=7", "--threads=1")
        self.assertEqual(self.succeed(*words, "--seed=7", "--threads=2"), one)
        self.assertNotEqual(self.succeed(*words, "--seed=8"), one)


class Sampling(support.TestCase):
    """What generation_config.json says holds until a flag says otherwise."""

    def setUp(self):
        super().setUp()
        folder = self.folder / "model"
        shutil.copytree(DATA / MODEL, folder, ignore=shutil.ignore_patterns("expected"))
        (folder / "generation_config.json").write_text(json.dumps(
            {"bos_token_id": 1, "eos_token_id": 2, "do_sample": True, "temperature": 0.9,
             "top_k": 40, "top_p": 0.95, "num_beams": 3}))
        done = execute(llmc(), "compile", folder, "-o", self.folder / "model.bin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"num_beams", done.stderr)
        self.assertIn(b"generation_config.json (generation)", done.stderr)

    def test_is_as_the_model_asks(self):
        words = ["--ids=1", "-n", "40", "--seed=3"]
        told = self.succeed(self.folder / "model.bin", *words)
        flags = ["--temperature=0.9", "--top-k=40", "--top-p=0.95"]
        self.assertEqual(told, self.succeed(compiled(MODEL), *words, *flags))
        self.assertNotEqual(told, self.succeed(compiled(MODEL), *words))

    def test_is_as_the_flags_ask(self):
        words = ["--ids=1", "-n", "40"]
        self.assertEqual(self.succeed(self.folder / "model.bin", *words, "--temperature=0"),
                         self.succeed(compiled(MODEL), *words))

    def test_is_told_by_inspect(self):
        self.assertIn(b"sampling, temperature 0.90, top-k 40, top-p 0.95",
                      self.succeed(llmc(), "inspect", self.folder / "model.bin"))


class Batch(support.TestCase):
    PROMPTS = ["Once upon a time", "Lily", "", "One day a boy named Tom went to the park and saw",
               "The"]

    def test_of_prompts_gives_each_text_as_if_it_were_alone(self):
        file = self.folder / "prompts.txt"
        file.write_text("".join(line + "\n" for line in self.PROMPTS))
        for flags in (["-n", "30"], ["-n", "30", "--temperature=1.1", "--seed=4"]):
            model = compiled(MODEL)
            alone = b"".join(self.succeed(model, "run", *flags, prompt)
                             for prompt in self.PROMPTS)
            for batch in ["1", "3", "5"]:
                with self.subTest(flags=flags, batch=batch):
                    self.assertEqual(self.succeed(model, "run", *flags, "-b", batch,
                                                  f"--prompts={file}"), alone)

    def test_of_ids_gives_logits_with_the_bits_of_each_alone(self):
        ids = ["1,403,407", "1", "1," + ",".join(["403", "261", "378"] * 60)]
        out = self.folder / "x.npy"
        bytes_cached = compiled(MODEL, "--kv-cache-dtype=int8")
        for model, flags in ((compiled(MODEL), []), (compiled(MODEL), ["--step"]),
                             (compiled(MODEL), ["--last"]), (bytes_cached, []),
                             (bytes_cached, ["--step"])):
            alone = b""
            for one in ids:
                self.succeed(model, "logits", f"--ids={one}", "-o", out, *flags)
                alone += out.read_bytes()[128:]
            self.succeed(model, "logits", *(f"--ids={one}" for one in ids), "-b", "3",
                         "-o", out, *flags)
            self.assertEqual(out.read_bytes()[128:], alone, flags)


class Files(support.TestCase):
    def test_that_are_no_files_are_bad_input(self):
        os.mkfifo(self.folder / "fifo")
        (self.folder / "folder").mkdir()
        (self.folder / "folder/tokenizer.json").mkdir()
        for name in ["fifo", "folder", "/dev/zero"]:
            for verb in ["run", "inspect", "verify", "infer"]:
                with self.subTest(name=name, verb=verb):
                    self.fail_with(NO_INPUT, 706, llmc(), verb, self.folder / name, timeout=20)
        for name in ["fifo", "/dev/zero"]:
            with self.subTest(name=name):
                self.fail_with(NO_INPUT, 706, llmc(), "compile", self.folder / name, "-o",
                               self.folder / "out.bin", timeout=20)

    def test_that_are_not_there_are_named(self):
        for verb in ["run", "bench", "inspect", "verify"]:
            done = self.fail_with(NO_INPUT, 701, llmc(), verb, self.folder / "none.bin")
            self.assertIn(b"none.bin", done.stderr)


class Device(support.TestCase):
    def test_that_is_not_there_is_refused(self):
        self.fail_with(UNAVAILABLE, 405, compiled(MODEL), "--ids=1", "--device=cuda")


class Types(support.TestCase):
    """Weights in fewer bits say nearly the same."""

    def first_words(self, *flags):
        return self.succeed(compiled(MODEL, *flags), "--ids=1", "-n", "12").decode()

    def test_of_fewer_bits_begin_the_same_story(self):
        exact = self.first_words()
        for flags in (["--dtype=bf16"], ["--dtype=f16"], ["--quantize=w8"]):
            with self.subTest(flags=flags):
                self.assertEqual(self.first_words(*flags), exact)

    def test_of_fewer_bits_give_smaller_files(self):
        size = lambda *flags: compiled(MODEL, *flags).stat().st_size
        self.assertLess(size("--dtype=bf16"), size())
        self.assertLess(size("--quantize=w8"), size("--dtype=bf16"))
        self.assertLess(size("--quantize=w4g32"), size("--quantize=w8"))

    def test_of_16_bits_keep_a_cache_of_half_the_bytes(self):
        told = [json.loads(self.succeed(llmc(), "inspect", compiled(MODEL, *flags), "--json"))
                ["modules"][0] for flags in ([], ["--dtype=bf16"], ["--dtype=f16"])]
        self.assertEqual([module["cacheType"] for module in told], ["f32", "bf16", "f16"])
        full, half, other = (module["cacheBytesPerToken"] for module in told)
        self.assertEqual((half * 2, other * 2), (full, full))

    def test_of_integers_in_the_model_keep_a_cache_of_f32_unless_told(self):
        told = [json.loads(self.succeed(llmc(), "inspect",
                                        compiled("stories260K-genai-int4", *flags), "--json"))
                ["modules"][0]["cacheType"] for flags in ([], ["--dtype=bf16"], ["--dtype=f16"])]
        self.assertEqual(told, ["f32", "bf16", "f16"])

    def test_of_the_cache_can_be_chosen(self):
        flags = {name: [f"--kv-cache-dtype={name}"] for name in ("f32", "bf16", "int8")}
        told = {name: json.loads(self.succeed(llmc(), "inspect", compiled(MODEL, *flag),
                                              "--json"))["modules"][0]
                for name, flag in flags.items()}
        self.assertEqual([told[name]["cacheType"] for name in flags], list(flags))
        # Keys and values of 5 layers, 4 heads of 8 (values in 16 lanes), two scales.
        self.assertEqual([told[name]["cacheBytesPerToken"] for name in flags],
                         [5 * 4 * 24 * 4, 5 * 4 * 24 * 2, 5 * 4 * (24 + 8)])
        self.assertIn(b"heads of 8, int8, 640 B per token",
                      self.succeed(llmc(), "inspect", compiled(MODEL, *flags["int8"])))
        exact = self.first_words()
        for flag in flags.values():
            self.assertEqual(self.first_words(*flag), exact)
        mixed = compiled(MODEL, "--dtype=bf16", *flags["int8"])
        self.assertEqual(self.succeed(mixed, "--ids=1", "-n", "12").decode(), exact)

    def test_of_8_bits_are_no_more_surprised_by_what_the_model_says(self):
        said = b"".join(
            self.succeed(compiled(MODEL), "-n", "230", "--temperature=1", f"--seed={seed}", "")
            for seed in range(1, 11))
        text = self.folder / "said.txt"
        text.write_bytes(said)

        def perplexity(*flags):
            told = self.succeed(compiled(MODEL, *flags), "eval", f"--text={text}", "--json")
            return json.loads(told)["perplexity"]

        exact = perplexity()
        self.assertLess(perplexity("--quantize=w8") / exact, 1.005)
        for dtype in ("bf16", "f16"):
            self.assertLess(perplexity("--quantize=w8", f"--dtype={dtype}") / exact, 1.005)
        self.assertLess(perplexity("--quantize=w8g32") / exact, 1.005)
        self.assertLess(perplexity("--quantize=w8a8") / exact, 1.01)
        self.assertLess(perplexity("--kv-cache-dtype=int8") / exact, 1.005)
        # 4 bits of a model this small cost more; a wrong layout would cost all.
        self.assertLess(perplexity("--quantize=w4g32") / exact, 1.3)


class Level(support.TestCase):
    def test_that_does_not_exist_is_refused(self):
        done = self.fail_with(2, 102, compiled(MODEL), "Once", "-n", "2",
                              environment={"LLMC_CPU_LEVEL": "x86-64-v9"})
        self.assertIn(b"`x86-64-v9` is not one of x86-64-v3", done.stderr)


class Context(support.TestCase):
    def test_can_be_set_when_compiling(self):
        model = compiled(MODEL, "--max-context=64")
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        self.assertEqual(told["modules"][0]["context"], 64)
        self.fail_with(BAD_DATA, 501, model, "--ids=" + ",".join(["403"] * 65))


class Target(support.TestCase):
    def test_of_one_level_gives_a_file_of_one_level(self):
        model = compiled(MODEL, "--target=x86-64-v3")
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        self.assertEqual(told["levels"], ["x86-64-v3"])
        self.assertEqual(self.succeed(model, "--ids=1", "-n", "3"), b"1,403,407,261\n")


if __name__ == "__main__":
    support.main()
