#!/usr/bin/env python3
"""Measures llmc on an NVIDIA GPU beside PyTorch, and writes a table. README.md beside this says more.

    tools/bench/gpu/measure.py --llmc build/bin/llmc --out TABLE.md
    tools/bench/gpu/measure.py --llmc build/bin/llmc --rehearse
"""
import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lines
import models
import order
from models import Failed, run
from records import Records
from work import Work, identity

import machine

ROOM = 60e9  # bytes that all three models take, one of them with its source


def find_torch():
    """The package, or why there is none."""
    try:
        import torch
        return torch
    except Exception as error:  # A broken package is as good as none.
        return f"Python has no torch ({type(error).__name__})"


def find_gpu(llmc):
    """What doctor tells of the first GPU, or why there is none."""
    try:
        told = run([llmc, "doctor", "--json"], 60)
    except Failed as failed:
        return str(failed)
    if not told.get("gpus"):
        print(f"doctor finds no GPU: {told.get('noGpu', 'no reason given')}", file=sys.stderr)
        return "no NVIDIA GPU here"
    return told["gpus"][0]


def share_driver(maps="/proc/self/maps"):
    """Lets programs find the driver that torch has found, wherever a container keeps it."""
    for line in Path(maps).read_text().splitlines():
        path = Path(line.split(maxsplit=5)[-1])
        if path.name.startswith("libcuda.so"):
            others = os.environ.get("LD_LIBRARY_PATH")
            os.environ["LD_LIBRARY_PATH"] = str(path.parent) + (f":{others}" if others else "")
            return


def driver():
    try:
        return subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                              capture_output=True, text=True, timeout=30).stdout.split()[0]
    except (OSError, subprocess.TimeoutExpired, IndexError):
        return "unknown"


def commit():
    """Of this tree; a copy of one may be without git."""
    try:
        return machine.commit() or "unknown"
    except OSError:
        return "unknown"


def described(gpu):
    if isinstance(gpu, str):
        return "no GPU"
    return (f"{gpu['name']}, {gpu['capability']}, {gpu['memoryBytes'] / 2**30:.0f} GiB, "
            f"{gpu['multiprocessors']} multiprocessors, driver {driver()}")


def default_work():
    """Where an earlier call was, else in memory where that has room for all, else the build."""
    memory, build = Path("/dev/shm/llmc-gpu-bench"), Path("build/gpu-bench")
    for place in (memory, build):
        if (place / "records.jsonl").exists():
            return place
    try:
        runs = not os.statvfs(memory.parent).f_flag & os.ST_NOEXEC
        return memory if runs and shutil.disk_usage(memory.parent).free > ROOM else build
    except OSError:
        return build


def default_target(gpu):
    hopper = not isinstance(gpu, str) and gpu["capability"] == "sm_90"
    return "sm_90a" if hopper or isinstance(gpu, str) else "sm_80"


def listed(choices):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in choices:
                raise argparse.ArgumentTypeError(f"{name}: one of {', '.join(choices)}")
        return names
    return parse


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llmc", type=Path, required=True, help="the program, or pack.py's archive")
    parser.add_argument("--device", choices=("cuda", "sim"), default="cuda")
    parser.add_argument("--target", help="default: what the GPU takes best")
    parser.add_argument("--models", "--shape", type=listed((*lines.MODELS, lines.SMALL)),
                        default=[lines.SMALL, *lines.MODELS])
    parser.add_argument("--parts", type=listed(order.PARTS), default=list(order.PARTS))
    parser.add_argument("--quick", action="store_true", help=f"batch x prompt up to {lines.QUICK}")
    parser.add_argument("--seconds", type=float, default=540, help="of this call")
    parser.add_argument("--work", type=Path, help="folder of models and records")
    parser.add_argument("--commit", help="what is measured, where git does not know")
    parser.add_argument("--again", action="store_true", help="try again what failed")
    parser.add_argument("--keep", action="store_true", help="leave the models whatever is done")
    parser.add_argument("--out", type=Path, help="the table (default: standard output)")
    parser.add_argument("--rehearse", action="store_true",
                        help="small models on the simulator, PyTorch on the CPU; no measurement")
    flags = parser.parse_args()
    if flags.rehearse:
        flags.device, flags.target = "sim", flags.target or "sm_90a"
        flags.work = flags.work or Path("build/gpu-rehearsal")
        if flags.out and "results" in flags.out.resolve().parts:
            parser.error("the numbers of a rehearsal are no results")
    flags.work = (flags.work or default_work()).resolve()
    return flags


def table(flags, header, records):
    measured = "A REHEARSAL: no number here is a measurement. " * flags.rehearse
    head = [f"# llmc on {header['gpu']}", "",
            f"{measured}{time.strftime('%Y-%m-%d')}, commit {flags.commit or commit()}, "
            f"{header['cpu']}, torch {header['torch']}; device {flags.device}, target "
            f"{flags.target}. Random bfloat16 weights; `B × N`: batch and tokens before it. `eager` "
            "is transformers, `plain` a minimal model in PyTorch, `compiled` that by torch.compile "
            "in a CUDA graph; shares are of the limits here, and `over` is what a step takes beyond "
            "reading at BWr; × is llmc over the other.", ""]
    return lines.Lines(records.known, flags.models, flags.rehearse).markdown(head)


def main():
    flags, began = arguments(), time.monotonic()
    flags.work.mkdir(parents=True, exist_ok=True)
    llmc = flags.llmc.resolve()
    if llmc.suffix == ".xz":
        llmc = models.unpacked(llmc, flags.work)
    torch = find_torch()
    if not isinstance(torch, str) and torch.cuda.is_available():
        share_driver()
    gpu = find_gpu(llmc)
    flags.target = flags.target or default_target(gpu)
    header = {"gpu": described(gpu), "llmc": identity(llmc), "cpu": machine.cpu_name(),
              "torch": "none" if isinstance(torch, str) else torch.__version__,
              "device": flags.device, "target": flags.target, "rehearse": flags.rehearse}
    records = Records(flags.work / "records.jsonl", header, began + flags.seconds,
                      flags.out and flags.out.with_suffix(".jsonl"), flags.again)
    print(f"{header['gpu']}; torch {header['torch']}; {flags.work}", file=sys.stderr, flush=True)

    def write():
        if flags.out:
            flags.out.write_text(table(flags, header, records))

    records.changed = write
    work = Work(flags, llmc, torch, gpu, records)
    for task in order.tasks(work, flags.models, flags.quick):
        if task.part in flags.parts:
            records.take(task.key, task.work, task.need, task.most)
    write()
    if not flags.out:
        sys.stdout.write(table(flags, header, records))
    if not flags.keep and not any(record.get("late") for record in records.known.values()):
        for model in (*flags.models, lines.OTHER):
            work.drop(model)


if __name__ == "__main__":
    main()
