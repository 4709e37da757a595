"""A Llama in plain PyTorch, with the weights that the compiler read: what tokens and logits are
checked against, and the peer where the package transformers is missing."""
import mmap
from pathlib import Path

import models


class Stored:
    """The weights of a model that was written, [inputs, outputs] as there."""

    def __init__(self, torch, folder, device):
        self.torch, self.device = torch, device
        with open(Path(folder) / "model.onnx.data", "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self.places = models.tensors(folder)

    def get(self, name):
        dims, offset, length = self.places[name]
        flat = self.torch.frombuffer(self.bytes, dtype=self.torch.bfloat16, count=length // 2,
                                     offset=offset)
        return flat.view(dims).to(self.device)


class Drawn:
    """Others of the same sizes, for speed alone."""

    def __init__(self, torch, shape, device):
        self.torch, self.device = torch, device
        queries, keys = shape.heads * shape.head, shape.key_heads * shape.head
        self.sizes = {"embed": (shape.vocabulary, shape.width),
                      "head": (shape.width, shape.vocabulary),
                      "qkv": (shape.width, queries + 2 * keys), "o": (queries, shape.width),
                      "gate": (shape.width, shape.hidden), "up": (shape.width, shape.hidden),
                      "down": (shape.hidden, shape.width), "norm": (shape.width,),
                      "norm1": (shape.width,), "norm2": (shape.width,),
                      "cos": (shape.positions, shape.head // 2),
                      "sin": (shape.positions, shape.head // 2)}

    def get(self, name):
        size = self.sizes[name.split(".")[-1]]
        drawn = self.torch.randn(size, device=self.device, dtype=self.torch.bfloat16)
        return drawn if len(size) == 1 else drawn * size[0] ** -0.5


class Llama:
    """Weights [outputs, inputs] on a device in a type; `quantized`: rounded to 4 bits and back, in
    float32, by the rule of --quantize=w4g128."""

    def __init__(self, torch, source, shape, dtype, quantized=False):
        self.torch, self.shape, self.device, self.dtype = torch, shape, source.device, dtype
        self.quantized = quantized
        get = source.get

        def linear(name):
            weight = get(name).t().contiguous()
            return (self.round(weight) if quantized else weight).to(dtype)
        self.embed = self.round(get("embed")) if shape.tied and quantized else get("embed")
        self.embed = self.embed.to(dtype)
        self.head = self.embed if shape.tied else linear("head")
        self.norm = get("norm").to(dtype)
        self.layers = []
        for i in range(shape.layers):
            at = f"layers.{i}."
            self.layers.append({name: get(at + name).to(dtype) for name in ("norm1", "norm2")} |
                               {name: linear(at + name)
                                for name in ("qkv", "o", "gate", "up", "down")})
        self.cos, self.sin = get("cos").to(dtype), get("sin").to(dtype)
        self.keys, self.values = [], []

    def round(self, weight):
        """To nearest of 16 steps a group of inputs, so that its extreme is exact: weights
        [outputs, inputs] in float32. The last group may be short."""
        torch = self.torch
        outputs, inputs = weight.shape
        groups = torch.nn.functional.pad(weight.float(), (0, -inputs % models.GROUP))
        groups = groups.view(outputs, -1, models.GROUP)
        extreme = groups.gather(2, groups.abs().argmax(2, keepdim=True))
        inverse = torch.where(extreme == 0, extreme, -8 / extreme)
        steps = (groups * inverse).round().clamp(-8, 7)
        return (steps * (extreme / -8)).view(outputs, -1)[:, :inputs].contiguous()

    def start(self, batch, positions):
        """An empty cache, of each layer [batch, key heads, positions, head]."""
        shape = self.shape
        size = batch, shape.key_heads, positions, shape.head
        self.keys, self.values = [], []  # Not both caches at once.
        self.keys, self.values = ([self.torch.zeros(size, device=self.device, dtype=self.dtype)
                                   for _ in range(shape.layers)] for _ in range(2))

    def rotate(self, value, cos, sin):
        left, right = value.chunk(2, dim=-1)
        return self.torch.cat((left * cos - right * sin, right * cos + left * sin), -1)

    def rms(self, value, weight):
        wide = value.float()
        wide = wide * (wide.square().mean(-1, keepdim=True) + self.shape.epsilon).rsqrt()
        return wide.to(value.dtype) * weight

    def layer(self, value, layer, keys, values, cos, sin, positions, mask):
        """[batch, length, width] to the same. With a mask it is a step, whose queries of one group
        are rows over the same keys; without one the prompt starts at 0."""
        torch, shape = self.torch, self.shape
        linear, attend = torch.nn.functional.linear, torch.nn.functional.scaled_dot_product_attention
        batch, length, _ = value.shape
        scale = shape.root_of_scale() ** 2
        sizes = [heads * shape.head for heads in (shape.heads, shape.key_heads, shape.key_heads)]
        parts = linear(self.rms(value, layer["norm1"]), layer["qkv"]).split(sizes, -1)
        query, key, new = (part.view(batch, length, -1, shape.head).transpose(1, 2)
                           for part in parts)
        query, key = self.rotate(query, cos, sin), self.rotate(key, cos, sin)
        keys.index_copy_(2, positions, key)
        values.index_copy_(2, positions, new)
        if mask is None:
            out = attend(query, key, new, is_causal=True, scale=scale,
                         enable_gqa=shape.heads != shape.key_heads)
        else:
            query = query.reshape(batch, shape.key_heads, -1, shape.head)
            out = attend(query, keys, values, attn_mask=mask, scale=scale)
            out = out.reshape(batch, shape.heads, 1, shape.head)
        value = value + linear(out.transpose(1, 2).reshape(batch, length, -1), layer["o"])
        inner = self.rms(value, layer["norm2"])
        gated = torch.nn.functional.silu(linear(inner, layer["gate"]))
        return value + linear(gated * linear(inner, layer["up"]), layer["down"])

    def hidden(self, ids, positions, mask=None, work=None):
        """[batch, length, width] before the head; `positions` [length] and the cache go by
        tensors alone, so that a step can be captured. `work`: what stands for layer()."""
        value = self.torch.nn.functional.embedding(ids, self.embed)
        cos, sin = self.cos[positions], self.sin[positions]
        for layer, keys, values in zip(self.layers, self.keys, self.values):
            value = (work or self.layer)(value, layer, keys, values, cos, sin, positions, mask)
        return self.rms(value, self.norm)

    def logits(self, ids):
        """Of every token of prompts of one length, [batch, length, vocabulary] float32."""
        torch = self.torch
        with torch.inference_mode():
            ids = torch.tensor(ids, device=self.device)
            self.start(*ids.shape)
            inner = self.hidden(ids, torch.arange(ids.shape[1], device=self.device))
            return torch.nn.functional.linear(inner, self.head).float()

    def prefill(self, ids):
        """Fills the cache from 0; the likeliest next token of each, [batch, 1]."""
        inner = self.hidden(ids, self.torch.arange(ids.shape[1], device=self.device))
        return self.torch.nn.functional.linear(inner[:, -1:], self.head).argmax(-1)

    def step(self, ids, position, work=None):
        """One more token of each sequence, [batch, 1]; `position` is a tensor [1]."""
        torch = self.torch
        mask = torch.arange(self.keys[0].shape[2], device=self.device)[None, :] <= position
        inner = self.hidden(ids, position, mask, work)
        return torch.nn.functional.linear(inner, self.head).argmax(-1)
