"""In which order all is measured: what is right, then what is wanted most, over all models; then the
rest. So a call that ends early leaves the table's most important lines."""
from collections import namedtuple

import limits
import lines

# `most`: seconds after which it is given up; `need`: without which it is not begun.
Task = namedtuple("Task", "part key work need most", defaults=(5, 120))
PARTS = ("limits", "check", "own", "peers", "kernels")
FIRST = ((1, 1024), (1, 32), (1, 8192))  # batch and tokens before


def own(work, model, scheme, batch, length):
    return Task("own", (model, scheme, f"{batch}x{length}"),
                lambda: work.own(model, scheme, batch, length), 10)


def peer(work, model, name, batch, length):
    return Task("peers", (model, name, f"{batch}x{length}"),
                lambda: work.peer_point(model, name, batch, length),
                30 if name == "compiled" else 15)


def check(work, model, scheme):
    return Task("check", ("check", model, scheme), lambda: work.check(model, scheme), 30, 300)


def operators(work, model, scheme):
    return Task("kernels", (model, scheme, "operators"),
                lambda: work.operators(model, scheme, 1, 1024), 10)


def first(work, model):
    """Right or wrong, and a step alone: bf16, then 4 bits."""
    yield check(work, model, "bf16")
    for point in FIRST:
        yield own(work, model, "bf16", *point)
    if model == lines.TALK_MODEL:
        yield Task("own", (model, "talk"), lambda: work.talk(model), 10)
    yield operators(work, model, "bf16")
    if model == lines.TALK_MODEL:
        yield Task("peers", (model, "eager", "talk"), lambda: work.eager_talk(model), 30)
    yield peer(work, model, "eager", *FIRST[0])
    yield check(work, model, "w4")
    yield own(work, model, "w4", 1, 1024 if model != lines.W4_MODEL else lines.W4_INPUTS[0])
    yield operators(work, model, "w4")


def rest(work, model, quick):
    for point in lines.own_points(model, quick):
        yield own(work, model, *point)
    if model == lines.KERNEL_MODEL:
        for name, sizes, operator in (("cuBLAS", limits.ROWS, "linear"),
                                      ("SDPA", limits.LENGTHS, "attention")):
            for size in sizes:
                yield Task("kernels", (model, name, size),
                           lambda name=name, size=size: work.library(name, model, size))
                yield Task("kernels", (model, "own", name, size),
                           lambda size=size, operator=operator: work.traced(model, size, operator))


def compared(work, model, quick):
    """Peers wherever we have a number."""
    points = [(batch, length) for scheme, batch, length in lines.own_points(model, quick)
              if scheme == "bf16" and ((batch, length) in lines.decode_points() or batch == 1)]
    for name in ("eager", "plain"):
        for point in dict.fromkeys(points):
            yield peer(work, model, name, *point)


def compiled(work, model, quick):
    points = [point for point in lines.decode_points()
              if not quick or point[0] * point[1] <= lines.QUICK]
    for point in sorted(points, key=lambda point: point != FIRST[0]):
        yield peer(work, model, "compiled", *point)


def tasks(work, names, quick):
    """All of them; some come twice, and are done once."""
    yield from (Task("limits", ("limit", name), lambda name=name: work.limit(name))
                for name in ("read", "copy", "matmul"))
    wanted = [name for name in lines.WANTED if name in names]
    if lines.SMALL in names:
        for model in (lines.SMALL, lines.OTHER):
            for scheme in ("bf16", "w4"):
                yield check(work, model, scheme)
    for model in wanted:
        yield from first(work, model)
        if all(work.records.is_settled(f"check/{model}/{scheme}") for scheme in ("bf16", "w4")):
            work.drop_source(model)
    for model in wanted:
        yield from rest(work, model, quick)
    if lines.SMALL in names:
        yield Task("check", ("sanitizer", lines.SMALL),
                   lambda: work.sanitized(lines.SMALL, "bf16"), 30)
    for model in wanted:
        yield from compared(work, model, quick)
    for part in slice(0, 1), slice(1, None):  # One of each model before all the others.
        for model in wanted:
            yield from list(compiled(work, model, quick))[part]
