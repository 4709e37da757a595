"""What is measured: each method gives one number of the table, or raises Failed."""
import hashlib
import shutil
import time

import accelerator
import check
import limits
import lines
import models
import peers
from models import Failed, run


class Work:
    """Models are made where they are first needed, and a peer stays on the GPU until something else
    wants it. `gpu`: facts of doctor, or why there is none, as a text."""

    def __init__(self, flags, llmc, torch, gpu, records):
        self.flags, self.llmc, self.torch, self.gpu = flags, llmc, torch, gpu
        self.records = records
        self.folder = flags.work
        self.failed = {}  # (model, scheme) to what was raised
        self.peer = None  # (model, name, object)
        self.known = {}  # of a rehearsal: command to what it told

    # What there must be.

    def shape(self, model):
        return models.shape_of(model, self.flags.rehearse)

    def on(self):
        """What PyTorch measures on."""
        if isinstance(self.torch, str):
            raise Failed(self.torch)
        return (accelerator.StandIn if self.flags.rehearse else accelerator.Cuda)(self.torch)

    def where(self):
        return "cuda" if self.torch.cuda.is_available() else "cpu"

    def need_speed(self):
        if self.flags.rehearse:
            return
        if isinstance(self.gpu, str):
            raise Failed(self.gpu)
        if self.flags.device != "cuda":
            raise Failed("a simulator has no speed")

    def size(self, batch, length):
        """As asked for; in a rehearsal small."""
        return (min(batch, 2), min(length, 5)) if self.flags.rehearse else (batch, length)

    def release(self):
        """Gives back the GPU's memory; what was raised before may have held some."""
        self.peer = None
        if not isinstance(self.torch, str) and self.torch.cuda.is_available():
            accelerator.Cuda(self.torch).free()

    # Models.

    def file(self, model, scheme):
        """The model's executable, made where it is missing."""
        if self.flags.device == "cuda" and isinstance(self.gpu, str):
            raise Failed(self.gpu)
        if (model, scheme) in self.failed:
            raise self.failed[model, scheme]
        try:
            return self.made(model, scheme)
        except Failed as failed:
            self.failed[model, scheme] = failed
            raise

    def made(self, model, scheme):
        folder = self.folder / model / "onnx"
        target = models.target_of(model, self.flags.target)
        file = folder.parent / f"{scheme}-{target}-{identity(self.llmc)}.bin"
        if file.exists():
            return file
        for old in file.parent.glob(f"{scheme}-*.bin"):
            old.unlink()
        self.source(model)
        part = file.with_suffix(".part")
        told = models.compile_model(self.llmc, folder, part, scheme, target,
                                    self.records.left(300))
        part.rename(file)
        self.records.put((model, scheme, "compile"), told["seconds"])
        return file

    def source(self, model):
        """What the compiler reads, and the check."""
        folder = self.folder / model / "onnx"
        if not (folder / "config.json").exists():  # The last file that is written.
            folder.mkdir(parents=True, exist_ok=True)
            began = time.monotonic()
            models.write(folder, self.shape(model))
            self.records.put((model, "write"), round(time.monotonic() - began, 1))
        return folder

    def drop_source(self, model):
        """Once all that is made of it is there: three models and their sources are 80 GB."""
        shutil.rmtree(self.folder / model / "onnx", ignore_errors=True)

    def drop(self, model):
        shutil.rmtree(self.folder / model, ignore_errors=True)

    # Correctness.

    def check(self, model, scheme):
        self.release()
        file = self.file(model, scheme)
        if isinstance(self.torch, str):
            raise Failed(self.torch)
        checker = check.Check(self.torch, self.where(), self.device(model), self.shape(model),
                              self.flags.rehearse or self.flags.device == "cuda",
                              lambda: self.records.left(120))
        try:
            found = checker.ours(file, self.folder)
        except Failed as failed:
            raise self.told_where(file, failed) from None
        return checker.compare(self.source(model), found, scheme == "w4")

    def device(self, model):
        own = model.partition("@")[2]
        return f"sim:{own}" if own and self.flags.device == "sim" else self.flags.device

    def told_where(self, file, failed):
        """With what a step says where every launch is waited for, so that the kernel is named."""
        if not failed.late:
            try:
                run([file, "logits", f"--device={self.flags.device}", "--ids=1,2,3", "--verbose",
                     f"--out={self.folder}/logits.npy"], self.records.left(60), LLMC_CUDA_SYNC="1")
                failed.log += "\nlaunch by launch, three tokens give no error"
            except Failed as again:
                failed.log += f"\nlaunch by launch: {again.log}"
        return failed

    def sanitized(self, model, scheme):
        """What NVIDIA's own checker of memory says of a prompt and a few tokens."""
        if self.flags.device != "cuda":
            raise Failed("the simulator checks by itself")
        self.release()
        file, ids = self.file(model, scheme), ",".join(map(str, range(1, 41)))
        tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
        told = run([tool, "--error-exitcode=99", f"--log-file={self.folder}/sanitizer.log", file,
                    "run", "--device=cuda", "--temperature=0", "--json", "-n", 4, f"--ids={ids}"],
                   self.records.left())
        log = (self.folder / "sanitizer.log").read_text().strip().splitlines()
        return f"{len(told['tokens'])} tokens: {log[-1].lstrip('= ') if log else 'no word'}"

    # llmc's speed.

    def bench(self, model, scheme, batch, length, tokens=32, *more):
        """What bench tells; refused where PyTorch could have checked the model and did not agree."""
        self.need_speed()
        self.release()
        file = self.file(model, scheme)
        if not isinstance(self.torch, str) and not self.records.value("check", model, scheme):
            raise Failed("its tokens and logits are not known to be right", late=True)
        runs = 1 if batch * length > 1 << 15 else 3
        batch, length = self.size(batch, length)
        if self.flags.rehearse:
            tokens, runs = 2, 1
        command = [file, "bench", f"--device={self.flags.device}", "--json", "-p", length,
                   "-n", tokens, "-b", batch, "-r", runs, *more]
        if not self.flags.rehearse:
            return run(command, self.records.left())
        key = tuple(map(str, command))  # Small sizes come again and again.
        if key not in self.known:
            self.known[key] = run(command, self.records.left())
        return self.known[key]

    def own(self, model, scheme, batch, length):
        told = self.bench(model, scheme, batch, length)
        return {"prompt": told["promptTokensPerSecond"]["median"],
                "decode": told["tokensPerSecond"]["median"],
                "first_ms": told["timeToFirstTokenMs"]["median"], "on": told["level"]}

    def talk(self, model):
        """Seconds of a prompt and its continuation."""
        told = self.bench(model, "bf16", 1, *lines.TALK)
        return (told["timeToFirstTokenMs"]["median"] / 1e3 +
                (lines.TALK[1] - 1) / told["tokensPerSecond"]["median"])

    def operators(self, model, scheme, batch, length, tokens=8):
        """Operator to milliseconds, of a prompt and of a step."""
        told = self.bench(model, scheme, batch, length, tokens, "--kernels")
        steps = {"prompt": told["runs"], "decode": told["runs"] * told["tokens"]}
        found = {phase: {name: round(time / count, 5)
                         for name, time in told.get(f"{phase}OperatorsMs", {}).items()}
                 for phase, count in steps.items()}
        if not all(found.values()):
            raise Failed("bench --kernels tells no times")
        return found

    def traced(self, model, size, operator):
        """Milliseconds of an operator in a step of `size` rows, or in a prompt of as many."""
        prompt = size > 32 or operator == "attention"
        times = self.operators(model, "bf16", *((1, size) if prompt else (size, 32)))
        times = times["prompt" if prompt else "decode"]
        found = [time for name, time in times.items() if name.startswith(operator)]
        if not found:
            raise Failed(f"none of {', '.join(times)} is of {operator}")
        return sum(found)

    # Others.

    def limit(self, name):
        on = self.on()
        self.release()
        return getattr(limits, name)(on)

    def library(self, name, model, size):
        on = self.on()
        self.release()
        if self.flags.rehearse:
            size = min(size, 16)
        return (limits.linears if name == "cuBLAS" else limits.attention)(on, self.shape(model),
                                                                          size)

    def held(self, model, name):
        on = self.on()
        if self.peer is None or self.peer[:2] != (model, name):
            self.release()
            kind = peers.Transformers if name == "eager" else peers.Plain
            self.peer = (model, name, kind(on, self.shape(model)))
        on.free()
        return self.peer[2]

    def peer_point(self, model, name, batch, length):
        """Seconds of the prompts and of a step."""
        batch, length = self.size(batch, length)
        if name == "eager":
            return self.held(model, name).point(batch, length)
        return self.held(model, "plain").point(batch, length, name == "compiled")

    def eager_talk(self, model):
        length, tokens = lines.TALK
        if self.flags.rehearse:
            length, tokens = 5, 4
        return self.held(model, "eager").generate(length, tokens)


_identities = {}


def identity(llmc):
    """Of the compiler and the run time: models that others made are made anew."""
    if llmc not in _identities:
        told = hashlib.sha256()
        for path in (llmc, llmc.parent / "llmc-stub", llmc.parent / "bin/llmc",
                     llmc.parent / "bin/llmc-stub"):
            if path.exists():
                told.update(path.read_bytes())
        _identities[llmc] = told.hexdigest()[:12]
    return _identities[llmc]
