"""Where a form takes its weights from. A source has

    rows(name, rows, columns): the matrix as float32 bytes, some whole rows at a time

and both forms ask for the same names, so that one source gives the same model in each: `embed`
[vocabulary, width], `layers.N.norm1`, `layers.N.q` and the others of Shape.matrices [inputs,
outputs], `layers.N.norm2`, `norm`, `head` [width, vocabulary]. A norm is one row. A source whose
`kind` is BFLOAT16 gives bfloat16 bytes; `genai` then writes a graph of that type.
"""
import os
import zlib
from array import array
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist

from forms.graph import BFLOAT16

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


def to_bfloat16(numbers):
    """An array of float32 as one of bfloat16 bits, rounded to nearest even."""
    bits = array("I", numbers.tobytes())
    return array("H", ((word + 0x7fff + (word >> 16 & 1)) >> 16 for word in bits))


class RandomBfloat16:
    """Normal numbers as bfloat16: one of the 65536 quantiles by 16 random bits, a block a thread.
    Half the bytes of Random and a fraction of its time. Needs NumPy."""

    kind = BFLOAT16

    def __init__(self, seed=20):
        import numpy
        self.numpy, self.seed = numpy, seed
        self.quantiles = [NormalDist().inv_cdf((i + 0.5) / 65536) for i in range(65536)]
        self.tables = {}  # Standard deviation to its quantiles: a layer has two or three.
        self.pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))

    def table(self, deviation):
        if deviation not in self.tables:
            values = array("f", (value * deviation for value in self.quantiles))
            self.tables[deviation] = self.numpy.frombuffer(to_bfloat16(values), self.numpy.uint16)
        return self.tables[deviation]

    def rows(self, name, rows, columns):
        if name.split(".")[-1].startswith("norm"):
            yield to_bfloat16(array("f", [1.0] * columns)).tobytes()
            return
        numpy = self.numpy
        table = self.table((columns if name == "embed" else rows) ** -0.5)
        at_once = max(1, BLOCK // columns)

        def block(first):
            seeds = numpy.random.SeedSequence([self.seed, zlib.crc32(name.encode()), first])
            generator = numpy.random.Generator(numpy.random.SFC64(seeds))
            size = (min(at_once, rows - first), columns)
            return memoryview(table[generator.integers(0, 65536, size, numpy.uint16)]).cast("B")

        yield from self.pool.map(block, range(0, rows, at_once))


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


def side_by_side(source, names, rows, columns, element_bytes=4):
    """Matrices of the same rows and of these columns as one matrix."""
    streams = [_single_rows(source.rows(name, rows, width), element_bytes * width)
               for name, width in zip(names, columns)]
    at_once = max(1, BLOCK // sum(columns))
    for first in range(0, rows, at_once):
        yield b"".join(next(stream) for _ in range(min(at_once, rows - first))
                       for stream in streams)


def _single_rows(blocks, size):
    for block in blocks:
        for at in range(0, len(block), size):
            yield block[at:at + size]
