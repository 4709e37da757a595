"""Makes the tokenizers of this folder and the cases that go with them.

    python make-tokenizers.py TEXT

TEXT is the file to train on; the committed ones are from 1.1 MB of
Shakespeare's plays ("tiny Shakespeare", public domain), with tokenizers 0.23.
Expected ids and texts are what the tokenizers library itself gives.
"""
import json
import os
import random
import sys
import unicodedata

from tokenizers import (AddedToken, Tokenizer, decoders, models, normalizers,
                        pre_tokenizers, processors, trainers, Regex)

HERE = os.path.dirname(os.path.abspath(__file__))
LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
                r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level():
    """Like GPT-2: ByteLevel does all; no token is put around the text."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    return t, trainer, [AddedToken("  ", normalized=True, special=False)]


def split_level():
    """Like Llama 3: a Split, ignore_merges, and a template behind ByteLevel."""
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin|> $A",
                                      special_tokens=[("<|begin|>", 0)])])
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<|begin|>", "<|end|>"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    return t, trainer, []


def sentence_piece():
    """Like Llama 2: "▁" for a space, byte tokens for what is not known."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    t.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=520, show_progress=False, limit_alphabet=70,
        special_tokens=["<unk>", "<s>", "</s>"] +
        ["<0x%02X>" % b for b in range(256)])
    return t, trainer, [AddedToken("<|user|>", special=True, rstrip=True),
                        AddedToken("<tool>", special=False, lstrip=True,
                                   normalized=False)]


def metaspace():
    """Like Mistral: Metaspace at the first piece only, and no normalizer."""
    t, trainer, added = sentence_piece()
    t.normalizer = None
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", "first", split=False)
    t.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    return t, trainer, added


CHUNKS = [
    "Hello", " world", "the", " thou art", "  ", "   ", "\n", "\n\n", "\t",
    " \n ", "'s", "'LL", "I'll", "don't", "1", "12345", "3.14", "!", "...", "?!",
    "(x)", "_", "a_b", "—", "é", "e\u0301", "Führer", "你好", "世界", "안녕",
    "Привет", "مرحبا", "नमस्ते", "🙂", "👨‍👩‍👧", "\u00a0", "\u3000", "½",
    "▁", "Ġ", "<0x41>", "<s>", "</s>", "<|endoftext|>", "<|begin|>", "<|user|>",
    "<tool>", "\x00", "\r\n", "ROMEO:\n", "What say you, my lord?"]


def texts_of(rnd, count):
    texts = ["", " ", "Once upon a time"] + CHUNKS
    while len(texts) < count:
        texts.append("".join(rnd.choice(CHUNKS) for _ in range(rnd.randrange(2, 9))))
    for text in texts:
        assert all(unicodedata.category(c) != "Cn" for c in text)
    return texts


def cases(t, count, seed):
    rnd = random.Random(seed)
    for text in texts_of(rnd, count):
        add, parse = rnd.random() < 0.5, rnd.random() < 0.5
        t.encode_special_tokens = not parse
        ids = t.encode(text, add_special_tokens=add).ids
        yield {"text": text, "add_special": add, "parse_special": parse,
               "ids": ids, "decoded": t.decode(ids, skip_special_tokens=False),
               "plain": t.decode(ids, skip_special_tokens=True)}


def main():
    lines = open(sys.argv[1], encoding="utf-8").read().splitlines(keepends=True)
    for name, make in [("byte-level", byte_level), ("split", split_level),
                       ("sentencepiece", sentence_piece),
                       ("metaspace", metaspace)]:
        t, trainer, added = make()
        # Where nothing cuts the text, a whole line is a piece: train on words.
        words = name in ("sentencepiece", "metaspace")
        text = (w for l in lines for w in l.split()) if words else lines
        t.train_from_iterator(text, trainer)
        t.add_tokens(added)
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        t.save(os.path.join(folder, "tokenizer.json"), pretty=False)
        with open(os.path.join(folder, "cases.jsonl"), "w", encoding="utf-8") as f:
            for case in cases(t, 120, len(name)):
                f.write(json.dumps(case) + "\n")


if __name__ == "__main__":
    main()
