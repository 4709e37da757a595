"""What the scripts in test/cli and test/e2e share: unittest with results as JSON, and llmc.

A script is unittest's TestCases and `support.main()` at its end. Only Python's standard library is
used. `TestStory.test_is_told_by_the_plain_export` is named by what it claims.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "test/data"
build = ROOT / "build"  # main() sets what --build says

# Exit codes as in runtime/support/Error.h.
USAGE, BAD_DATA, NO_INPUT, UNAVAILABLE, INTERNAL = 2, 65, 66, 69, 70
CANNOT_CREATE, IO_ERROR, NO_PERMISSION, INTERRUPTED = 73, 74, 77, 130


def llmc():
    return str(build / "bin/llmc")


def execute(*words, stdin=b"", environment=None, before=None, timeout=300):
    """Runs a program. Gives what subprocess.run gives, output as bytes."""
    variables = {**os.environ, "LLMC_CACHE_DIR": str(build / "test-cache"), **(environment or {})}
    return subprocess.run([str(word) for word in words], input=stdin, capture_output=True,
                          env=variables, preexec_fn=before, timeout=timeout)


class TestCase(unittest.TestCase):
    """A folder of its own for each test, and checks of how programs end."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def succeed(self, *words, **options):
        """Runs a program that must exit with 0; its stdout."""
        done = execute(*words, **options)
        self.assertEqual(done.returncode, 0, self.told(words, done))
        return done.stdout

    def fail_with(self, exit_code, code, *words, **options):
        """Runs a program that must fail as said, in the form that every error has."""
        done = execute(*words, **options)
        self.assertEqual(done.returncode, exit_code, self.told(words, done))
        text = done.stderr.decode()
        self.assertIn(f"[LLMC-E{code}]", text)
        self.assertTrue(text.startswith("error: ") or "\nerror: " in text, text)
        self.assertNotIn("\x1b", text, "colour off a terminal")
        self.assertNotIn("Stack dump", text)
        return done

    @staticmethod
    def told(words, done):
        return (f"{' '.join(map(str, words))} ended with {done.returncode}\n"
                f"{done.stdout[-2000:].decode(errors='replace')}"
                f"{done.stderr[-4000:].decode(errors='replace')}")


def note(text):
    """A measurement that is shown and not judged."""
    print(f"note: {text}", flush=True)


def compile_model(model, output, *flags, **options):
    """Compiles; raises with what llmc said where it fails."""
    done = execute(llmc(), "compile", model, "-o", output, *flags, **options)
    if done.returncode != 0:
        raise AssertionError(TestCase.told(["compile", model, *flags], done))
    return Path(output)


_compiled = {}


def compiled(name, *flags):
    """A model.bin of test/data/NAME, compiled once for a script."""
    key = (name, *flags)
    if key not in _compiled:
        # A failure is remembered: each test that needs the file reports it.
        folder = tempfile.mkdtemp(dir=_shared.name)
        try:
            _compiled[key] = compile_model(DATA / name, f"{folder}/model.bin", *flags)
        except AssertionError as error:
            _compiled[key] = error
    if isinstance(_compiled[key], AssertionError):
        raise _compiled[key]
    return _compiled[key]


_shared = tempfile.TemporaryDirectory()


class _Results(unittest.TextTestResult):
    """Keeps what run-tests.py reads."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rows = []

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.detail = []
        self.status = "passed"

    def _say(self, status, detail):
        if self.status != "failed":
            self.status = status
        self.detail.append(detail)

    def addFailure(self, test, problem):
        super().addFailure(test, problem)
        self._say("failed", self._exc_info_to_string(problem, test))

    addError = addFailure

    def addSubTest(self, test, subtest, problem):
        super().addSubTest(test, subtest, problem)
        if problem is not None:
            self._say("failed", f"{subtest.id()}\n{self._exc_info_to_string(problem, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("skipped", reason)

    def stopTest(self, test):
        super().stopTest(test)
        name = test.id().split(".", 1)[1]
        self.rows.append({"name": name, "status": self.status,
                          "seconds": time.monotonic() - self.began,
                          "detail": "\n".join(self.detail)})


def main():
    """The end of a script: runs its tests; exit status 1 where one failed."""
    global build
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=build)
    parser.add_argument("--results", type=Path, help="write results there as JSON")
    parser.add_argument("names", nargs="*", help="as in unittest: TestStory")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    suite = (loader.loadTestsFromNames(arguments.names, module) if arguments.names
             else loader.loadTestsFromModule(module))
    outcome = unittest.TextTestRunner(resultclass=_Results, verbosity=1).run(suite)
    if arguments.results:
        arguments.results.write_text(json.dumps(outcome.rows))
    sys.exit(not outcome.wasSuccessful())
