#!/usr/bin/env python3
"""Makes test/data/families/mistral-scatter: a tiny random Mistral with a static cache, by mobius.

    export-scatter-family.py OUT

Its window is a float bias over the slots of the buffer, beside the number of those that are filled. Logits
for a prompt are recorded with ONNX Runtime, in one pass and token by token; the two must agree.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from transformers import MistralConfig, MistralForCausalLM

LENGTH = 32  # of the buffers
CONFIG = dict(vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              head_dim=16, intermediate_size=48, sliding_window=8, max_position_embeddings=LENGTH, bos_token_id=1,
              eos_token_id=2, pad_token_id=0)


def run(session, ids, start, past):
    """Logits of ids [S] written at `start` into the buffers `past`, and these after it."""
    numbers = {"input_ids": ids[None], "position_ids": np.arange(start, start + len(ids))[None],
               "write_indices": np.array([start]), "nonpad_kv_seqlen": np.array([start + len(ids)])}
    results = session.run(None, {**numbers, **past})
    return results[0][0], dict(zip(past, results[1:]))


def record(folder):
    options = ort.SessionOptions()
    options.log_severity_level = 3  # TensorScatter warns of every copy
    session = ort.InferenceSession(folder / "model.onnx", options)
    random = np.random.default_rng(0)
    garbage = {entry.name: random.uniform(-9, 9, [1] + entry.shape[1:]).astype(np.float32)
               for entry in session.get_inputs() if len(entry.shape) == 3}
    ids = random.integers(3, CONFIG["vocab_size"], 24)
    logits, _ = run(session, ids, 0, garbage)
    past = garbage
    for i in range(len(ids)):
        row, past = run(session, ids[i:i + 1], i, past)
        assert np.abs(row[0] - logits[i]).max() <= 1e-5 * np.abs(logits[i]).max(), i
    (folder / "expected").mkdir(exist_ok=True)
    np.save(folder / "expected/ids.npy", ids)
    np.save(folder / "expected/logits.npy", logits)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(**CONFIG)).eval()
    # Random weights of the default size make every row of logits nearly the same.
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.mul_(5)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        subprocess.run([sys.executable, "-m", "mobius", "build", "--config", folder, "--static-cache",
                        "--max-seq-len", str(LENGTH), str(out)], check=True,
                       env=dict(os.environ, MOBIUS_STATIC_CACHE_BIAS="1"))  # else it has no window
        (out / "config.json").write_bytes((Path(folder) / "config.json").read_bytes())
    graph = onnx.load(out / "model.onnx")
    graph.graph.name = out.name  # it is the temporary folder's
    for node in graph.graph.node:
        del node.metadata_props[:]
    onnx.save(graph, out / "model.onnx")  # weights inside
    (out / "model.onnx.data").unlink()
    record(out)


if __name__ == "__main__":
    main()
