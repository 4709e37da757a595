"""How fast others run the same shape on this GPU: eager transformers, and a plain model in PyTorch,
eagerly and by torch.compile with CUDA graphs. Speed does not ask for the values of weights."""
import gc
import time

from limits import free
from models import Failed
from reference import Llama

TOKENS = 32  # that are timed, after four that warm up


def wait(torch):
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class Transformers:
    """LlamaForCausalLM in bfloat16 with PyTorch's initial weights."""

    def __init__(self, torch, shape, where="cuda"):
        import transformers
        self.torch, self.shape, self.where = torch, shape, where
        config = transformers.LlamaConfig(**{key: value for key, value in shape.config().items()
                                             if key not in ("architectures", "model_type")})
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.bfloat16)
        try:
            with torch.device(where):
                self.model = transformers.LlamaForCausalLM(config).eval()
        finally:
            torch.set_default_dtype(before)

    def ids(self, batch, length):
        return self.torch.randint(self.shape.vocabulary, (batch, length), device=self.where)

    def point(self, batch, length):
        """Seconds of the prompts and of a decoded token, with the cache that grows."""
        torch = self.torch
        with torch.inference_mode():
            for _ in range(2):
                wait(torch)
                begin = time.perf_counter()
                out = self.model(self.ids(batch, length), use_cache=True, logits_to_keep=1)
                wait(torch)
                prompt = time.perf_counter() - begin
            for i in range(4 + TOKENS):
                if i == 4:
                    wait(torch)
                    begin = time.perf_counter()
                out = self.model(out.logits.argmax(-1), past_key_values=out.past_key_values,
                                 use_cache=True)
            wait(torch)
        return prompt, (time.perf_counter() - begin) / TOKENS

    def generate(self, length, tokens):
        """Seconds of generate(), greedy, for one prompt."""
        ids = self.ids(1, length)
        for _ in range(2):
            wait(self.torch)
            begin = time.perf_counter()
            self.model.generate(ids, attention_mask=self.torch.ones_like(ids), do_sample=False,
                                max_new_tokens=tokens, min_new_tokens=tokens, pad_token_id=0)
            wait(self.torch)
        return time.perf_counter() - begin


class Plain:
    """The reference's model in bfloat16 with a cache of fixed size."""

    def __init__(self, torch, folder, shape, where="cuda"):
        self.torch, self.shape, self.where = torch, shape, where
        self.model = Llama(torch, folder, shape, where, torch.bfloat16)

    def point(self, batch, length, compiled):
        """As Transformers.point; `compiled`: the step by torch.compile, captured in a CUDA graph
        (by hand: mode="reduce-overhead" gives up graphs where a cache is written in place)."""
        torch, model = self.torch, self.model
        ids = torch.randint(self.shape.vocabulary, (batch, length), device=self.where)
        with torch.no_grad():
            model.start(batch, length + 4 + TOKENS)
            prompt = None
            for _ in range(1 if compiled else 2):
                wait(torch)
                begin = time.perf_counter()
                token = model.prefill(ids)
                wait(torch)
                prompt = time.perf_counter() - begin
            position = torch.full((1,), length, device=self.where)
            step = model.step
            if compiled:
                torch._dynamo.reset()
                step = torch.compile(step, fullgraph=True, dynamic=False)

            def advance():
                token.copy_(step(token, position))
                position.add_(1)

            work = self.captured(advance) if compiled else advance
            position.fill_(length)
            for i in range(4 + TOKENS):
                if i == 4:
                    wait(torch)
                    begin = time.perf_counter()
                work()
            wait(torch)
        return prompt, (time.perf_counter() - begin) / TOKENS

    def captured(self, work):
        torch = self.torch
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay


def attempt(torch, work):
    """What `work` gives; Failed in the place of whatever PyTorch raises, and its memory freed."""
    try:
        return work()
    except Failed:
        raise
    except Exception as error:  # Peers may fail in any way; the table says how.
        if torch is not None and isinstance(error, torch.cuda.OutOfMemoryError):
            raise Failed("PyTorch: out of GPU memory") from None
        line = (str(error).strip().splitlines() or [""])[0]
        raise Failed(f"{type(error).__name__}: {line}"[:120]) from None
    finally:
        gc.collect()
        if torch is not None and torch.cuda.is_available():
            free(torch)
