"""Compares tokens and logits of llmc with PyTorch: the first thing that is done with a model.

An error is that of a row of logits, ||a - b|| / ||b||, against PyTorch in float32 with the same
weights; the worst row counts. It may be 1.5 times what PyTorch's own bfloat16 makes there, or 0.005 if
that is more. A greedy token passes where float32, after the same tokens, gives it a logit that is below
the largest by no more than 8 such errors times the row's root mean square: both logits off by four
standard deviations. Random models have near ties.
"""
import random
from pathlib import Path

import npy
from models import Failed, run
from reference import Llama, Stored

FLOOR, TIMES, TIES = 0.005, 1.5, 8


def ids_of(count, vocabulary, seed):
    return random.Random(seed).choices(range(vocabulary), k=count)


def cases(shape, long):
    """Name, batch, prompt length and flags: each reaches other kernels."""
    return [("prompt", 1, 300 if long else 70, []), ("step", 1, 40 if long else 6, ["--step"]),
            ("batch", 2 if not long else 8, 24 if long else 5, ["--step"]),
            ("wide batch", 32 if long else 10, 16 if long else 3, ["--step"])]


def errors(rows, right):
    """Of each row, [batch, length]."""
    error = (rows - right).norm(dim=-1) / right.norm(dim=-1)
    return error.nan_to_num(nan=float("inf"))


def places(bad):
    """Where rows are wrong: the shape of that tells much of the reason."""
    at = bad.nonzero().tolist()
    return f"{len(at)} of {bad.numel()} rows (sequence, position): {at[:24]}"


class Check:
    def __init__(self, torch, where, device, shape, long, timeout):
        """`where`: what PyTorch computes on; `device`: that of llmc; `timeout`: a function."""
        self.torch, self.where, self.device = torch, where, device
        self.shape, self.long, self.timeout = shape, long, timeout

    def ours(self, model, scratch):
        """Name of a case to its ids and our logits; the greedy run under `tokens`."""
        found = {}
        for seed, (name, batch, length, flags) in enumerate(cases(self.shape, self.long)):
            prompts = [ids_of(length, self.shape.vocabulary, 100 * seed + i) for i in range(batch)]
            out = Path(scratch) / "logits.npy"
            run([model, "logits", f"--device={self.device}", f"--batch={batch}", f"--out={out}",
                 *flags, *("--ids=" + ",".join(map(str, ids)) for ids in prompts)], self.timeout())
            _, values = npy.read(out)
            rows = self.torch.frombuffer(values, dtype=self.torch.float32)
            found[name] = prompts, rows.view(batch, length, self.shape.vocabulary)
        prompt = ids_of(40 if self.long else 12, self.shape.vocabulary, 7)
        told = run([model, "run", f"--device={self.device}", "--temperature=0", "--json",
                    "-n", 64 if self.long else 12, "--ids=" + ",".join(map(str, prompt))],
                   self.timeout())
        found["tokens"] = prompt, told["tokens"]
        return found

    def compare(self, folder, found, quantized):
        """A cell of the table; raises Failed with what is wrong, and all else in its log."""
        torch, names = self.torch, [name for name in found if name != "tokens"]

        def logits(dtype):
            source = Stored(torch, folder, self.where)
            model = Llama(torch, source, self.shape, dtype, quantized)
            rows = {name: model.logits(found[name][0]).cpu() for name in names}
            prompt, tokens = found["tokens"]
            rows["tokens"] = model.logits([prompt + tokens])[0].cpu()
            return rows

        exact = logits(torch.float32)
        rounded = logits(torch.bfloat16)
        told, most, wrong, log = [], 0, [], []
        for name in names:
            own = float(errors(rounded[name], exact[name]).max())
            all_errors = errors(found[name][1], exact[name])
            error = float(all_errors.max())
            allowed = max(FLOOR, TIMES * own)
            most = max(most, allowed)
            told.append(f"{name} {error:.4f} (torch bf16 {own:.4f})")
            if not error <= allowed:
                wrong.append(f"{name}: error {error:.4f}, allowed {allowed:.4f}")
                log.append(f"{name}: {places(all_errors > allowed)}")
        prompt, tokens = found["tokens"]
        rows, same = exact["tokens"][len(prompt) - 1:-1], 0
        for i, (row, token) in enumerate(zip(rows, tokens)):
            gap = float(row.max() - row[token]) / float(row.square().mean().sqrt())
            same += int(row.argmax()) == token
            if not gap <= TIES * most:
                wrong.append(f"token {i} is {gap:.3f} root mean squares below the largest")
        told = "; ".join(told) + f"; {same} of {len(tokens)} greedy tokens are float32's"
        if wrong:
            raise Failed(f"WRONG: {'; '.join(wrong[:3])}", "\n".join([told, *wrong, *log]))
        return told
