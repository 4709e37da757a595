"""What PyTorch computes on: a CUDA device, or in a rehearsal the CPU in its place."""
import gc
import statistics
import time

from models import Failed


class Cuda:
    where = "cuda"
    # Elements of what is read (f32, 8 GB) and of a linear's weights that outlast the L2 cache; side
    # of a square product.
    read, cold, side = 1 << 31, 1 << 28, 8192

    def __init__(self, torch):
        if not torch.cuda.is_available():
            raise Failed("torch sees no CUDA device")
        self.torch = torch

    def wait(self):
        self.torch.cuda.synchronize()

    def free(self):
        gc.collect()
        self.torch.cuda.empty_cache()

    def seconds(self, work, repeat=10):
        """The median of runs by device events, after two that warm up; `work` is given a count."""
        for _ in range(2):
            work(0)
        times = []
        for i in range(repeat):
            begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            work(i)
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) / 1e3)
        return statistics.median(times)

    def captured(self, work, warm=3):
        """`work` as a CUDA graph: a function that replays it. It has run `warm` times before."""
        cuda = self.torch.cuda
        stream = cuda.Stream()
        stream.wait_stream(cuda.current_stream())
        with cuda.stream(stream):
            for _ in range(warm):
                work()
        cuda.current_stream().wait_stream(stream)
        graph = cuda.CUDAGraph()
        with cuda.graph(graph):
            work()
        return graph.replay


class StandIn:
    """The CPU at small sizes, with the same calls: its times say nothing."""

    where = "cpu"
    read, cold, side = 1 << 18, 1 << 16, 64

    def __init__(self, torch):
        self.torch = torch

    def wait(self):
        pass

    def free(self):
        gc.collect()

    def seconds(self, work, repeat=2):
        times = []
        for i in range(repeat):
            begin = time.perf_counter()
            work(i)
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    def captured(self, work, warm=1):
        for _ in range(warm):
            work()
        return work
