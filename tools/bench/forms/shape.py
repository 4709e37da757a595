"""How large a Llama is, and the frequencies by which its heads rotate."""
import math
import struct
from dataclasses import dataclass


def f32(value):
    """The nearest float32, as a Python float."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


@dataclass(frozen=True)
class Llama3Scaling:
    """Hugging Face's rope_scaling of type llama3."""
    factor: float = 32.0
    low: float = 1.0
    high: float = 4.0
    original: int = 8192  # positions that it was trained for before


@dataclass(frozen=True)
class Shape:
    width: int
    heads: int
    key_heads: int
    head: int
    hidden: int  # of the MLP
    vocabulary: int
    layers: int
    positions: int
    tied: bool = False
    theta: float = 500000.0
    scaling: Llama3Scaling | None = None
    epsilon: float = 1e-5
    head_norms: bool = False  # of queries and keys, as Qwen 3 has; GenAI's form only

    def matrices(self):
        """Name and [inputs, outputs] of a layer's linears, in the order in which they are used."""
        queries, keys = self.heads * self.head, self.key_heads * self.head
        return [("q", self.width, queries), ("k", self.width, keys), ("v", self.width, keys),
                ("o", queries, self.width), ("gate", self.width, self.hidden),
                ("up", self.width, self.hidden), ("down", self.hidden, self.width)]

    def frequencies(self):
        """What a position is multiplied by to give an angle, [head / 2] float32. Each step is
        rounded as in transformers, which computes them with float32 tensors; a power can differ
        from torch's in the last bit (1 of 150 over many heads and bases; none where compared)."""
        plain = [f32(1 / f32(self.theta ** f32(i / self.head))) for i in range(0, self.head, 2)]
        return plain if self.scaling is None else [self._scaled(value) for value in plain]

    def _scaled(self, frequency):
        by = self.scaling
        # torch divides a number by a tensor as the tensor's reciprocal times the number.
        wave = f32(f32(1 / frequency) * f32(2 * math.pi))
        if wave > by.original / by.low:
            return f32(frequency / by.factor)
        if wave < by.original / by.high:
            return frequency
        smooth = f32(f32(f32(f32(1 / wave) * by.original) - by.low) / (by.high - by.low))
        slow = f32(f32(f32(1 - smooth) * frequency) / by.factor)
        return f32(slow + f32(smooth * frequency))

    def root_of_scale(self):
        """What torch multiplies both queries and keys by. Its square need not be the head's size
        to the power of -0.5 in every bit: a form with one scale has to take the square."""
        return f32(math.sqrt(f32(self.head ** -0.5)))

    def config(self):
        """What the exporters leave as config.json, where a compiler reads it."""
        values = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
        values |= {key: getattr(self, name) for name, key in NAMES.items()}
        if self.scaling is not None:
            values["rope_scaling"] = {"rope_type": "llama3"} | {
                key: getattr(self.scaling, name) for name, key in SCALING_NAMES.items()}
        return values

    @staticmethod
    def of_config(values):
        """The reverse of config()."""
        scaling = values.get("rope_scaling")
        return Shape(**{name: values[key] for name, key in NAMES.items()},
                     scaling=scaling and Llama3Scaling(
                         **{name: scaling[key] for name, key in SCALING_NAMES.items()}))


# What config.json calls our fields.
NAMES = {"width": "hidden_size", "heads": "num_attention_heads",
         "key_heads": "num_key_value_heads", "head": "head_dim", "hidden": "intermediate_size",
         "vocabulary": "vocab_size", "layers": "num_hidden_layers",
         "positions": "max_position_embeddings", "tied": "tie_word_embeddings",
         "theta": "rope_theta", "epsilon": "rms_norm_eps"}
SCALING_NAMES = {"factor": "factor", "low": "low_freq_factor", "high": "high_freq_factor",
                 "original": "original_max_position_embeddings"}
SHAPES = {
    "llama-3.2-1b": Shape(2048, 32, 8, 64, 8192, 128256, 16, 131072, scaling=Llama3Scaling()),
    "llama-2-7b": Shape(4096, 32, 32, 128, 11008, 32000, 32, 4096, theta=10000.0),
    "llama-3.1-8b": Shape(4096, 32, 8, 128, 14336, 128256, 32, 131072,
                          scaling=Llama3Scaling(factor=8.0)),
    "tiny": Shape(256, 8, 4, 32, 704, 4096, 2, 2048),
}
