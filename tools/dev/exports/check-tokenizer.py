#!/usr/bin/env python3
"""Compares a tokenizer.json with llama2.c's encode() and decode on fixed and random texts.

    check-tokenizer.py tok512.bin tokenizer.json [--random 20000] [--not-leading-space]
                       [--write-cases cases.json]

--not-leading-space leaves out texts that begin with a space: transformers 5 rewrites Llama tokenizers
with a Metaspace pre-tokenizer, which puts no second space before such a text. Byte fallback, merges
and everything after the first character are the same.
--write-cases keeps the fixed texts with llama2.c's ids (BOS first) as JSON.
Known and accepted: a text that spells a special token (<s>) or holds U+2581 itself differs, since
tokenizer.json gives both a meaning that llama2.c does not know.
"""
import argparse
import json
import random
from pathlib import Path

from tokenizers import Tokenizer

import llama2c

TEXTS = [
    "", " ", "  ", "a", "\n", "Once upon a time", "Once upon a time, there was a little girl named Lily.",
    "  two  spaces  in   a row ", "Line one.\nLine two.\n\n\tTabbed.", "\"It's 5 o'clock,\" she said; 100%!",
    "na\u00efve caf\u00e9 \u2014 \u201cquoted\u201d \u20ac5", "\u65e5\u672c\u8a9e \U0001f600 \u0416", "UPPER lower MiXeD",
    "aaaaaaaaaa eeeeee oooo", "the thethe hehehe nded", "x" * 300, "Timmy went out upon the park, and and",
]
ALPHABET = (list("abcdefghijklmnopqrstuvwxyz") * 2 + list("ABCDEFGHILMNOPRSTW .,!?'\"-\n07\t#")
            + [" "] * 12 + ["\u00e9", "\u20ac", "\U0001f600"])


def texts(count):
    yield from TEXTS
    rng = random.Random(7)
    words = "the and he she was said to play with a big ball day Lily Tim mom park happy little there".split()
    for i in range(count):
        if i % 2:
            yield "".join(rng.choices(ALPHABET, k=rng.randint(1, 60)))
        else:
            yield rng.choice(["", " ", "\n"]).join(rng.choices(words, k=rng.randint(1, 20)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("vocab")
    parser.add_argument("tokenizer")
    parser.add_argument("--random", type=int, default=20000)
    parser.add_argument("--write-cases", type=Path)
    parser.add_argument("--not-leading-space", action="store_true")
    args = parser.parse_args()
    vocab = llama2c.read_vocab(args.vocab)
    tokenizer = Tokenizer.from_file(args.tokenizer)
    checked, wrong = 0, 0
    for text in texts(args.random):
        if args.not_leading_space and text.startswith(" "):
            continue
        want, got = llama2c.encode(vocab, text), tokenizer.encode(text).ids
        back, plain = tokenizer.decode(got), llama2c.decode(vocab, want)
        checked += 1
        if want != got or back != plain or plain != text:
            wrong += 1
            if wrong <= 5:
                print(f"{text!r}\n  llama2.c {want}\n  here     {got}\n  decoded  {back!r} / {plain!r}")
    if args.write_cases:
        cases = [{"text": text, "ids": llama2c.encode(vocab, text)} for text in TEXTS]
        args.write_cases.write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    print(f"{checked} texts, {wrong} differ")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
