#!/usr/bin/env python3
"""Exports a Hugging Face folder with Optimum (TorchScript exporter): with a cache, or without one.

    export-optimum.py HF OUT [--task text-generation-with-past] [--opset 18]
"""
import argparse

from optimum.exporters.onnx import main_export


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--task", default="text-generation-with-past")
    parser.add_argument("--opset", type=int, help="default: Optimum's own choice for the architecture")
    args = parser.parse_args()
    main_export(args.model, output=args.out, task=args.task, opset=args.opset, device="cpu")


if __name__ == "__main__":
    main()
