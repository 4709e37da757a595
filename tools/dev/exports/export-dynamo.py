#!/usr/bin/env python3
"""Exports a Hugging Face folder with torch.onnx.export(dynamo=True), with a cache.

    export-dynamo.py HF OUT [--opset 20]

Inputs and outputs carry Optimum's names. The exporter and its optimizer run as they are by default; only
the stack traces that torch writes into every node's metadata are taken out: they hold local paths.
"""
import argparse
import shutil
from pathlib import Path

import onnx
import torch
from transformers import AutoModelForCausalLM, DynamicCache

COPIED = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
          "special_tokens_map.json"]


class WithCache(torch.nn.Module):
    """Takes and returns the cache as a flat list: key 0, value 0, key 1, ..."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids, past):
        cache = DynamicCache(list(zip(past[::2], past[1::2])))
        result = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                            past_key_values=cache, use_cache=True)
        present = [tensor for layer in result.past_key_values.layers for tensor in (layer.keys, layer.values)]
        return result.logits, present


def drop_stack_traces(path):
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key != "pkg.torch.onnx.stack_trace"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--opset", type=int, help="default: torch's own choice")
    args = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(args.model).eval()
    config = model.config
    batch, new, past = 2, 3, 5
    shape = (batch, config.num_key_value_heads, past, config.head_dim)
    names = [f"{i}.{kind}" for i in range(config.num_hidden_layers) for kind in ("key", "value")]
    inputs = (torch.ones(batch, new, dtype=torch.int64), torch.ones(batch, past + new, dtype=torch.int64),
              torch.arange(past, past + new).repeat(batch, 1), [torch.randn(shape) for _ in names])
    dims = ({0: "batch_size", 1: "sequence_length"}, {0: "batch_size", 1: "total_sequence_length"},
            {0: "batch_size", 1: "sequence_length"},
            [{0: "batch_size", 2: "past_sequence_length"} for _ in names])
    args.out.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        program = torch.onnx.export(
            WithCache(model).eval(), inputs, dynamo=True, dynamic_shapes=dims, opset_version=args.opset,
            input_names=["input_ids", "attention_mask", "position_ids"] + [f"past_key_values.{n}" for n in names],
            output_names=["logits"] + [f"present.{n}" for n in names])
    program.save(args.out / "model.onnx")
    drop_stack_traces(args.out / "model.onnx")
    for name in COPIED:
        if (args.model / name).exists():
            shutil.copyfile(args.model / name, args.out / name)


if __name__ == "__main__":
    main()
