"""Makes the vocabularies of this folder that are of other kinds than BPE in a
tokenizer.json, and the cases that go with them.

    python make-vocabularies.py TEXT

Each kind is asked of a library of its own: tokenizers 0.23 (Unigram, WordPiece,
WordLevel), sentencepiece 0.2.3, tiktoken 0.14, rwkv 0.8.32 (its trie). What a
GGUF file holds is the vocabulary beside it, written by gguf 0.19: the ids are
those of the other library. TEXT is as in make-tokenizers.py.
"""
import base64
import collections
import importlib
import io
import json
import os
import random
import sys

import gguf
import sentencepiece
import tiktoken
import tiktoken_ext.openai_public as openai
from rwkv.rwkv_tokenizer import TRIE_TOKENIZER
from tiktoken._educational import bpe_train
from tokenizers import (Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers, Regex)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
json_kinds = importlib.import_module("make-tokenizers")

# Rules of a character map: a compatible form of several characters, of one, a
# letter with its accent, and a character that vanishes.
RULES = {"½": "1⁄2", "—": "-", "\u3000": " ", "\u00a0": " ", "e\u0301": "é",
         "Ａ": "A", "ﬁ": "fi", "ﷺ": "صلى الله عليه وسلم", "\u200d": ""}
MORE = ["ﬁn Ａ", "ﷺ", "<tool>x", "x <tool>", "Hark! what light, what news?"]


def folder(name):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    return path


def write_cases(name, encode, decode, specials=True, parses=False, key="plain"):
    """encode(text, add, parse) gives ids, decode(ids) their text or None; the
    key is "decoded" where the text has the special tokens too."""
    rnd = random.Random(len(name))
    with open(os.path.join(folder(name), "cases.jsonl"), "w") as f:
        for text in json_kinds.texts_of(rnd, 75) + MORE:
            add = specials and rnd.random() < 0.5
            parse = parses and rnd.random() < 0.5
            case = {"text": text, "add_special": add, "parse_special": parse,
                    "ids": encode(text, add, parse)}
            text = decode(case["ids"])
            if text is not None:
                case[key] = text
            f.write(json.dumps(case) + "\n")


def write_json(name, t):
    t.save(os.path.join(folder(name), "tokenizer.json"), pretty=False)

    def encode(text, add, parse):
        t.encode_special_tokens = not parse
        return t.encode(text, add_special_tokens=add).ids
    write_cases(name, encode, lambda ids: t.decode(ids), parses=True)


def write_gguf(name, model, tokens, architecture="llama", scores=None, types=None,
               **others):
    writer = gguf.GGUFWriter(os.path.join(folder(name), "vocabulary.gguf"), architecture)
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    if scores:
        writer.add_token_scores(scores)
    if types:
        writer.add_token_types(types)
    for key, value in others.items():
        getattr(writer, "add_" + key)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def sentence_piece(name, lines, kind, **options):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type=kind, num_threads=1,
        minloglevel=2, hard_vocab_limit=False, **options)
    path = os.path.join(folder(name), "tokenizer.model")
    with open(path, "wb") as f:
        f.write(out.getvalue())
    return sentencepiece.SentencePieceProcessor(model_file=path)


def write_piece_cases(name, sp, **add_options):
    with open(os.path.join(folder(name), "tokenizer_config.json"), "w") as f:
        json.dump({key + "_token": value for key, value in add_options.items()}, f)

    def decode(ids):
        return None if sp.unk_id() in ids else sp.decode(ids)
    write_cases(name, lambda text, add, _: sp.encode(text, **(add_options if add else {})),
                decode)


def pieces_gguf(name, model, sp, **others):
    count = sp.get_piece_size()
    user = {"<tool>"}

    def type_of(i):
        return (gguf.TokenType.UNKNOWN if sp.is_unknown(i) else
                gguf.TokenType.CONTROL if sp.is_control(i) else
                gguf.TokenType.BYTE if sp.is_byte(i) else
                gguf.TokenType.USER_DEFINED if sp.id_to_piece(i) in user else
                gguf.TokenType.NORMAL)
    write_gguf(name, model, [sp.id_to_piece(i) for i in range(count)],
               scores=[sp.get_score(i) for i in range(count)],
               types=[type_of(i) for i in range(count)], bos_token_id=sp.bos_id(),
               eos_token_id=sp.eos_id(), **others)


def charsmap_of(name):
    """The field normalizer_spec.precompiled_charsmap of a SentencePiece model."""
    from sentencepiece import sentencepiece_model_pb2 as pb
    model = pb.ModelProto()
    with open(os.path.join(folder(name), "tokenizer.model"), "rb") as f:
        model.ParseFromString(f.read())
    return model.normalizer_spec.precompiled_charsmap


def sentence_pieces(lines):
    rules = os.path.join(HERE, "rules.tsv")
    with open(rules, "w") as f:
        for source, target in RULES.items():
            f.write(" ".join("%X" % ord(c) for c in source) + "\t" +
                    " ".join("%X" % ord(c) for c in target) + "\n")
    name = "sentencepiece-unigram"
    sp = sentence_piece(name, lines, "unigram", vocab_size=400,
                        normalization_rule_tsv=rules, user_defined_symbols=["<tool>"])
    os.remove(rules)
    write_piece_cases(name, sp, add_eos=True)
    pieces_gguf(name, "t5", sp, precompiled_charsmap=charsmap_of(name),
                remove_extra_whitespaces=True, add_space_prefix=True)
    name = "sentencepiece-bpe"
    sp = sentence_piece(name, lines, "bpe", vocab_size=600, byte_fallback=True,
                        normalization_rule_name="identity",
                        remove_extra_whitespaces=False, user_defined_symbols=["<tool>"])
    write_piece_cases(name, sp, add_bos=True)
    pieces_gguf(name, "llama", sp)
    name = "sentencepiece-char"
    sp = sentence_piece(name, lines, "char", vocab_size=60,
                        normalization_rule_name="identity")
    write_piece_cases(name, sp, add_bos=True, add_eos=True)


def unigram(words):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap_of("sentencepiece-unigram")),
         normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    t.decoder = decoders.Metaspace("▁", "always")
    t.train_from_iterator(words, trainers.UnigramTrainer(
        vocab_size=400, unk_token="<unk>", show_progress=False,
        special_tokens=["<pad>", "</s>", "<unk>"]))
    t.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", t.token_to_id("</s>"))])
    write_json("unigram", t)


def word_piece(lines):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece("##")
    t.train_from_iterator(lines, trainers.WordPieceTrainer(
        vocab_size=400, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    write_json("wordpiece", t)
    tokens = [t.id_to_token(i) for i in range(t.get_vocab_size())]
    with open(os.path.join(folder("wordpiece"), "vocab.txt"), "w") as f:
        f.writelines(token + "\n" for token in tokens)
    special = [token.startswith("[") and token.endswith("]") and len(token) > 2
               for token in tokens]
    write_gguf("wordpiece", "bert",
               [token if s else token[2:] if token.startswith("##") else "▁" + token
                for token, s in zip(tokens, special)], "bert",
               types=[gguf.TokenType.CONTROL if s else gguf.TokenType.NORMAL
                      for s in special])


def word_level(lines):
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    t.train_from_iterator(lines, trainers.WordLevelTrainer(
        vocab_size=300, show_progress=False, special_tokens=["<unk>", "<s>"]))
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    write_json("wordlevel", t)


def byte_level_gguf():
    with open(os.path.join(folder("byte-level"), "tokenizer.json")) as f:
        model = json.load(f)
    vocabulary = dict(model["model"]["vocab"])
    types = {}
    for added in model["added_tokens"]:
        vocabulary[added["content"]] = added["id"]
        types[added["id"]] = (gguf.TokenType.CONTROL if added["special"]
                              else gguf.TokenType.USER_DEFINED)
    tokens = sorted(vocabulary, key=vocabulary.get)
    write_gguf("byte-level", "gpt2", tokens, "gpt2",
               types=[types.get(i, gguf.TokenType.NORMAL) for i in range(len(tokens))],
               tokenizer_pre="gpt-2", token_merges=[
                   merge if isinstance(merge, str) else " ".join(merge)
                   for merge in model["model"]["merges"]])


def tik_token(text):
    for encoding in ("cl100k_base", "o200k_base"):
        name = "tiktoken-" + encoding.split("_")[0]
        openai.load_tiktoken_bpe = lambda *_, **__: {}
        spec = getattr(openai, encoding)()
        ranks = bpe_train(text, 400, spec["pat_str"], visualise=None)
        with open(os.path.join(folder(name), encoding + ".tiktoken"), "wb") as f:
            for token, rank in ranks.items():
                f.write(base64.b64encode(token) + b" %d\n" % rank)
        spec["mergeable_ranks"] = ranks
        spec.pop("explicit_n_vocab", None)
        t = tiktoken.Encoding(**spec)
        write_cases(name, lambda text, add, parse: t.encode(
            text, allowed_special="all" if parse else set(), disallowed_special=()),
            t.decode, specials=False, parses=True, key="decoded")


def rwkv(words):
    counts = collections.Counter(b" " + word.encode() for word in words)
    counts.update(word.encode() for word in words)
    tokens = [bytes([b]) for b in range(256)]
    tokens += sorted(word for word, _ in counts.most_common(200) if len(word) > 1)
    tokens += [s.encode() for s in ("\n\n", "你好", "é", "'\"")]
    path = os.path.join(folder("rwkv"), "rwkv_vocab_small.txt")
    with open(path, "w", encoding="utf-8") as f:
        for i, token in enumerate(tokens, 1):
            try:
                literal = repr(token.decode())
            except UnicodeDecodeError:
                literal = repr(token)
            f.write(f"{i} {literal} {len(token)}\n")
    t = TRIE_TOKENIZER(path)
    write_cases("rwkv", lambda text, *_: t.encode(text), t.decode, specials=False)


def main():
    lines = open(sys.argv[1], encoding="utf-8").read().splitlines(keepends=True)
    words = [word for line in lines for word in line.split()]
    sentence_pieces([line.rstrip("\n") for line in lines if line.strip()])
    unigram(words)
    word_piece(lines)
    word_level(lines)
    byte_level_gguf()
    tik_token("".join(lines[:2000]))
    rwkv(words)


if __name__ == "__main__":
    main()
