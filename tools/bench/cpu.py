#!/usr/bin/env python3
"""Measures a model on this CPU beside what its memory gives, and prints a table in Markdown.

    tools/bench/make-model.py LLAMA --tied
    tools/bench/cpu.py LLAMA --build build > tools/bench/results/DATE-CPU.md

Each scheme: compile (time, private memory of all its processes), file, prompt and decode. The read
limit is measured before and after every decode, with as many threads; its median is the divisor.
Bytes a token are the file's weights less what is only looked up: an upper bound of what is read.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import commit, cpu_name, watched

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--schemes", default="--dtype=bf16,--quantize=w8,--quantize=w4g32")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=32)
    flags = parser.parse_args()
    llmc = flags.build / "bin/llmc"
    with tempfile.TemporaryDirectory(dir=flags.model.parent) as folder:
        limit = Path(folder) / "read-limit"
        subprocess.run(["g++", "-O3", "-march=native", "-pthread", HERE / "read-limit.cpp", "-o",
                        limit], check=True)

        def read_limit():
            return float(subprocess.run([limit, str(flags.threads), "3"], check=True,
                                        capture_output=True).stdout)

        load = os.getloadavg()[0]
        rows, limits = [], []
        for scheme in flags.schemes.split(","):
            output = Path(folder) / "model.bin"
            seconds, memory, told = watched([llmc, "compile", flags.model, scheme, "-o", output,
                                             "--json"])
            compiled = json.loads(told)
            first = []
            for _ in range(3):
                start = time.monotonic()
                subprocess.run([output, "--ids=1", "-n", "1"], check=True, capture_output=True)
                first.append(time.monotonic() - start)
            around = [read_limit()]
            told = subprocess.run([output, "bench", "-p", str(flags.prompt), "-n",
                                   str(flags.tokens), "-r", "3", f"--threads={flags.threads}",
                                   "--json"], check=True, capture_output=True).stdout
            bench = json.loads(told)
            around.append(read_limit())
            limits += around
            decode = bench["tokensPerSecond"]["median"]
            rate = decode * compiled["weightBytes"] / 1e9
            rows.append(f"| {scheme} | {seconds:.1f} | {memory / 2**20:.0f} | "
                        f"{compiled['fileBytes'] / 2**30:.2f} | {min(first):.2f} | "
                        f"{bench['promptTokensPerSecond']['median']:.0f} | {decode:.2f} | "
                        f"{rate:.1f} | {100 * rate / statistics.median(around):.0f} |")
    print(f"# {flags.model.name} on {cpu_name()}, {flags.threads} threads\n")
    print(f"{time.strftime('%Y-%m-%d')}, commit {commit()}, load when it began {load:.1f}; "
          f"read limit {statistics.median(limits):.1f} GB/s "
          f"({min(limits):.1f} to {max(limits):.1f}); prompt {flags.prompt}, "
          f"{flags.tokens} tokens, medians of 3\n")
    print("| scheme | compile s | private MiB | file GiB | first token s | prompt tok/s | "
          "decode tok/s | GB/s | % of limit |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
