#!/usr/bin/env python3
"""Checks what the tracked files must keep to; every check is one test for tools/test.

    tools/dev/style-check.py [--results FILE.json] [--build DIR (ignored)]
"""
import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {".cpp", ".h", ".td", ".py", ".def", ".fbs", ".mlir", ".cmake", ".sh"}
# What a folder may include. "mlir" and "llvm" stand for their headers.
LAYERS = {
    "runtime": {"runtime"},
    "frontends/onnx/reader": {"frontends", "runtime"},
    # The evaluator folds constants.
    "frontends/onnx/builder": {"frontends", "dialects", "compiler/reference", "runtime", "mlir",
                               "llvm"},
    "frontends/tokenizer": {"frontends", "runtime"},
    "frontends/template": {"frontends", "runtime"},
    "dialects": {"dialects", "runtime", "mlir", "llvm"},
    "passes": {"passes", "dialects", "compiler/reference", "runtime", "mlir", "llvm"},
    "codegen": {"codegen", "dialects", "runtime", "mlir", "llvm", "lld"},
    "compiler/reference": {"compiler/reference", "dialects", "runtime", "mlir", "llvm"},
}


def tracked():
    """Tracked files that are text of ours: test data is not."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    names = [name for name in names
             if not name.startswith(("test/data/", "test/fuzz/corpus")) and (ROOT / name).is_file()]
    return {Path(name): (ROOT / name).read_text(errors="replace") for name in names}


def is_source(path):
    return path.suffix in SOURCES or path.name == "CMakeLists.txt"


def is_script(text):
    return text.startswith("#!")


def first_comment(text):
    """All comment lines before the first line of code."""
    lines = []
    for line in text.splitlines():
        if line and not line.startswith(("//", "#", '"""', " ")):
            break
        lines.append(line)
    return " ".join(lines)


def long_files_say_why(files):
    for path, text in files.items():
        count = text.count("\n")
        if not (is_source(path) or is_script(text)):
            continue
        if count > 1000:
            yield f"{path}: {count} lines; 1000 is the limit"
        elif count > 500 and not re.search(r"\b(long|lines|one file|one place)\b",
                                           first_comment(text)):
            yield f"{path}: {count} lines, and its first comment does not say why it is long"


def readmes_are_short(files):
    for path, text in files.items():
        if path.suffix == ".md" and text.count("\n") > 80:
            yield f"{path}: {text.count(chr(10))} lines; 80 is the limit"


def names_follow_the_kind(files):
    for path in files:
        if path.suffix in {".mlir", ".py", ".sh"} and not path.name.startswith("lit."):
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
                yield f"{path}: tests and scripts are named in kebab-case"
        folder = [part for part in path.parts[:-1] if not part.startswith(".")]
        for part in folder:
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", part):
                yield f"{path}: folders are lowercase"


def passes_have_files_and_tests(files):
    table = files.get(Path("passes/Passes.td"), "")
    tests = {path.name for path in files if path.parts[:2] == ("test", "passes")}
    sources = {path.name for path in files if path.parts[0] == "passes"}
    passes = re.findall(r'^def (\w+)\s*:\s*Pass<"llmc-([\w-]+)"', table, re.M)
    if not passes:
        yield "passes/Passes.td defines no pass"
    for name, flag in passes:
        if f"{name}.cpp" not in sources:
            yield f"pass {name} has no file of its name in passes/"
        if f"{flag}.mlir" not in tests:
            yield f"pass {name} has no test {flag}.mlir in test/passes/"


def nothing_is_left_to_do(files):
    words = "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"])
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(rf"\b({words})\b", line):
                yield f"{path}:{number}: {line.strip()}"


def no_machine_is_named(files):
    paths = "|".join(["/wo" + "rk/", "/tm" + "p/", "/ho" + "me/", "/ro" + "ot/"])
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(rf"(?<![\w$}})])({paths})", line):
                yield f"{path}:{number}: a path of one machine: {line.strip()}"


def whitespace_is_plain(files):
    for path, text in files.items():
        if not (is_source(path) or is_script(text) or path.suffix == ".md"):
            continue
        if text and not text.endswith("\n"):
            yield f"{path}: no line break at the end"
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip() or "\t" in line:
                yield f"{path}:{number}: a tab, or space at the end"


def comments_have_no_banners(files):
    for path, text in files.items():
        if not is_source(path):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            splits_input = path.suffix == ".mlir" and line == "// -----"
            if re.match(r"\s*(//|#)\s*[-=*#/]{5,}", line) and not splits_input:
                yield f"{path}:{number}: banner"


def layers_point_one_way(files):
    for path, text in files.items():
        layer = max((name for name in LAYERS if str(path).startswith(name + "/")),
                    key=len, default=None)
        if layer is None or path.suffix not in {".cpp", ".h"}:
            continue
        for included in re.findall(r'^#include "([^"]+/[^"]+)"', text, re.M):
            if not any(included.startswith(allowed + "/") for allowed in LAYERS[layer]):
                yield f"{path}: includes {included}, which is above {layer}/"


def headers_are_guarded(files):
    for path, text in files.items():
        if path.suffix == ".h":
            guard = "LLMC_" + re.sub(r"\W", "_", str(path)).upper()
            if f"#ifndef {guard}\n#define {guard}\n" not in text:
                yield f"{path}: the guard is not {guard}"


CHECKS = [long_files_say_why, readmes_are_short, names_follow_the_kind,
          passes_have_files_and_tests, nothing_is_left_to_do, no_machine_is_named,
          whitespace_is_plain, comments_have_no_banners, layers_point_one_way,
          headers_are_guarded]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path)
    parser.add_argument("--build")
    arguments = parser.parse_args()
    files, rows = tracked(), []
    for check in CHECKS:
        began = time.monotonic()
        problems = list(check(files))
        name = check.__name__.replace("_", " ")
        rows.append({"name": name, "status": "failed" if problems else "passed",
                     "seconds": time.monotonic() - began, "detail": "\n".join(problems)})
        print(f"{name}: {len(problems) or 'ok'}")
        for problem in problems:
            print(f"  {problem}")
    if arguments.results:
        arguments.results.write_text(json.dumps(rows))
    return any(row["status"] == "failed" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
