#!/usr/bin/env python3
"""Generates in ONNX Runtime GenAI itself and compares with MODEL_DIR/expected/.

    check-genai.py MODEL_DIR
"""
import sys
from pathlib import Path

import numpy as np
import onnxruntime_genai as og


def greedy(model, prompt, length):
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=length, do_sample=False)
    generator = og.Generator(model, params)
    generator.append_tokens(np.array([prompt], dtype=np.int32))
    while not generator.is_done():
        generator.generate_next_token()
    return np.array(generator.get_sequence(0))


def main():
    folder = Path(sys.argv[1])
    expected = {path.stem: np.load(path) for path in (folder / "expected").glob("*_ids.npy")}
    model = og.Model(str(folder))
    once = expected["once_prompt_ids"]
    # The prompt is tokenized by GenAI's own tokenizer, so that one is compared too; it adds no BOS
    # for what transformers 5 writes, where tokenizer_config.json has lost add_bos_token.
    got_once = og.Tokenizer(model).encode("Once upon a time")
    checks = {
        "tokenizer": (got_once, once[1:]),
        "from BOS": (greedy(model, [1], 256), expected["greedy_bos_ids"]),
        "from the prompt": (greedy(model, once, len(once) + 64),
                            np.concatenate([once, expected["greedy_once_ids"]])),
    }
    wrong = [name for name, (got, want) in checks.items() if not np.array_equal(got, want)]
    print("differ:" if wrong else "all the same:", ", ".join(wrong or checks))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
