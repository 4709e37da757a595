#!/usr/bin/env python3
"""Turns a llama2.c checkpoint and its tokenizer into a Hugging Face LlamaForCausalLM folder.

    convert-llama2c.py stories260K.bin tok512.bin OUT [--head-dim 16]
                       [--goldens goldens.json --key stories260K]

With --goldens, torch's greedy output from BOS is compared with the published texts.
--head-dim widens every attention head with zeros, which leaves the model's function as it is: for
runtimes that refuse the checkpoint's own size (ONNX Runtime's GroupQueryAttention wants a multiple
of 16 for its rotary embedding).
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import llama2c


def rotary_rows(matrix, heads, head_dim):
    """Reorders the rows of wq or wk from rotary pairs (2i, 2i+1) to pairs (i, i + head_dim/2).

    A head_dim k times wider than the checkpoint's gets its pairs at every k-th place, zero rows
    between: pair k*i of the wide head turns at the very frequency of pair i of the narrow one.
    """
    rows, columns = matrix.shape
    half, stride = rows // heads // 2, head_dim * heads // rows
    wide = np.zeros((heads, 2, head_dim // 2, columns), np.float32)
    wide[:, :, ::stride] = matrix.reshape(heads, half, 2, columns).transpose(0, 2, 1, 3)
    return torch.from_numpy(wide.reshape(heads * head_dim, columns))


def plain(array):
    return torch.from_numpy(array.copy())


def padded_rows(matrix, heads, head_dim):
    """Appends zero rows to each head of wv (or, transposed, zero columns to each head of wo)."""
    rows, columns = matrix.shape
    wide = np.zeros((heads, head_dim, columns), np.float32)
    wide[:, :rows // heads] = matrix.reshape(heads, rows // heads, columns)
    return torch.from_numpy(wide.reshape(heads * head_dim, columns))


def state_dict(config, weights, head_dim):
    state = {"model.embed_tokens.weight": plain(weights["embedding"]),
             "model.norm.weight": plain(weights["final_norm"]),
             "lm_head.weight": plain(weights["embedding"] if config.tied else weights["head"])}
    # Attention divides by sqrt(head_dim), so a wider head needs larger queries.
    widening = np.float32(np.sqrt(head_dim / config.head_dim))
    for i in range(config.layers):
        layer = f"model.layers.{i}."
        attention = layer + "self_attn."
        state[attention + "q_proj.weight"] = rotary_rows(weights["wq"][i] * widening, config.heads, head_dim)
        state[attention + "k_proj.weight"] = rotary_rows(weights["wk"][i], config.kv_heads, head_dim)
        state[attention + "v_proj.weight"] = padded_rows(weights["wv"][i], config.kv_heads, head_dim)
        state[attention + "o_proj.weight"] = padded_rows(
            weights["wo"][i].T, config.heads, head_dim).T.contiguous()
        for name, source in [("mlp.gate_proj", "w1"), ("mlp.down_proj", "w2"), ("mlp.up_proj", "w3"),
                             ("input_layernorm", "attention_norm"),
                             ("post_attention_layernorm", "mlp_norm")]:
            state[f"{layer}{name}.weight"] = plain(weights[source][i])
    return state


def tokenizer_json(vocab):
    """llama2.c merges whichever neighbours give the best-scored piece, however they were split,
    so every split of a piece becomes a merge, and the pieces' scores order the merges."""
    names = []
    for i, (piece, _) in enumerate(vocab):
        text = piece.decode("utf-8")
        names.append(["<unk>", "<s>", "</s>"][i] if i < 3 else text.replace(" ", "\u2581"))
    known = set(names)
    if len(known) != len(names):
        raise SystemExit("two ids share one piece")
    first_learned = llama2c.BYTE_BASE + 256
    learned = sorted(range(first_learned, len(names)), key=lambda i: -vocab[i][1])
    merges = []
    for i in learned:
        for cut in range(1, len(names[i])):
            left, right = names[i][:cut], names[i][cut:]
            if left in known and right in known:
                merges.append([left, right])
    special = [{"id": i, "content": names[i], "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": True} for i in range(3)]
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": kind}} for name, kind in [("A", 0), ("B", 1)])
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing", "single": [bos, first],
            "pair": [bos, first, {"SpecialToken": {"id": "<s>", "type_id": 1}}, second],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [llama2c.BOS], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
                  "byte_fallback": True, "ignore_merges": False,
                  "vocab": {name: i for i, name in enumerate(names)}, "merges": merges},
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(out, vocab, seq):
    write_json(out / "tokenizer.json", tokenizer_json(vocab))
    added = {str(i): {"content": name, "lstrip": False, "normalized": False, "rstrip": False,
                      "single_word": False, "special": True}
             for i, name in enumerate(["<unk>", "<s>", "</s>"])}
    write_json(out / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": added,
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": None,
        "clean_up_tokenization_spaces": False, "legacy": True, "model_max_length": seq,
        "tokenizer_class": "LlamaTokenizerFast"})
    write_json(out / "special_tokens_map.json",
               {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"})


@torch.no_grad()
def greedy(model, count):
    ids, past, step = [llama2c.BOS], None, torch.tensor([[llama2c.BOS]])
    for _ in range(count):
        result = model(input_ids=step, past_key_values=past, use_cache=True)
        past, step = result.past_key_values, result.logits[:, -1:].argmax(-1)
        ids.append(int(step))
    return ids


def check_goldens(path, key, model, vocab):
    for golden in json.loads(Path(path).read_text())[key]:
        text = llama2c.decode(vocab, greedy(model, golden["steps"]))
        if not text.startswith(golden["text"]):
            raise SystemExit(f"greedy text differs from {golden['source']}:\n{text}")
        print(f"greedy, {golden['steps']} steps: same as {golden['source']}; "
              f"{len(text) - len(golden['text'])} characters more")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("tokenizer")
    parser.add_argument("out", type=Path)
    parser.add_argument("--head-dim", type=int)
    parser.add_argument("--goldens")
    parser.add_argument("--key", default="stories260K")
    args = parser.parse_args()

    config, weights = llama2c.read_checkpoint(args.checkpoint)
    vocab = llama2c.read_vocab(args.tokenizer)
    head_dim = args.head_dim or config.head_dim
    if head_dim % config.head_dim:
        raise SystemExit(f"--head-dim must be a multiple of {config.head_dim}")
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=config.vocab, hidden_size=config.dim, intermediate_size=config.hidden,
        num_hidden_layers=config.layers, num_attention_heads=config.heads,
        num_key_value_heads=config.kv_heads, head_dim=head_dim,
        max_position_embeddings=config.seq,
        rms_norm_eps=llama2c.RMS_EPS, rope_theta=llama2c.ROPE_THETA,
        tie_word_embeddings=config.tied, bos_token_id=llama2c.BOS, eos_token_id=llama2c.EOS)).eval()
    model.load_state_dict(state_dict(config, weights, head_dim), strict=True)
    model.generation_config.do_sample = False
    args.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(args.out)
    write_json(args.out / "generation_config.json", {
        "bos_token_id": llama2c.BOS, "do_sample": False, "eos_token_id": llama2c.EOS})
    write_tokenizer(args.out, vocab, config.seq)
    if args.goldens:
        check_goldens(args.goldens, args.key, model, vocab)


if __name__ == "__main__":
    main()
