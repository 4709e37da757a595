#!/usr/bin/env python3
"""Writes a Llama of a given shape with random weights, in f32 with external data, as one of two
exporters does: `genai` (ONNX Runtime GenAI's builder) or `optimum` (Optimum through TorchScript).
The same flags give both forms the same weights. Needs the package numpy.

    make-model.py FOLDER [--form optimum] [--shape llama-3.2-1b] [--layers N] [--tied]
"""
import argparse
from dataclasses import replace
from pathlib import Path

from forms import genai, optimum
from forms.shape import SHAPES
from forms.weights import Random

FORMS = {"genai": genai, "optimum": optimum}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--form", choices=FORMS, default="genai")
    parser.add_argument("--shape", choices=SHAPES, default="llama-3.2-1b")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--positions", type=int, help="the longest context")
    parser.add_argument("--tied", action="store_true", help="the head is the table, transposed")
    parser.add_argument("--seed", type=int, default=20)
    flags = parser.parse_args()
    shape = SHAPES[flags.shape]
    shape = replace(shape, tied=flags.tied, layers=flags.layers or shape.layers,
                    positions=flags.positions or shape.positions)
    FORMS[flags.form].write(flags.folder, shape, Random(flags.seed))


if __name__ == "__main__":
    main()
