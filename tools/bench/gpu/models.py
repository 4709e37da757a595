"""The models that are measured: random bfloat16 weights in the form of GenAI's builder, compiled, and
their weights read back from the file that the compiler read."""
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test"))
import onnxfile
from forms import genai
from forms.shape import SHAPES

CONTEXT = 8192 + 256  # positions that every model is given, whatever it is known for
SCHEMES = {"bf16": ["--dtype=bf16"], "w4": ["--dtype=bf16", "--quantize=w4g128"]}
GROUP = 128


def shape_of(name):
    shape = SHAPES[name]
    return replace(shape, tied=name in ("llama-3.2-1b", "tiny"),
                   positions=512 if name == "tiny" else CONTEXT)


def weight_bytes(shape):
    """Of what a decoded token reads in bfloat16: all linears and the head."""
    layer = sum(rows * columns for _, rows, columns in shape.matrices())
    return 2 * (shape.layers * layer + shape.width * shape.vocabulary)


def cache_bytes(shape):
    """Of one position's keys and values in bfloat16."""
    return 4 * shape.layers * shape.key_heads * shape.head


def write(folder, shape):
    from forms.weights import RandomBfloat16
    genai.write(folder, shape, RandomBfloat16())


def compile_model(llmc, folder, output, scheme, targets, timeout):
    """The summary that the compiler prints; raises what run() raises."""
    return run([llmc, "compile", folder, "-o", output, f"--target={targets}", *SCHEMES[scheme],
                "--json"], timeout)


class Failed(Exception):
    """A command did not give what it should; the text is fit for a cell of the table."""


def run(command, timeout):
    """What a command of llmc prints as JSON."""
    if timeout < 1:
        raise Failed("no time left in this call")
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed(f"llmc took more than {timeout:.0f} s") from None
    except OSError as error:
        raise Failed(f"llmc does not start: {error.strerror}") from None
    try:
        told = json.loads(done.stdout) if done.stdout.strip() else {}
    except ValueError:
        told = {}
    if done.returncode:
        error = told.get("error", {})
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[0]
        why = f"{error['what']}: {error.get('why', '')}" if "what" in error else last
        raise Failed(f"llmc ended with {done.returncode}: {why}"[:160])
    return told


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
