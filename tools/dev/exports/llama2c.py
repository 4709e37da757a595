"""Readers for llama2.c's two files, and its tokenizer and greedy loop in plain NumPy.

The other scripts import this: it is the independent yardstick that the Hugging Face folder and
every exported graph are compared with, so it uses neither torch nor a tokenizer library.
"""
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BOS, EOS = 1, 2
BYTE_BASE = 3  # ids 3..258 are <0x00>..<0xFF>
RMS_EPS = 1e-5
ROPE_THETA = 10000.0


@dataclass
class Config:
    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    vocab: int
    seq: int
    tied: bool

    @property
    def head_dim(self):
        return self.dim // self.heads


def read_checkpoint(path):
    """Returns (Config, dict of float32 arrays); per-layer arrays have the layer as first axis."""
    raw = Path(path).read_bytes()
    dim, hidden, layers, heads, kv_heads, vocab, seq = struct.unpack("<7i", raw[:28])
    config = Config(dim, hidden, layers, heads, kv_heads, abs(vocab), seq, vocab > 0)
    kv_dim = config.head_dim * kv_heads
    shapes = [
        ("embedding", (config.vocab, dim)),
        ("attention_norm", (layers, dim)),
        ("wq", (layers, dim, dim)),
        ("wk", (layers, kv_dim, dim)),
        ("wv", (layers, kv_dim, dim)),
        ("wo", (layers, dim, dim)),
        ("mlp_norm", (layers, dim)),
        ("w1", (layers, hidden, dim)),  # gate
        ("w2", (layers, dim, hidden)),  # down
        ("w3", (layers, hidden, dim)),  # up
        ("final_norm", (dim,)),
        ("rope_cos", (seq, config.head_dim // 2)),
        ("rope_sin", (seq, config.head_dim // 2)),
    ]
    if not config.tied:
        shapes.append(("head", (config.vocab, dim)))
    values = np.frombuffer(raw, dtype="<f4", offset=28)
    weights, at = {}, 0
    for name, shape in shapes:
        count = int(np.prod(shape))
        weights[name] = values[at:at + count].reshape(shape)
        at += count
    if at != values.size:
        raise SystemExit(f"{path}: {values.size} floats, the header asks for {at}")
    return config, weights


def read_vocab(path):
    """Returns a list of (piece as bytes, score), by id."""
    raw = Path(path).read_bytes()
    at, vocab = 4, []  # the first int32 is the longest piece's length
    while at < len(raw):
        score, length = struct.unpack_from("<fi", raw, at)
        vocab.append((raw[at + 8:at + 8 + length], score))
        at += 8 + length
    return vocab


def encode(vocab, text, bos=True):
    """llama2.c's encode(): code points (bytes where unknown), then best-scored merges."""
    index = {piece: i for i, (piece, _) in reversed(list(enumerate(vocab)))}
    ids = [index[b" "]] if text else []
    for char in text:
        data = char.encode("utf-8")
        ids += [index[data]] if data in index else [b + BYTE_BASE for b in data]
    while True:
        best, where, merged_id = -1e10, -1, -1
        for i in range(len(ids) - 1):
            merged = index.get(vocab[ids[i]][0] + vocab[ids[i + 1]][0])
            if merged is not None and vocab[merged][1] > best:
                best, where, merged_id = vocab[merged][1], i, merged
        if where < 0:
            return ([BOS] if bos else []) + ids
        ids[where:where + 2] = [merged_id]


def decode(vocab, ids):
    """llama2.c's printing loop: `ids` starts with the token before the first printed one."""
    out = b""
    for previous, token in zip(ids, ids[1:]):
        piece = vocab[token][0]
        if previous == BOS and piece[:1] == b" ":
            piece = piece[1:]
        if BYTE_BASE <= token < BYTE_BASE + 256:
            piece = bytes([token - BYTE_BASE])
        out += piece
    return out.decode("utf-8", errors="replace")


class Reference:
    """One-token-at-a-time forward pass with interleaved rotary pairs, as llama2.c stores them."""

    def __init__(self, config, weights):
        self.c, self.w = config, weights
        self.keys = [[] for _ in range(config.layers)]
        self.values = [[] for _ in range(config.layers)]

    @staticmethod
    def _norm(x, weight):
        return x / np.sqrt(np.mean(x * x) + RMS_EPS) * weight

    def _rotate(self, x, position):
        half = self.c.head_dim // 2
        angle = position * ROPE_THETA ** (-np.arange(half) / half)
        cos, sin = np.cos(angle), np.sin(angle)
        even, odd = x[:, 0::2], x[:, 1::2]
        out = np.empty_like(x)
        out[:, 0::2] = even * cos - odd * sin
        out[:, 1::2] = even * sin + odd * cos
        return out

    def step(self, token):
        c, w = self.c, self.w
        position = len(self.keys[0])
        x = w["embedding"][token].astype(np.float64)
        for layer in range(c.layers):
            h = self._norm(x, w["attention_norm"][layer])
            q = self._rotate((w["wq"][layer] @ h).reshape(c.heads, -1), position)
            self.keys[layer].append(self._rotate((w["wk"][layer] @ h).reshape(c.kv_heads, -1), position))
            self.values[layer].append((w["wv"][layer] @ h).reshape(c.kv_heads, -1))
            group = c.heads // c.kv_heads
            keys = np.repeat(np.stack(self.keys[layer]), group, axis=1)
            values = np.repeat(np.stack(self.values[layer]), group, axis=1)
            scores = np.einsum("hd,thd->ht", q, keys) / np.sqrt(c.head_dim)
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
            x = x + w["wo"][layer] @ np.einsum("ht,thd->hd", scores, values).reshape(-1)
            h = self._norm(x, w["mlp_norm"][layer])
            gate = w["w1"][layer] @ h
            x = x + w["w2"][layer] @ (gate / (1 + np.exp(-gate)) * (w["w3"][layer] @ h))
        head = w["embedding"] if c.tied else w["head"]
        return head @ self._norm(x, w["final_norm"])
