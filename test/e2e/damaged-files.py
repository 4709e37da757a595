#!/usr/bin/env python3
"""A model.bin that was altered or cut short is found out by verify and by run."""
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import BAD_DATA, compiled, execute, llmc

EXIT_CODES = range(1, 126)


class Damage(support.TestCase):
    def setUp(self):
        super().setUp()
        self.good = compiled("stories260K-optimum").read_bytes()
        self.copy = self.folder / "model.bin"

    def outcome(self, data, *words):
        self.copy.write_bytes(data)
        return execute(llmc(), words[0], self.copy, *words[1:], timeout=60)

    def refused(self, data, *words):
        done = self.outcome(data, *words)
        self.assertIn(done.returncode, EXIT_CODES, done.stderr)
        self.assertRegex(done.stderr, rb"\[LLMC-E40[123]\]")
        return done

    def offsets(self):
        """A sample of every section, and of what lies between sections."""
        inspected = self.succeed(llmc(), "inspect", compiled("stories260K-optimum"), "--json")
        generator = random.Random(1)
        for section in json.loads(inspected)["sections"]:
            begin, size = section["offset"], section["size"]
            if size == 0:
                continue
            sample = {begin, begin + size - 1}
            sample |= {begin + generator.randrange(size) for _ in range(6)}
            for at in sorted(sample):
                yield section["type"], at
        for at in range(1, 200, 9):
            yield "the end", len(self.good) - at
        for _ in range(30):
            yield "anywhere", generator.randrange(len(self.good))


class Bytes(Damage):
    def test_that_were_altered_are_found_by_verify(self):
        for place, at in self.offsets():
            altered = bytearray(self.good)
            altered[at] ^= 0x40
            with self.subTest(place=place, at=at):
                self.refused(altered, "verify")

    def test_that_were_altered_are_found_by_run(self):
        for place, at in self.offsets():
            altered = bytearray(self.good)
            altered[at] ^= 0x40
            with self.subTest(place=place, at=at):
                done = self.refused(altered, "run", "--ids=1", "-n", "2")
                self.assertEqual(done.stdout, b"", "an answer from damaged bytes")


class Length(Damage):
    def test_that_is_short_is_found(self):
        size = len(self.good)
        for length in [0, 1, 63, 4096, size // 4, size // 2, size - 4096, size - 64, size - 1]:
            with self.subTest(length=length):
                self.refused(self.good[:length], "verify")
                self.refused(self.good[:length], "run", "--ids=1", "-n", "1")
                self.refused(self.good[:length], "inspect")

    def test_that_is_long_is_found(self):
        for more in [b"\0", b"x" * 5000]:
            self.refused(self.good + more, "verify")
            self.refused(self.good + more, "run", "--ids=1", "-n", "1")


class OtherFiles(Damage):
    def test_are_no_model(self):
        for data in [b"", b"hello\n", Path(llmc()).read_bytes()[:200000]]:
            for verb in ["verify", "run", "inspect", "bench"]:
                done = self.outcome(data, verb)
                self.assertEqual(done.returncode, BAD_DATA, (verb, done.stderr))
                self.assertIn(b"[LLMC-E401]", done.stderr)

    def test_that_are_the_stub_alone_say_so(self):
        done = execute(Path(llmc()).with_name("llmc-stub"), "hello")
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        self.assertIn(b"[LLMC-E401]", done.stderr)


if __name__ == "__main__":
    support.main()
