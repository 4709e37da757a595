#!/usr/bin/env python3
"""Runs every test of a build and counts: run-tests.py --build DIR [KIND...]

Kinds: style, lit, one for each folder of GoogleTests (unit, reference, codegen ...), fuzz (what
CTest knows besides), cli and e2e. A test that cannot run is a failure; one that says why it does
not run here is named as skipped. The last line is `N passed, N failed[, N skipped]`.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 900  # seconds for one executable or script
# Kinds whose tests touch nothing outside their process: as many at once as there are processors.
SHARDED = {"codegen"}

# status: "passed", "failed" or "skipped"; detail: why, where it did not pass.
Result = namedtuple("Result", "kind name status seconds detail")


def tail(text, lines=40):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def execute(command, **options):
    """Exit status and output of a command; a text as status where it could not run or end."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                              timeout=TIME_LIMIT, **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        if isinstance(output, bytes):
            output = output.decode(errors="replace")
        return f"no end after {TIME_LIMIT} s", output
    except OSError as error:
        return str(error), ""


def failure_of(status, output):
    how = f"exit status {status}" if isinstance(status, int) else status
    return f"{how}\n{tail(output)}"


def scripts(kind, paths, build):
    """Python scripts that leave their results as JSON: see test/support.py."""
    for script in sorted(paths):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            began = time.monotonic()
            status, output = execute([sys.executable, script, "--build", build, "--results",
                                      file.name], cwd=build)
            try:
                rows = json.loads(Path(file.name).read_text())
            except ValueError:
                rows = []
        for line in output.splitlines():
            if line.startswith("note: "):
                print("  " + line)
        name = script.stem
        for row in rows:
            yield Result(kind, f"{name}: {row['name']}", row["status"], row["seconds"],
                         row["detail"])
        bad = any(row["status"] == "failed" for row in rows)
        if not rows or (status != 0 and not bad):
            yield Result(kind, name, "failed", time.monotonic() - began,
                         failure_of(status, output))


def style(build):
    return scripts("style", [ROOT / "tools/dev/style-check.py"], build)


def find_lit(build):
    cache = (build / "CMakeCache.txt").read_text()
    found = re.search(r"^LLVM_EXTERNAL_LIT:\w+=(.+)$", cache, re.M)
    if found and Path(found[1]).exists():
        return found[1]
    return shutil.which("lit-22") or "lit-22"


def lit(build):
    if not (build / "test/lit.site.cfg.py").exists():
        yield Result("lit", "the suite", "failed", 0, f"{build}/test has no lit.site.cfg.py")
        return
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        status, output = execute([find_lit(build), "-s", "--output", file.name, build / "test"])
        try:
            tests = json.loads(Path(file.name).read_text())["tests"]
        except (ValueError, KeyError):
            tests = []
    if not tests:
        yield Result("lit", "the suite", "failed", 0, failure_of(status, output))
    for test in tests:
        known = {"PASS": "passed", "XFAIL": "passed", "FLAKYPASS": "passed",
                 "UNSUPPORTED": "skipped", "SKIPPED": "skipped", "EXCLUDED": "skipped"}
        yield Result("lit", test["name"].split(" :: ")[-1], known.get(test["code"], "failed"),
                     test["elapsed"] or 0, tail(test["output"]) or test["code"].lower())


def googletest_executables(build):
    """Pairs of kind and path that CMake wrote."""
    lines = (build / "test-executables.txt").read_text().splitlines()
    return [line.split(" ", 1) for line in lines if line]


def googletest_shard(path, build, shard, shards):
    """Exit status, output, XML of its cases and when it began, of one of so many processes."""
    environment = {**os.environ, "GTEST_TOTAL_SHARDS": str(shards), "GTEST_SHARD_INDEX": str(shard)}
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        began = time.monotonic()
        status, output = execute([path, "--gtest_brief=1", f"--gtest_output=xml:{file.name}"],
                                 cwd=build, env=environment)
        try:
            cases = list(xml.parse(file.name).getroot().iter("testcase"))
        except xml.ParseError:
            cases = []
    return status, output, cases, began


def googletest_runs(kind, build):
    """The runs of a kind's executables, one after the other or, where that may be, in shards."""
    shards = len(os.sched_getaffinity(0)) if kind in SHARDED else 1
    with ThreadPoolExecutor(shards) as pool:
        for path in [path for other, path in googletest_executables(build) if other == kind]:
            for run in pool.map(lambda shard: googletest_shard(path, build, shard, shards),
                                range(shards)):
                yield path, run


def googletests(kind, build):
    for path, (status, output, cases, began) in googletest_runs(kind, build):
        program = Path(path).name
        bad = False
        # A runner of recorded cases is no GoogleTest: its last line counts.
        counts = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
        if counts and not cases:
            seconds = time.monotonic() - began
            passed, failed, skipped = map(int, counts.groups())
            for i in range(passed):
                yield Result(kind, f"{program}: case {i + 1}", "passed",
                             seconds / passed, "")
            for i in range(skipped):
                yield Result(kind, f"{program}: skipped case {i + 1}", "skipped", 0,
                             "see its output")
            if failed or status != 0 or not passed:
                yield Result(kind, program, "failed", 0, failure_of(status, output))
            continue
        for case in cases:
            name = f"{program}: {case.get('classname')}.{case.get('name')}"
            failures = [entry.get("message", "") for entry in case.iter("failure")]
            skip = case.find("skipped")
            state, detail = "passed", ""
            if failures:
                state, detail, bad = "failed", tail("\n".join(failures)), True
            elif skip is not None or case.get("result") == "skipped":
                message = skip.get("message", "") if skip is not None else ""
                # The first line says where in the source.
                state, detail = "skipped", message.split("\n", 1)[-1].strip() or "no reason given"
            elif case.get("status") == "notrun":
                state, detail = "skipped", "disabled in the source"
            yield Result(kind, name, state, float(case.get("time", 0)), detail)
        if not cases or (status != 0 and not bad):
            yield Result(kind, program, "failed", time.monotonic() - began,
                         failure_of(status, output))


def ctests(build):
    """What CTest knows and is no GoogleTest executable: replays of fuzz corpora."""
    status, output = execute(["ctest", "--test-dir", build, "--show-only=json-v1"])
    try:
        tests = json.loads(output)["tests"]
    except (ValueError, KeyError):
        yield Result("fuzz", "ctest", "failed", 0, failure_of(status, output))
        return
    others = {Path(path).name for _, path in googletest_executables(build)}
    for test in tests:
        if test["name"] in others:
            continue
        # CTest names no command where the program is not built.
        command = test.get("command")
        if not command:
            yield Result("fuzz", test["name"], "failed", 0, "its program is not built")
            continue
        began = time.monotonic()
        status, output = execute(command, cwd=build)
        yield Result("fuzz", test["name"], "passed" if status == 0 else "failed",
                     time.monotonic() - began, failure_of(status, output) if status else "")


def all_kinds(build):
    """Name to function, quick ones first."""
    kinds = {"style": style, "lit": lit}
    for kind in dict.fromkeys(kind for kind, _ in googletest_executables(build)):
        kinds[kind] = lambda build, kind=kind: googletests(kind, build)
    kinds["fuzz"] = ctests
    kinds["cli"] = lambda build: scripts("cli", (ROOT / "test/cli").glob("*.py"), build)
    kinds["e2e"] = lambda build: scripts("e2e", (ROOT / "test/e2e").glob("*.py"), build)
    return kinds


def run_kind(kind, function, build):
    results = []
    for result in function(build):
        results.append(result)
        if result.status == "failed":
            print(f"FAILED {kind}: {result.name}")
            print("    " + result.detail.replace("\n", "\n    "), flush=True)
    if not results:
        results.append(Result(kind, "the kind", "failed", 0, "no test was found"))
    return results


def report(results, times):
    count = lambda rows, status: sum(row.status == status for row in rows)
    print(f"\n{'kind':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>10}")
    for kind, seconds in times.items():
        rows = [row for row in results if row.kind == kind]
        print(f"{kind:<12}{count(rows, 'passed'):>8}{count(rows, 'failed'):>8}"
              f"{count(rows, 'skipped'):>9}{seconds:>8.1f} s")
    slowest = sorted(results, key=lambda row: -row.seconds)[:5]
    print("\nslowest: " + ", ".join(f"{row.name} {row.seconds:.1f} s" for row in slowest))
    for row in results:
        if row.status == "skipped":
            print(f"skipped {row.kind}: {row.name}: {' '.join(row.detail.split())}")
    for row in results:
        if row.status == "failed":
            print(f"failed {row.kind}: {row.name}")
    line = f"{count(results, 'passed')} passed, {count(results, 'failed')} failed"
    if skipped := count(results, "skipped"):
        line += f", {skipped} skipped"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    kinds = all_kinds(build)
    unknown = set(arguments.kinds) - set(kinds)
    if unknown:
        parser.error(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(kinds)}")
    # Tests shall not see how a user's shell sets llmc up.
    for variable in [name for name in os.environ if name.startswith("LLMC_")]:
        del os.environ[variable]
    results, times = [], {}
    for kind in arguments.kinds or kinds:
        print(f"{kind} ...", flush=True)
        began = time.monotonic()
        results += run_kind(kind, kinds[kind], build)
        times[kind] = time.monotonic() - began
    report(results, times)
    return any(row.status == "failed" for row in results) or not results


if __name__ == "__main__":
    sys.exit(main())
