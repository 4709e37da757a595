"""What this GPU gives to PyTorch in the same run: reading, copying, cuBLAS, attention. `on`: see
accelerator.py."""

ROWS = (1, 8, 16, 32, 256, 2048)
LENGTHS = (512, 1024, 2048, 8192)


def read(on):
    """GB/s: the best of three reductions over 8 GB, so a lower bound of what can be read."""
    data = on.torch.empty(on.read, dtype=on.torch.float32, device=on.where).normal_()
    ways = (lambda i: data.sum(), lambda i: data.view(-1, 1 << 14).amax(1),
            lambda i: data.view(-1, 1 << 17).sum(1))
    return data.nbytes / min(map(on.seconds, ways)) / 1e9


def copy(on):
    """GB/s, bytes read and written counted."""
    data = on.torch.empty(on.read // 2, dtype=on.torch.float32, device=on.where).normal_()
    out = on.torch.empty_like(data)
    return 2 * data.nbytes / on.seconds(lambda i: out.copy_(data)) / 1e9


def matmul(on):
    """TFLOP/s of 8192 cubed in bfloat16 on random data."""
    torch = on.torch
    a, b = (torch.randn(on.side, on.side, device=on.where, dtype=torch.bfloat16) for _ in range(2))
    return 2 * on.side ** 3 / on.seconds(lambda i: torch.matmul(a, b)) / 1e12


def linears(on, shape, rows):
    """Milliseconds of a layer's linears in cuBLAS, times layers, and the head, on the last row
    alone where there are more than 32 (a prompt); q, k, v and gate, up joined as llmc joins them.
    Weights change with the run, so that none is in the cache."""
    torch = on.torch
    sizes = {name: (inputs, outputs) for name, inputs, outputs in shape.matrices()}
    joined = [(shape.width, sum(sizes[name][1] for name in "qkv")), sizes["o"],
              (shape.width, 2 * shape.hidden), sizes["down"]]
    total = 0
    for inputs, outputs, times, count in (
            [(*size, shape.layers, rows) for size in joined] +
            [(shape.width, shape.vocabulary, 1, rows if rows <= 32 else 1)]):
        copies = max(1, on.cold // (2 * inputs * outputs))
        weights = torch.randn(copies, outputs, inputs, device=on.where, dtype=torch.bfloat16)
        value = torch.randn(count, inputs, device=on.where, dtype=torch.bfloat16)

        def products():
            for i in range(8):
                torch.nn.functional.linear(value, weights[i % copies])
        # One launch would be measured as much as the product.
        replay = on.captured(products, warm=1)
        total += on.seconds(lambda i: replay()) / 8 * times
    return 1e3 * total


def attention(on, shape, length):
    """Milliseconds of PyTorch's SDPA, causal, over all layers."""
    torch = on.torch

    def heads(count):
        return torch.randn(1, count, length, shape.head, device=on.where, dtype=torch.bfloat16)
    query, key, value = heads(shape.heads), heads(shape.key_heads), heads(shape.key_heads)
    gqa = shape.heads != shape.key_heads
    work = torch.nn.functional.scaled_dot_product_attention
    return 1e3 * shape.layers * on.seconds(
        lambda i: work(query, key, value, is_causal=True, enable_gqa=gqa))
