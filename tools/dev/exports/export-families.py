#!/usr/bin/env python3
"""Makes test/data/families: tiny random decoders of families that stories260K does not stand for.

    export-families.py OUT [NAME...]

Each goes through Optimum to ONNX, and its logits for a prompt are recorded with ONNX Runtime, in one pass
and token by token with the cache; the two must agree.
"""
import argparse
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from optimum.exporters.onnx import onnx_export_from_model
from transformers import AutoConfig, AutoModelForCausalLM

SIZES = dict(vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
# name: the architecture and what of its configuration is not the default.
FAMILIES = {
    "neox": ("gpt_neox", dict(SIZES, intermediate_size=48, rotary_pct=0.5)),
    "opt": ("opt", dict(SIZES, ffn_dim=48, word_embed_proj_dim=32, pad_token_id=0)),
    "falcon": ("falcon", dict(SIZES, multi_query=True, parallel_attn=True, alibi=False, bias=False)),
    # Sizes that are all different, and a head whose frequencies do not stay in the graph.
    "llama3": ("llama", dict(SIZES, num_attention_heads=6, num_key_value_heads=2, head_dim=40,
                             intermediate_size=48, max_position_embeddings=512, rms_norm_eps=1e-5,
                             rope_theta=500000.0, tie_word_embeddings=True, rope_scaling=dict(
                                 rope_type="llama3", factor=32.0, low_freq_factor=1.0,
                                 high_freq_factor=4.0, original_max_position_embeddings=32))),
    "llama-mha": ("llama", dict(SIZES, head_dim=12, intermediate_size=40, rms_norm_eps=1e-5)),
    "gemma3": ("gemma3_text", dict(SIZES, num_key_value_heads=2, head_dim=8, intermediate_size=48,
                                   sliding_window=8, query_pre_attn_scalar=8, pad_token_id=0,
                                   layer_types=["sliding_attention", "full_attention"])),
}
# Whose weights do not lie in model.onnx.
OUTSIDE = {"llama3"}


def run(session, ids, past):
    """Logits of ids [S] behind `past`, and the cache after them."""
    feed = {}
    before = next(iter(past.values())).shape[2]
    for entry in session.get_inputs():
        if entry.name == "input_ids":
            feed[entry.name] = ids[None]
        elif entry.name == "position_ids":
            feed[entry.name] = np.arange(before, before + len(ids), dtype=np.int64)[None]
        elif entry.name == "attention_mask":
            feed[entry.name] = np.ones((1, before + len(ids)), np.int64)
        else:
            feed[entry.name] = past[entry.name]
    names = [entry.name for entry in session.get_outputs()]
    results = dict(zip(names, session.run(None, feed)))
    cache = {name.replace("present", "past_key_values"): value
             for name, value in results.items() if name.startswith("present")}
    return results["logits"][0].astype(np.float32), cache


def record(folder, vocabulary, width):
    options = ort.SessionOptions()
    # GenAI's graphs say of some tensors that they have S rows where they have P + S.
    options.enable_mem_reuse = False
    session = ort.InferenceSession(folder / "model.onnx", options)
    empty = {entry.name: np.zeros([1, entry.shape[1], 0, width or entry.shape[3]],
                                  np.float16 if "float16" in entry.type else np.float32)
             for entry in session.get_inputs() if len(entry.shape) == 4}
    ids = np.random.default_rng(0).integers(3, vocabulary, 24)
    logits, _ = run(session, ids, empty)
    past = empty
    for i, token in enumerate(ids):
        row, past = run(session, ids[i:i + 1], past)
        tolerance = 2e-3 if any(a.dtype == np.float16 for a in empty.values()) else 1e-5
        assert np.abs(row[0] - logits[i]).max() <= tolerance * np.abs(logits[i]).max(), (folder, i)
    (folder / "expected").mkdir(exist_ok=True)
    np.save(folder / "expected/ids.npy", ids)
    np.save(folder / "expected/logits.npy", logits)


def strip(path):
    """Drops what only debugging reads."""
    model = onnx.load(path, load_external_data=False)
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--record", action="store_true", help="only record logits of models that are there")
    parser.add_argument("--head-dim", type=int, help="of the cache, where the graph does not say")
    args = parser.parse_args()
    for name in args.names or FAMILIES:
        folder = args.out / name
        if not args.record:
            torch.manual_seed(0)
            architecture, changes = FAMILIES[name]
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **changes)).eval()
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    torch.nn.init.normal_(parameter, std=0.1)
                else:
                    parameter.data += 0.1 * torch.randn_like(parameter)
            # What Optimum does by itself where a model exceeds 2 GiB.
            os.environ["FORCE_ONNX_EXTERNAL_DATA"] = str(int(name in OUTSIDE))
            onnx_export_from_model(model, folder, task="text-generation-with-past", do_validation=False)
            for file in folder.iterdir():
                if file.suffix == ".json" and file.name != "config.json":
                    file.unlink()
            strip(folder / "model.onnx")
        record(folder, 96, args.head_dim)


if __name__ == "__main__":
    main()
