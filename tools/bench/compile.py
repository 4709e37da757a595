#!/usr/bin/env python3
"""Measures a compile beside a copy of its files, and prints a table in Markdown.

    tools/bench/make-model.py LLAMA --form=optimum --tied
    tools/bench/compile.py LLAMA --build build -- --dtype=bf16

Warm: the model's files are in the page cache. Cold: they and the result are not, by
POSIX_FADV_DONTNEED, which leaves alone what other programs use. Private memory is the most RssAnon +
RssShmem of all the compile's processes together, looked at every 20 ms. Beside a cold compile: `copy`
is dd of the model's files and of the result, `move` is reading the model and writing as many bytes as
the result has, which no compile can do without. What is written is on the disk when the time is
taken (llmc waits for that too). The four take turns. Needs free space for another copy of all.
Where others use the machine, processor time tells more than the clock.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import commit, cpu_name, watched

DD = ["dd", "bs=4M", "status=none"]


def forget(paths):
    """Writes files back and takes them out of the page cache."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(paths):
    for path in paths:
        subprocess.run([*DD, f"if={path}", "of=/dev/null"], check=True)


def seconds(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def processor_seconds():
    """Of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(epilog="Words behind -- are flags of llmc compile.")
    parser.add_argument("model", type=Path, help="a folder")
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--runs", type=int, default=3)
    words = sys.argv[1:]
    border = words.index("--") if "--" in words else len(words)
    flags, compile_flags = parser.parse_args(words[:border]), words[border + 1:]
    sources = sorted(path for path in flags.model.iterdir() if path.is_file())
    rows = {"warm": [], "cold": [], "copy": [], "move": []}
    memory, worked = [], []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=flags.model.parent) as folder:
        result, other = Path(folder) / "model.bin", Path(folder) / "copy"
        command = [flags.build / "bin/llmc", "compile", flags.model, "-o", result, *compile_flags]

        def compiled():
            before = processor_seconds()
            took, most, _ = watched(command)
            worked.append(processor_seconds() - before)
            memory.append(most)
            return took

        def copy():
            for path in [*sources, result]:
                subprocess.run([*DD, f"if={path}", f"of={other}", "conv=fsync"], check=True)

        def move():
            read(sources)
            subprocess.run([*DD, f"if={result}", f"of={other}", "conv=fsync"], check=True)

        for _ in range(flags.runs):
            read(sources)
            rows["warm"].append(compiled())
            for name, work in [("cold", compiled), ("copy", lambda: seconds(copy)),
                               ("move", lambda: seconds(move))]:
                forget([*sources, result])
                if name == "move":
                    read([result])
                rows[name].append(work())
                other.unlink(missing_ok=True)
        size = result.stat().st_size
    limit = statistics.median(rows["copy"])
    print(f"# Compiling {flags.model.name} ({' '.join(compile_flags) or 'no flags'}) on "
          f"{cpu_name()}\n")
    print(f"{time.strftime('%Y-%m-%d')}, commit {commit()}, {len(os.sched_getaffinity(0))} cores, "
          f"load {load:.1f} when it began and {os.getloadavg()[0]:.1f} at the end; "
          f"{sum(path.stat().st_size for path in sources) / 1e9:.2f} GB to {size / 1e9:.2f} GB; "
          f"at most {max(memory) / 2**20:.0f} MiB of private memory; "
          f"{statistics.median(worked):.1f} s of processor time a compile\n")
    print("| | median s | runs | of copy |\n|---|---|---|---|")
    for name, times in rows.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.1f} | {', '.join(f'{one:.1f}' for one in times)} | "
              f"{median / limit:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
