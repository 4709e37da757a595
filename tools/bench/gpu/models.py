"""The models that are measured: random bfloat16 weights in the form of GenAI's builder, compiled, and
their weights read back from the file that the compiler read."""
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from array import array
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test"))
import onnxfile
from forms import genai
from forms.graph import BFLOAT16
from forms.shape import SHAPES, Shape
from forms.weights import RandomBfloat16, to_bfloat16

CONTEXT = 8192 + 256  # positions that every model is given, whatever it is known for
REHEARSED = Shape(width=64, heads=4, key_heads=2, head=16, hidden=96, vocabulary=96, layers=2,
                  positions=512)  # What stands for every model in a rehearsal.
SCHEMES = {"bf16": ["--dtype=bf16"], "w4": ["--dtype=bf16", "--quantize=w4g128"]}
GROUP = 128
NO_TIME = "no time left in this call"


def shape_of(name, rehearse=False):
    name = name.split("@")[0]
    if rehearse:
        return replace(REHEARSED, tied=name == "llama-3.2-1b")
    return replace(SHAPES[name], tied=name in ("llama-3.2-1b", "tiny"),
                   positions=512 if name == "tiny" else CONTEXT)


def target_of(name, given):
    """A model may be for an architecture of its own: tiny@sm_80."""
    return name.partition("@")[2] or given


def weight_bytes(shape):
    """Of what a decoded token reads in bfloat16: all linears and the head."""
    layer = sum(rows * columns for _, rows, columns in shape.matrices())
    return 2 * (shape.layers * layer + shape.width * shape.vocabulary)


def cache_bytes(shape):
    """Of one position's keys and values in bfloat16."""
    return 4 * shape.layers * shape.key_heads * shape.head


def file_bytes(shape):
    """Of the source, and of it and both files that are made of it, about."""
    source = weight_bytes(shape) + (0 if shape.tied else 2 * shape.width * shape.vocabulary)
    return source, source + weight_bytes(shape) * 13 // 10


class FewWeights:
    """As RandomBfloat16, of Python alone: enough for a rehearsal."""

    kind = BFLOAT16

    def rows(self, name, rows, columns):
        if name.split(".")[-1].startswith("norm"):
            yield to_bfloat16(array("f", [1.0] * columns)).tobytes()
            return
        draw = random.Random(name)
        deviation = (columns if name == "embed" else rows) ** -0.5
        yield to_bfloat16(array("f", (draw.gauss(0, deviation)
                                      for _ in range(rows * columns)))).tobytes()


def write(folder, shape):
    room = shutil.disk_usage(folder.parent).free
    if room < file_bytes(shape)[1]:
        raise Failed(f"{folder.parent} has {room / 2**30:.0f} GiB free, "
                     f"{file_bytes(shape)[1] / 2**30:.0f} are needed")
    few = shape.layers * shape.width < 1 << 10
    genai.write(folder, shape, FewWeights() if few else RandomBfloat16())


def compile_model(llmc, folder, output, scheme, targets, timeout):
    """The summary that the compiler prints; raises what run() raises."""
    return run([llmc, "compile", folder, "-o", output, f"--target={targets}", *SCHEMES[scheme],
                "--json"], timeout)


class Failed(Exception):
    """A command did not give what it should; the text is fit for a cell of the table. `log`: all
    that it said; `late`: it may succeed where there is more time."""

    def __init__(self, text, log="", late=False):
        super().__init__(text)
        self.log, self.late = log, late


def run(command, timeout, **environment):
    """What a command of llmc prints as JSON."""
    if timeout < 1:
        raise Failed(NO_TIME, late=True)
    try:
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout,
                              env=os.environ | environment)
    except subprocess.TimeoutExpired as late:
        log = (late.stderr or b"").decode(errors="replace")[-4000:]
        raise Failed(f"llmc took more than {timeout:.0f} s", log, late=True) from None
    except OSError as error:
        raise Failed(f"llmc does not start: {error.strerror}") from None
    try:
        told = json.loads(done.stdout) if done.stdout.strip() else {}
    except ValueError:
        told = {}
    if done.returncode:
        error = told.get("error", {})
        log = done.stderr.decode(errors="replace").strip()
        why = f"{error['what']}: {error.get('why', '')}" if "what" in error else \
            (log.splitlines() or [""])[0]
        log = f"{' '.join(map(str, command))}\n{json.dumps(error)}\n{log}"
        raise Failed(f"llmc ended with {done.returncode}: {why}"[:160], log[:8000])
    return told


def unpacked(archive, folder):
    """llmc from what pack.py made; unpacked by Python, as a machine may be without xz."""
    size = archive.stat().st_size
    done = folder / f"llmc-{size}"
    if not done.exists():
        part = folder / "llmc.part"
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(archive) as packed:
            packed.extractall(part, filter="data")
        part.rename(done)
    return done / "llmc-packed/llmc"


def tensors(folder):
    """Name to (dims, offset, bytes) of every initializer in model.onnx.data."""
    graph = onnxfile.parse((Path(folder) / "model.onnx").read_bytes())
    graph = next(value for number, _, value in graph if number == onnxfile.MODEL_GRAPH)
    found = {}
    for number, _, value in onnxfile.parse(graph):
        if number != onnxfile.GRAPH_INITIALIZER:
            continue
        dims, name, place = [], "", {}
        for field, _, content in onnxfile.parse(value):
            if field == onnxfile.TENSOR_DIMS:
                dims.append(content)
            elif field == onnxfile.TENSOR_NAME:
                name = content.decode()
            elif field == onnxfile.TENSOR_EXTERNAL:
                entry = {key: text.decode() for key, _, text in onnxfile.parse(content)}
                place[entry[onnxfile.ENTRY_KEY]] = entry[onnxfile.ENTRY_VALUE]
        found[name] = (dims, int(place["offset"]), int(place["length"]))
    return found
