"""What the table says: which points are measured, their goals, and a line for each number."""
import statistics

from limits import LENGTHS, ROWS
from models import cache_bytes, shape_of, weight_bytes

SMALL, OTHER = "tiny", "tiny@sm_80"  # A first look at right and wrong, in seconds.
MODELS = ("llama-3.2-1b", "llama-2-7b", "llama-3.1-8b")
WANTED = ("llama-2-7b", "llama-3.1-8b", "llama-3.2-1b")  # the goals' models first
QUICK = 2048  # batch times prompt at most, where that is asked for
BATCHES, CONTEXTS = (1, 8, 32), (32, 1024, 8192)
PROMPTS = (128, 512, 2048, 8192)
W4_MODEL, W4_BATCHES, W4_INPUTS = "llama-3.1-8b", (1, 2, 4, 8, 16), (128, 512, 2048)
TALK_MODEL, TALK = "llama-2-7b", (1024, 128)  # tokens in, tokens out
KERNEL_MODEL = "llama-3.1-8b"


def decode_points():
    return [(batch, context) for batch in BATCHES for context in CONTEXTS]


def own_points(model, quick):
    """Scheme, batch and prompt of every run of bench, the most wanted first."""
    points = [("bf16", *point) for point in decode_points()]
    points += [("bf16", 1, prompt) for prompt in PROMPTS]
    if model == W4_MODEL:
        points += [(scheme, batch, length) for batch in W4_BATCHES for length in W4_INPUTS
                   for scheme in ("bf16", "w4")]
    else:
        points.append(("w4", 1, 1024))
    points = list(dict.fromkeys(points))
    return [point for point in points if point[1] * point[2] <= QUICK] if quick else points


class Lines:
    """`records`: key to {"value": ...} or {"why": ...}; all cells come from there. `rehearsed`:
    numbers are no measurements, and every line says so."""

    def __init__(self, records, models, rehearsed=False):
        self.records, self.rows, self.rehearsed = records, [], rehearsed
        self.models = [name for name in MODELS if name in models]
        self.checked = [name for name in (SMALL, *MODELS) if name in models]

    def value(self, *key):
        record = self.records.get("/".join(map(str, key)), {})
        return record.get("value")

    def why(self, *key):
        why = self.records.get("/".join(map(str, key)), {}).get("why", "not asked for")
        return why if why.startswith("WRONG") else "unmeasured: " + why

    def row(self, what, goal, own, share="", others=""):
        what = "rehearsal, no measurement: " * self.rehearsed + what
        self.rows.append(f"| {what} | {goal} | {own} | {share} | {others} |")

    def limits(self):
        for name, what, unit in (("read", "BWr, best of three reductions of 8 GB", "GB/s"),
                                 ("copy", "copy of 4 GB, both ways counted", "GB/s"),
                                 ("matmul", "cuBLAS 8192³ bf16", "TFLOP/s")):
            value = self.value("limit", name)
            self.row("limit: " + what, "", "",
                     "", self.why("limit", name) if value is None else f"{value:.0f} {unit}")

    def checks(self):
        for model in self.checked:
            for scheme in ("bf16", "w4"):
                value = self.value("check", model, scheme)
                self.row(f"{model} {scheme}: tokens, logits", "as PyTorch",
                         self.why("check", model, scheme) if value is None else value,
                         "", self.made(model, scheme) if model != SMALL else self.other(scheme))

    def other(self, scheme):
        """The other architecture; and memory, once."""
        keys = {"sm_80": ("check", OTHER, scheme)}
        if scheme == "bf16":
            keys["compute-sanitizer"] = ("sanitizer", SMALL)
        return "; ".join(f"{name}: {self.value(*key) or self.why(*key)}"
                         for name, key in keys.items())

    def made(self, model, scheme):
        """Seconds; the source is written for the first scheme."""
        seconds = {what: self.value(model, *what.split())
                   for what in (["write"] if scheme == "bf16" else []) + [f"{scheme} compile"]}
        return "; ".join(f"{what} {value:.1f} s" for what, value in seconds.items()
                         if value is not None)

    def share_of_read(self, model, batch, context, rate):
        """Of BWr: weights once and every sequence's cache a step, which takes batch / rate; and
        what a step takes beyond that."""
        limit, shape = self.value("limit", "read"), shape_of(model)
        if not limit or not rate:
            return ""
        read = (weight_bytes(shape) + batch * context * cache_bytes(shape)) / 1e9 / limit
        return f"{100 * read * rate / batch:.0f} %, {1e6 * (batch / rate - read):.0f} µs over"

    def others(self, model, batch, context, index, rate):
        """Cells of the peers in tokens/s, and ours over them."""
        cells, missing = [], {}
        for peer in ("eager", "plain", "compiled"):
            key = model, peer, f"{batch}x{context}"
            value = self.value(*key)
            if value is None:
                if peer != "compiled" or index == 1:  # Only steps are compiled.
                    missing.setdefault(self.why(*key), []).append(peer)
                continue
            other = batch * (context if index == 0 else 1) / value[index]
            cells.append(f"{peer} {other:.1f}" + (f" (×{rate / other:.2f})" if rate else ""))
        return "; ".join(cells + [f"{', '.join(names)} {why}" for why, names in missing.items()])

    def decode(self):
        for model in self.models:
            for batch, context in decode_points():
                key = model, "bf16", f"{batch}x{context}"
                value = self.value(*key)
                rate = value and value["decode"]
                self.row(f"{model} decode {batch} × {context}", "≥ 80 % BWr" if
                         model != "llama-3.2-1b" and batch == 1 else "",
                         f"{rate:.1f} tok/s" if rate else self.why(*key),
                         self.share_of_read(model, batch, context, rate),
                         self.others(model, batch, context, 1, rate))

    def prefill(self):
        for model in self.models:
            for prompt in PROMPTS:
                key = model, "bf16", f"1x{prompt}"
                value = self.value(*key)
                rate, limit = value and value["prompt"], self.value("limit", "matmul")
                share = rate and limit and weight_bytes(shape_of(model)) * rate / 1e12 / limit
                self.row(f"{model} prefill {prompt}", "",
                         f"{rate:.0f} tok/s" if rate else self.why(*key),
                         f"{100 * share:.0f} % of cuBLAS" if share else "",
                         self.others(model, 1, prompt, 0, rate))

    def w4(self):
        """Ratios to our own bf16: a line a batch, a number an input length."""
        if W4_MODEL not in self.models:
            return
        for batch in W4_BATCHES:
            own, ratios = [], []
            for length in W4_INPUTS:
                point = f"{batch}x{length}"
                low, full = (self.value(W4_MODEL, scheme, point) for scheme in ("w4", "bf16"))
                own.append(f"{low['decode']:.1f}" if low else self.why(W4_MODEL, "w4", point))
                ratios.append(f"×{low['decode'] / full['decode']:.2f}" if low and full else
                              "unmeasured")
            whole = " / ".join(own) if len(set(own)) > 1 else own[0]
            self.row(f"{W4_MODEL} w4 decode tok/s, {batch} × "
                     f"{' / '.join(map(str, W4_INPUTS))}", "≥ 2 × own bf16", whole,
                     " / ".join(ratios) if any("×" in ratio for ratio in ratios) else "")

    def w4_once(self):
        """The other models, at one point."""
        for model in self.models:
            if model == W4_MODEL:
                continue
            low, full = (self.value(model, scheme, "1x1024") for scheme in ("w4", "bf16"))
            self.row(f"{model} w4 decode 1 × 1024", "≥ 2 × own bf16",
                     f"{low['decode']:.1f} tok/s" if low else self.why(model, "w4", "1x1024"),
                     f"×{low['decode'] / full['decode']:.2f}" if low and full else "")

    def talk(self):
        """A prompt and its continuation, whole."""
        if TALK_MODEL not in self.models:
            return
        own, eager = self.value(TALK_MODEL, "talk"), self.value(TALK_MODEL, "eager", "talk")
        self.row(f"{TALK_MODEL} {TALK[0]} in, {TALK[1]} out", "≥ 4.86 × eager transformers",
                 f"{own:.2f} s" if own else self.why(TALK_MODEL, "talk"),
                 f"×{eager / own:.2f}" if own and eager else "",
                 f"eager {eager:.2f} s" if eager else self.why(TALK_MODEL, "eager", "talk"))

    def kernels(self):
        if KERNEL_MODEL not in self.models:
            return
        for kind, sizes, peer in (("linears, rows", ROWS, "cuBLAS"),
                                  ("attention, prompt", LENGTHS, "SDPA")):
            for size in sizes:
                key = KERNEL_MODEL, peer, size
                own, other = self.value(KERNEL_MODEL, "own", peer, size), self.value(*key)
                self.row(f"{KERNEL_MODEL} {kind} {size}", "",
                         f"{own:.3f} ms" if own else self.why(KERNEL_MODEL, "own", peer, size),
                         f"×{other / own:.2f}" if own and other else "",
                         f"{peer} {other:.3f} ms" if other else f"{peer} {self.why(*key)}")

    def operators(self):
        """Where the time of a step goes, one launch after another."""
        for model in self.models:
            cells = []
            for scheme in ("bf16", "w4"):
                found = self.value(model, scheme, "operators")
                times = sorted((found or {}).get("decode", {}).items(), key=lambda item: -item[1])
                cells.append("; ".join(f"{name} {time:.3f}" for name, time in times) or
                             self.why(model, scheme, "operators"))
            self.row(f"{model} operators of a step, 1 × 1024, ms", "", f"bf16 {cells[0]}",
                     f"w4 {cells[1]}")

    def mean(self):
        """Over every decode point that both reached."""
        ratios = []
        for model in self.models:
            for batch, context in decode_points():
                own = self.value(model, "bf16", f"{batch}x{context}")
                other = self.value(model, "eager", f"{batch}x{context}")
                if own and other:
                    ratios.append(own["decode"] * other[1] / batch)
        return statistics.geometric_mean(ratios) if ratios else None

    def markdown(self, header):
        self.limits()
        self.checks()
        self.decode()
        self.talk()
        self.prefill()
        self.w4()
        self.w4_once()
        self.kernels()
        self.operators()
        mean = self.mean()
        header = header + [f"Decode over eager, geometric mean: {mean:.2f}", ""] if mean else header
        return "\n".join(header + ["| what | goal | llmc | share, ratio | others |",
                                   "|---|---|---|---|---|", *self.rows]) + "\n"
