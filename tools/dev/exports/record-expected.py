#!/usr/bin/env python3
"""Runs an exported model in ONNX Runtime (CPU) and keeps what it says in MODEL_DIR/expected/.

    record-expected.py MODEL_DIR tok512.bin [--checkpoint stories260K.bin --tolerance 1e-3]

Files (all .npy, little-endian, C order):
  prompt_ids.npy             int64 [P]     the prompt below, BOS first
  prefill_logits.npy         f32 [P, V]    logits at every prompt position, one prefill
  decode_ids.npy             int64 [8]     the greedy tokens fed one at a time after that prefill
  decode_logits.npy          f32 [8, V]    row i: logits after feeding decode_ids[i]
  greedy_bos_ids.npy         int64 [256]   BOS and the 255 greedy tokens after it
  once_prompt_ids.npy        int64 [Q]     "Once upon a time", BOS first
  greedy_once_ids.npy        int64 [64]    the 64 greedy tokens after that prompt
Greedy never stops early: end-of-sequence is kept like any other token.
A model without a cache sees the whole sequence again at each step; its last row is what is kept.
A cache of a fixed length (one that takes write_indices) is filled with garbage before the first step.

With --checkpoint the same logits are computed in NumPy float64 and must agree within --tolerance,
and the greedy ids must be the same (--tolerance is the largest absolute difference; quantized
models need a larger one, or 0 to only report it).
"""
import argparse
from pathlib import Path

import numpy as np
import onnxruntime as ort

import llama2c

PROMPT = "Once upon a time, there was a big dog named Tim. He was"
TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32,
         "tensor(float16)": np.float16}


# Of a cache whose length the graph leaves open.
BUFFER = 512


class Model:
    """Feeds whichever of the usual inputs the graph has; keeps the presents as the next past."""

    def __init__(self, path, head_dim):
        self.head_dim = head_dim
        options = ort.SessionOptions()
        options.log_severity_level = 3  # TensorScatter warns of every copy
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name: i for i in self.session.get_inputs()}
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.static = "write_indices" in self.inputs
        self.past_names = [name for name, value in self.inputs.items() if value.type.startswith("tensor(float")]
        presents = [name for name in self.outputs if name != "logits"]
        self.next_name = dict(zip(presents, self.past_names))
        if len(presents) != len(self.past_names):
            raise SystemExit(f"{len(presents)} present outputs for {len(self.past_names)} past inputs")
        self.reset()

    def reset(self):
        self.seen, self.past = [], {}
        for name in self.past_names:
            value = self.inputs[name]  # [batch, kv_heads, past, head_dim]
            if self.static:  # perhaps [batch, length, kv_heads * head_dim]
                shape = [extent if isinstance(extent, int) else BUFFER for extent in value.shape[1:]]
                garbage = np.random.default_rng(0).uniform(-9, 9, [1] + shape)
                self.past[name] = garbage.astype(TYPES[value.type])
                continue
            heads, head_dim = value.shape[1], value.shape[3]
            if isinstance(head_dim, str):  # newer GenAI builders give the head dimension a name
                head_dim = self.head_dim
            self.past[name] = np.zeros((1, heads, 0, head_dim), TYPES[value.type])

    def logits(self, tokens):
        """Appends `tokens` and returns their logits, [len(tokens), vocab]."""
        start = len(self.seen) if self.past_names else 0
        self.seen += tokens
        fed = self.seen[start:]
        feed = dict(self.past)
        values = {"input_ids": fed, "attention_mask": [1] * len(self.seen),
                  "position_ids": range(start, len(self.seen))}
        for name, numbers in values.items():
            if name in self.inputs:
                feed[name] = np.array([list(numbers)], dtype=TYPES[self.inputs[name].type])
        for name, length in {"write_indices": start, "nonpad_kv_seqlen": len(self.seen)}.items():
            if name in self.inputs:
                feed[name] = np.array([length], dtype=np.int64)
        unknown = set(self.inputs) - set(feed)
        if unknown:
            raise SystemExit(f"no value for the inputs {sorted(unknown)}")
        result = dict(zip(self.outputs, self.session.run(None, feed)))
        self.past = {past: result[present] for present, past in self.next_name.items()}
        return result["logits"][0].astype(np.float32)[-len(tokens):]


class NumpyModel:
    def __init__(self, config, weights):
        self.config, self.weights = config, weights
        self.reset()

    def reset(self):
        self.reference = llama2c.Reference(self.config, self.weights)

    def logits(self, tokens):
        return np.stack([self.reference.step(token) for token in tokens])


def greedy(model, prompt, count):
    model.reset()
    row, out = model.logits(list(prompt))[-1], []
    while True:
        out.append(int(row.argmax()))
        if len(out) == count:
            return out
        row = model.logits(out[-1:])[-1]


def record(model, vocab):
    prompt = llama2c.encode(vocab, PROMPT)
    once = llama2c.encode(vocab, "Once upon a time")
    model.reset()
    prefill = model.logits(prompt)
    fed, rows, row = [], [], prefill[-1]
    for _ in range(8):
        fed.append(int(row.argmax()))
        row = model.logits(fed[-1:])[-1]
        rows.append(row)
    ids = lambda numbers: np.array(numbers, dtype=np.int64)
    return {
        "prompt_ids": ids(prompt), "prefill_logits": prefill.astype(np.float32),
        "decode_ids": ids(fed), "decode_logits": np.stack(rows).astype(np.float32),
        "greedy_bos_ids": ids([llama2c.BOS] + greedy(model, [llama2c.BOS], 255)),
        "once_prompt_ids": ids(once), "greedy_once_ids": ids(greedy(model, once, 64)),
    }


def compare(got, want, tolerance):
    for name, value in got.items():
        if name.endswith("_logits"):
            worst = float(np.abs(value - want[name]).max())
            print(f"{name}: {value.shape}, largest difference from NumPy {worst:.3g}")
            if tolerance and not worst <= tolerance:
                raise SystemExit(f"{name} differs by more than {tolerance}")
        else:
            same = np.array_equal(value, want[name])
            print(f"{name}: {value.size} ids, {'same as' if same else 'DIFFERENT from'} NumPy")
            if tolerance and not same:
                raise SystemExit(f"{name} differs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("vocab")
    parser.add_argument("--checkpoint")
    parser.add_argument("--head-dim", type=int, help="for graphs whose past inputs do not state it")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    args = parser.parse_args()
    vocab = llama2c.read_vocab(args.vocab)
    got = record(Model(args.model_dir / "model.onnx", args.head_dim), vocab)
    if args.checkpoint:
        compare(got, record(NumpyModel(*llama2c.read_checkpoint(args.checkpoint)), vocab), args.tolerance)
    folder = args.model_dir / "expected"
    folder.mkdir(exist_ok=True)
    for name, value in got.items():
        np.save(folder / f"{name}.npy", value)
    print(llama2c.decode(vocab, got["greedy_bos_ids"].tolist())[:80], "...")


if __name__ == "__main__":
    main()
