#!/usr/bin/env python3
"""Measures llmc on an NVIDIA GPU beside PyTorch, and writes a table. README.md beside this says more.

    tools/bench/gpu/measure.py --llmc build/bin/llmc [--quick] [--models LIST] [--parts LIST]
    tools/bench/gpu/measure.py --llmc build/bin/llmc --device=sim --shape=tiny

Numbers are appended to WORK/records.jsonl as they come, and a later call goes on where one ended.
"""
import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lines
import models
import peers
from models import Failed, run

import machine

PARTS = ("limits", "check", "own", "peers", "kernels")


class Measurement:
    def __init__(self, flags):
        self.flags, self.end = flags, time.monotonic() + flags.seconds
        self.work = flags.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.file = self.work / "records.jsonl"
        self.records = {}
        self.torch, self.no_torch = self.find_torch()
        self.no_gpu = self.find_gpu()
        self.begin()

    def find_torch(self):
        try:
            import torch
            return torch, None
        except Exception as error:  # A broken package is as good as none.
            return None, f"Python has no torch ({type(error).__name__})"

    def find_gpu(self):
        """Why llmc has no GPU, or None; the GPU's name goes into the header."""
        self.gpu = "no GPU"
        try:
            told = run([self.flags.llmc, "doctor", "--json"], 30)
        except Failed as failed:
            return str(failed)
        if not told.get("gpus"):
            return "no NVIDIA GPU here"
        gpu = told["gpus"][0]
        self.gpu = (f"{gpu['name']}, {gpu['capability']}, {gpu['memoryBytes'] / 2**30:.0f} GiB, "
                    f"{gpu['multiprocessors']} multiprocessors, driver {self.driver()}")
        return None

    def driver(self):
        try:
            return subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                                  capture_output=True, text=True, timeout=30).stdout.split()[0]
        except (OSError, subprocess.TimeoutExpired, IndexError):
            return "unknown"

    def begin(self):
        """Takes up the records of an earlier call on the same machine and commit."""
        torch = self.torch
        header = {"gpu": self.gpu, "commit": self.commit(), "cpu": machine.cpu_name(),
                  "torch": torch.__version__ if torch else "none", "device": self.flags.device}
        if self.file.exists():
            old, *rest = map(json.loads, self.file.read_text().splitlines())
            if old["header"] != header:
                sys.exit(f"{self.file} is of another machine, commit or device: remove it, or "
                         "name another --work")
            for record in rest:
                self.records[record["key"]] = record
        else:
            self.file.write_text(json.dumps({"header": header}) + "\n")
        self.header = header

    def commit(self):
        """As asked for, else of this tree; a copy of one may be without git."""
        try:
            return self.flags.commit or machine.commit() or "unknown"
        except OSError:
            return "unknown"

    def left(self, most=120):
        return min(most, self.end - time.monotonic())

    def take(self, work, *key):
        """Measures what is not known yet; says so on stderr."""
        key = "/".join(map(str, key))
        if "value" in self.records.get(key, {}):
            return self.records[key]["value"]
        record = {"key": key}
        began = time.monotonic()
        try:
            if self.left() < 5:
                raise Failed("no time left in this call")
            record["value"] = peers.attempt(self.torch, work)
        except Failed as failed:
            record["why"] = str(failed).replace("|", "/")
        record["seconds"] = round(time.monotonic() - began, 2)
        self.records[key] = record
        with open(self.file, "a") as file:
            file.write(json.dumps(record) + "\n")
        print(f"{record['seconds']:7.1f} s  {key}: {record.get('value', record.get('why'))}",
              file=sys.stderr, flush=True)
        return record.get("value")

    def need_cuda(self):
        if self.no_torch:
            raise Failed(self.no_torch)
        if not self.torch.cuda.is_available():
            raise Failed("torch sees no CUDA device")
        return self.torch

    def need_gpu(self):
        if self.no_gpu:
            raise Failed(self.no_gpu)
        if self.flags.device != "cuda":
            raise Failed("a simulator has no speed")

    def limits(self):
        import limits
        for name, work in (("read", limits.read_sweep), ("copy", limits.copy),
                           ("matmul", limits.matmul)):
            self.take(lambda work=work: work(self.need_cuda()), "limit", name)

    def file_of(self, model, scheme):
        return self.work / model / f"{scheme}.bin"

    def make(self, model):
        """Writes and compiles a model; the reason why there is none, or None."""
        folder = self.work / model / "onnx"
        device = self.flags.device
        try:
            if device == "cuda":
                self.need_gpu()
            shape = models.shape_of(model)
            if not (folder / "config.json").exists():  # The last file that is written.
                began = time.monotonic()
                peers.attempt(self.torch, lambda: models.write(folder, shape))
                print(f"{time.monotonic() - began:7.1f} s  {model}: written", file=sys.stderr)
            for scheme in models.SCHEMES:
                if not self.file_of(model, scheme).exists():
                    part = self.file_of(model, scheme).with_suffix(".part")
                    told = models.compile_model(self.flags.llmc, folder, part, scheme,
                                                self.flags.target, self.left(300))
                    part.rename(self.file_of(model, scheme))
                    print(f"{told['seconds']:7.1f} s  {model} {scheme}: compiled", file=sys.stderr)
        except Failed as failed:
            return str(failed)
        return None

    def check(self, model, missing):
        def work(scheme):
            if missing:
                raise Failed(missing)
            if self.no_torch:
                raise Failed(self.no_torch)
            import check
            where = "cuda" if self.torch.cuda.is_available() else "cpu"
            checker = check.Check(self.torch, where, self.flags.device, models.shape_of(model),
                                  lambda: self.left(300))
            found = checker.ours(self.file_of(model, scheme), self.work)
            return checker.compare(self.work / model / "onnx", found, scheme == "w4")
        for scheme in models.SCHEMES:
            self.take(lambda scheme=scheme: work(scheme), "check", model, scheme)

    def bench(self, model, scheme, batch, length, tokens=32, *more):
        """What bench tells; refused where PyTorch could have checked the model and did not agree."""
        self.need_gpu()
        if not self.no_torch and "value" not in self.records.get(f"check/{model}/{scheme}", {}):
            raise Failed("its tokens and logits are not known to be right")
        return run([self.file_of(model, scheme), "bench", "--device=cuda", "--json", "-p", length,
                    "-n", tokens, "-b", batch, "-r", 1 if batch * length > 1 << 15 else 3, *more],
                   self.left())

    def own(self, model, missing):
        def point(scheme, batch, length):
            if missing:
                raise Failed(missing)
            told = self.bench(model, scheme, batch, length)
            return {"prompt": told["promptTokensPerSecond"]["median"],
                    "decode": told["tokensPerSecond"]["median"],
                    "first_ms": told["timeToFirstTokenMs"]["median"], "on": told["level"]}
        for key in lines.own_points(model, self.flags.quick):
            scheme, batch, length = key
            self.take(lambda key=key: point(*key), model, scheme, f"{batch}x{length}")

        def talk():
            if missing:
                raise Failed(missing)
            told = self.bench(model, "bf16", 1, *lines.TALK)
            return (told["timeToFirstTokenMs"]["median"] / 1e3 +
                    (lines.TALK[1] - 1) / told["tokensPerSecond"]["median"])
        if model == lines.TALK_MODEL:
            self.take(talk, model, "talk")

    def peers(self, model, missing):
        shape, folder, made = models.shape_of(model), self.work / model / "onnx", {}

        def peer(name):
            if name not in made:
                made.clear()  # One model in the GPU's memory at a time.
                torch = self.need_cuda()
                if name == "plain" and missing:
                    raise Failed(missing)
                made[name] = peers.Transformers(torch, shape) if name == "eager" else \
                    peers.Plain(torch, folder, shape)
            return made[name]

        def point(name, batch, length):
            if name == "compiled" and self.left() < 90:
                raise Failed("no time left in this call for torch.compile")
            if name == "eager":
                return peer(name).point(batch, length)
            return peer("plain").point(batch, length, name == "compiled")
        points = [(batch, length) for _, batch, length in lines.own_points(model, self.flags.quick)
                  if (batch, length) in lines.decode_points() or batch == 1]
        points = list(dict.fromkeys(points))
        for name in ("eager", "plain", "compiled"):
            if name == "plain" and model == lines.TALK_MODEL:
                self.take(lambda: peer("eager").generate(*lines.TALK), model, "eager", "talk")
            for key in points:
                if name != "compiled" or key in lines.decode_points():
                    self.take(lambda key=key: point(name, *key), model, name,
                              "x".join(map(str, key)))

    def kernels(self, model, missing):
        import limits
        if model != lines.KERNEL_MODEL:
            return
        shape = models.shape_of(model)
        for rows in limits.ROWS:
            self.take(lambda: limits.linears(self.need_cuda(), shape, rows), model, "cuBLAS", rows)
        for length in limits.LENGTHS:
            self.take(lambda: limits.attention(self.need_cuda(), shape, length), model, "SDPA",
                      length)

        def traced(size, operator):
            """Of a step of `size` rows, or of a prompt of as many tokens, by --kernels."""
            if missing:
                raise Failed(missing)
            prompt = size > 32 or operator == "attention"
            told = self.bench(model, "bf16", 1 if prompt else size, size if prompt else 32, 8,
                              "--kernels")
            times = told.get("promptOperatorsMs" if prompt else "decodeOperatorsMs", {})
            found = [time for name, time in times.items() if name.startswith(operator)]
            if not found:
                raise Failed(f"bench --kernels tells no time of {operator}")
            return sum(found) / told["runs"] / (1 if prompt else 8)
        for rows in limits.ROWS:
            self.take(lambda: traced(rows, "linear"), model, "own", "cuBLAS", rows)
        for length in limits.LENGTHS:
            self.take(lambda: traced(length, "attention"), model, "own", "SDPA", length)

    def measure(self):
        parts = self.flags.parts
        if "limits" in parts:
            self.limits()
        for model in self.flags.models:
            missing = self.make(model)
            for part in PARTS[1:]:
                if part in parts:
                    getattr(self, part)(model, missing)
            if not self.flags.keep:
                shutil.rmtree(self.work / model, ignore_errors=True)

    def table(self):
        header = self.header
        head = [f"# llmc on {header['gpu']}", "",
                f"{time.strftime('%Y-%m-%d')}, commit {header['commit']}, {header['cpu']}, torch "
                f"{header['torch']}; device {header['device']}, targets {self.flags.target}. "
                "Random bfloat16 weights; `B × N`: batch and tokens before it. `eager` is "
                "transformers, `plain` a minimal model in PyTorch, `compiled` that by torch.compile "
                "with CUDA graphs; shares are of the limits here; × is llmc over the other.", ""]
        return lines.Lines(self.records, self.flags.models).markdown(head)


def listed(choices):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in choices:
                raise argparse.ArgumentTypeError(f"{name}: one of {', '.join(choices)}")
        return names
    return parse


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llmc", type=Path, required=True)
    parser.add_argument("--device", choices=("cuda", "sim"), default="cuda")
    parser.add_argument("--target", default="sm_80,sm_90a")
    parser.add_argument("--models", "--shape", type=listed((*lines.MODELS, "tiny")),
                        default=list(lines.MODELS))
    parser.add_argument("--parts", type=listed(PARTS), default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="batch x prompt up to 2048")
    parser.add_argument("--seconds", type=float, default=540, help="of this call")
    parser.add_argument("--work", type=Path, default=Path("build/gpu-bench"))
    parser.add_argument("--commit", help="what is measured, where git does not know")
    parser.add_argument("--keep", action="store_true", help="leave models in WORK for a next call")
    parser.add_argument("--out", type=Path, help="the table (default: standard output)")
    flags = parser.parse_args()
    flags.llmc = flags.llmc.resolve()
    flags.work = flags.work.resolve()
    measurement = Measurement(flags)
    try:
        measurement.measure()
    finally:
        table = measurement.table()
        if flags.out:
            flags.out.write_text(table)
        else:
            sys.stdout.write(table)


if __name__ == "__main__":
    main()
