"""How fast others run the same shape on this GPU: eager transformers, and a plain model in PyTorch,
eagerly and by torch.compile with CUDA graphs. Speed does not ask for the values of weights."""
import time

from reference import Drawn, Llama

TOKENS = 32  # that are timed, after four that warm up


class Transformers:
    """LlamaForCausalLM in bfloat16 with PyTorch's initial weights."""

    def __init__(self, on, shape):
        import transformers
        torch = on.torch
        self.on, self.torch, self.shape = on, torch, shape
        config = transformers.LlamaConfig(**{key: value for key, value in shape.config().items()
                                             if key not in ("architectures", "model_type")})
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.bfloat16)
        try:
            with torch.device(on.where):
                self.model = transformers.LlamaForCausalLM(config).eval()
            self.model.generation_config.eos_token_id = None  # Random text may hold any token.
        finally:
            torch.set_default_dtype(before)

    def ids(self, batch, length):
        return self.torch.randint(self.shape.vocabulary, (batch, length), device=self.on.where)

    def point(self, batch, length):
        """Seconds of the prompts and of a decoded token, with the cache that grows."""
        torch = self.torch
        with torch.inference_mode():
            for _ in range(2):
                out = None  # Two caches of long prompts need not fit.
                self.on.wait()
                begin = time.perf_counter()
                out = self.model(self.ids(batch, length), use_cache=True, logits_to_keep=1)
                self.on.wait()
                prompt = time.perf_counter() - begin
            for i in range(4 + TOKENS):
                if i == 4:
                    self.on.wait()
                    begin = time.perf_counter()
                out = self.model(out.logits.argmax(-1), past_key_values=out.past_key_values,
                                 use_cache=True)
            self.on.wait()
        return prompt, (time.perf_counter() - begin) / TOKENS

    def generate(self, length, tokens):
        """Seconds of generate(), greedy, for one prompt."""
        ids = self.ids(1, length)
        for _ in range(2):
            self.on.wait()
            begin = time.perf_counter()
            self.model.generate(ids, attention_mask=self.torch.ones_like(ids), do_sample=False,
                                max_new_tokens=tokens, pad_token_id=0)
            self.on.wait()
        return time.perf_counter() - begin


class Plain:
    """The reference's model in bfloat16 with a cache of fixed size and weights of its own."""

    def __init__(self, on, shape):
        self.on, self.torch, self.shape = on, on.torch, shape
        self.model = Llama(on.torch, Drawn(on.torch, shape, on.where), shape, on.torch.bfloat16)

    def point(self, batch, length, compiled):
        try:
            return self.timed(batch, length, compiled)
        finally:
            self.model.start(0, 0)  # Whatever is measured next wants the memory.

    def timed(self, batch, length, compiled):
        """As Transformers.point; `compiled`: a layer by torch.compile, as all are alike, and the step
        captured in a CUDA graph (by hand: mode="reduce-overhead" gives up graphs where a cache is
        written in place)."""
        torch, model = self.torch, self.model
        ids = torch.randint(self.shape.vocabulary, (batch, length), device=self.on.where)
        with torch.no_grad():
            # Eight more than are used: what captures; rounded for kernels that want masks so.
            model.start(batch, -(-(length + 12 + TOKENS) // 8) * 8)
            prompt = None
            for _ in range(1 if compiled else 2):
                self.on.wait()
                begin = time.perf_counter()
                token = model.prefill(ids)
                self.on.wait()
                prompt = time.perf_counter() - begin
            position = torch.full((1,), length, device=self.on.where)
            layer = model.layer
            if compiled:
                torch._dynamo.reset()
                layer = torch.compile(layer, fullgraph=True, dynamic=False)

            def advance():
                token.copy_(model.step(token, position, layer))
                position.add_(1)

            work = self.on.captured(advance) if compiled else advance
            position.fill_(length)
            for i in range(4 + TOKENS):
                if i == 4:
                    self.on.wait()
                    begin = time.perf_counter()
                work()
            self.on.wait()
        return prompt, (time.perf_counter() - begin) / TOKENS
