"""Where a form takes its weights from. A source has

    rows(name, rows, columns): the matrix as float32 bytes, some whole rows at a time

and both forms ask for the same names, so that one source gives the same model in each: `embed`
[vocabulary, width], `layers.N.norm1`, `layers.N.q` and the others of Shape.matrices [inputs,
outputs], `layers.N.norm2`, `norm`, `head` [width, vocabulary]. A norm is one row.
"""
import zlib

BLOCK = 1 << 22  # elements


class Random:
    """Random numbers that depend on the seed and the name alone. Needs NumPy."""

    def __init__(self, seed=20):
        import numpy  # Here, so that sources of another kind do not need it.
        self.numpy, self.seed = numpy, seed

    def rows(self, name, rows, columns):
        numpy = self.numpy
        if name.split(".")[-1].startswith("norm"):
            yield memoryview(numpy.ones(columns, numpy.float32)).cast("B")
            return
        generator = numpy.random.default_rng([self.seed, zlib.crc32(name.encode())])
        inputs = columns if name == "embed" else rows
        at_once = max(1, BLOCK // columns)
        for first in range(0, rows, at_once):
            block = generator.standard_normal((min(at_once, rows - first), columns),
                                              dtype=numpy.float32)
            block *= numpy.float32(inputs ** -0.5)
            yield memoryview(block).cast("B")


class Given:
    """Matrices that are at hand: a dictionary of names and bytes."""

    def __init__(self, matrices):
        self.matrices = matrices

    def rows(self, name, rows, columns):
        data = self.matrices[name]
        if len(data) != 4 * rows * columns:
            raise ValueError(f"{name} has {len(data)} bytes; [{rows}, {columns}] has "
                             f"{4 * rows * columns}")
        yield memoryview(data)


def side_by_side(source, names, rows, columns):
    """Matrices of the same rows and of these columns as one matrix."""
    streams = [_single_rows(source.rows(name, rows, width), 4 * width)
               for name, width in zip(names, columns)]
    at_once = max(1, BLOCK // sum(columns))
    for first in range(0, rows, at_once):
        yield b"".join(next(stream) for _ in range(min(at_once, rows - first))
                       for stream in streams)


def _single_rows(blocks, size):
    for block in blocks:
        for at in range(0, len(block), size):
            yield block[at:at + size]
