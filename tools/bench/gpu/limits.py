"""What this GPU gives to PyTorch in the same run: reading, copying, cuBLAS, attention."""
import statistics

ROWS = (1, 8, 16, 32, 256, 2048)
LENGTHS = (512, 1024, 2048, 8192)


def seconds(torch, work, repeat=10):
    """The median of runs by device events, after two that warm up."""
    for _ in range(2):
        work(0)
    times = []
    for i in range(repeat):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work(i)
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(times)


def free(torch):
    import gc
    gc.collect()
    torch.cuda.empty_cache()


def read_sweep(torch):
    """GB/s: the best of three reductions over 8 GB, so a lower bound of what can be read."""
    data = torch.empty(1 << 31, dtype=torch.float32, device="cuda").normal_()
    ways = (lambda i: data.sum(), lambda i: data.view(-1, 1 << 14).amax(1),
            lambda i: data.view(-1, 1 << 17).sum(1))
    best = min(seconds(torch, way) for way in ways)
    return data.nbytes / best / 1e9


def copy(torch):
    """GB/s, bytes read and written counted."""
    data = torch.empty(1 << 30, dtype=torch.float32, device="cuda").normal_()
    out = torch.empty_like(data)
    return 2 * data.nbytes / seconds(torch, lambda i: out.copy_(data)) / 1e9


def matmul(torch):
    """TFLOP/s of 8192 cubed in bfloat16 on random data."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    return 2 * 8192 ** 3 / seconds(torch, lambda i: torch.matmul(a, b)) / 1e12


def linears(torch, shape, rows):
    """Milliseconds of a layer's linears in cuBLAS, times layers, and the head, on the last row
    alone where there are more than 32 (a prompt); q, k, v and gate, up joined as llmc joins them. Weights change with the run, so that none is in
    the cache."""
    sizes = {name: (inputs, outputs) for name, inputs, outputs in shape.matrices()}
    joined = [(shape.width, sum(sizes[name][1] for name in "qkv")), sizes["o"],
              (shape.width, 2 * shape.hidden), sizes["down"]]
    total = 0
    for inputs, outputs, times, count in (
            [(*size, shape.layers, rows) for size in joined] +
            [(shape.width, shape.vocabulary, 1, rows if rows <= 32 else 1)]):
        copies = max(1, (1 << 28) // (2 * inputs * outputs))
        weights = torch.randn(copies, outputs, inputs, device="cuda", dtype=torch.bfloat16)
        value = torch.randn(count, inputs, device="cuda", dtype=torch.bfloat16)
        linear = torch.nn.functional.linear
        graph = torch.cuda.CUDAGraph()
        linear(value, weights[0])
        with torch.cuda.graph(graph):  # One launch would be measured as much as the product.
            for i in range(8):
                linear(value, weights[i % copies])
        total += seconds(torch, lambda i: graph.replay()) / 8 * times
    return 1e3 * total


def attention(torch, shape, length):
    """Milliseconds of PyTorch's SDPA, causal, over all layers."""
    def heads(count):
        return torch.randn(1, count, length, shape.head, device="cuda", dtype=torch.bfloat16)
    query, key, value = heads(shape.heads), heads(shape.key_heads), heads(shape.key_heads)
    gqa = shape.heads != shape.key_heads
    work = torch.nn.functional.scaled_dot_product_attention
    return 1e3 * shape.layers * seconds(
        torch, lambda i: work(query, key, value, is_causal=True, enable_gqa=gqa))
