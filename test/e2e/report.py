#!/usr/bin/env python3
"""inspect --report: one well-formed page that needs nothing else and tells what is in the file."""
import json
import re
import sys
import xml.etree.ElementTree
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import compile_model, compiled, llmc

MODEL = "stories260K-optimum"
VOID = {"meta", "br"}
# Elements whose end tag may be left out, and what ends them besides their parent's end.
OPTIONAL = {"td", "th", "tr", "tbody", "thead", "tfoot"}


class Page(HTMLParser):
    """Checks nesting while it reads; keeps elements, attributes and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.problems, self.elements, self.words = [], [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.problems.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.problems.append(f"an attribute twice: {tag} {names}")
        self.elements.append((tag, dict(attributes)))
        if tag in ("td", "th"):
            self._leave({"td", "th"})
        elif tag == "tr":
            self._leave({"td", "th", "tr"})
        elif tag in ("tbody", "tfoot", "thead"):
            self._leave(OPTIONAL)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag == "table":
            self._leave(OPTIONAL)
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, text):
        self.words.append(text)

    def _leave(self, tags):
        while self.open and self.open[-1] in tags:
            self.open.pop()


class Report(support.TestCase):
    def written(self, model, *flags):
        file = self.folder / "report.html"
        self.succeed(llmc(), "inspect", model, f"--report={file}", *flags)
        text = file.read_text()
        page = Page(text)
        self.assertEqual(page.problems, [])
        for picture in re.findall(r"<svg.*?</svg>", text, re.S):
            xml.etree.ElementTree.fromstring(picture)
        return text, page

    def test_needs_nothing_outside_itself(self):
        text, page = self.written(compiled(MODEL))
        ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
        for tag, attributes in page.elements:
            self.assertNotIn(tag, ["script", "link", "img", "iframe", "object", "embed", "base"])
            self.assertFalse({"src", "srcset", "data", "action"} & set(attributes), attributes)
            self.assertFalse([name for name in attributes if name.startswith("on")])
            if "href" in attributes:
                self.assertTrue(attributes["href"].startswith("#"))
                self.assertIn(attributes["href"][1:], ids)
        outside = text.replace("http://www.w3.org/2000/svg", "")
        self.assertNotRegex(outside, r"https?://|//\w+\.\w|url\(|@import")
        self.assertIn("default-src 'none'", text)

    def test_tells_what_the_file_holds(self):
        model = compiled(MODEL)
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        text, page = self.written(model)
        words = set(page.words)
        for kernel in told["kernels"]:
            self.assertIn(kernel["name"], words)
        for line in told["report"]:
            self.assertIn(line.rsplit(" ", 1)[1], words)
        self.assertTrue(set(told["levels"]) <= set(re.findall(r"x86-64-[\w-]+", text)))
        self.assertRegex(told["source"], r", ONNX IR \d+, opset \d+$")
        self.assertIn(f"from {told['source']}", words)
        for number in ["512", "64"]:
            self.assertIn(number, words)
        self.assertRegex(text, r"× 4\b", "equal layers are folded")
        self.assertEqual(text.count("class=\"memory\""), len(told["modules"][0]["programs"]))
        self.assertGreaterEqual(text.count("<g class='point"), 8)

    def test_names_the_type_that_weights_were_given(self):
        model = compiled(MODEL, "--dtype=bf16")
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        self.assertEqual(told["quantization"], "bf16")
        self.assertRegex(self.written(model)[0], r"<td>bf16 (&gt;\u2009)?9\d\.\d")

    def test_names_the_scheme_of_linears_and_not_of_a_larger_table(self):
        model = compiled("stories260K-genai-int4")
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        self.assertRegex(told["quantization"], r"^w4g\d+")

    def test_boxes_of_memory_never_overlap(self):
        for flags in [], ["--dtype=bf16", "--target=cpu,sm_80"]:
            text, _ = self.written(compiled(MODEL, *flags))
            for share in re.findall(r"live at once need [^(<]*\(([\d.]+)\s*%", text):
                self.assertLessEqual(float(share), 100)
            pictures = re.findall(r'class="memory".*?</svg>', text, re.S)
            self.assertGreaterEqual(len(pictures), 2 * (1 + len(flags) // 2))
            for picture in pictures:
                boxes = [tuple(map(float, box)) for box in re.findall(
                    r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', picture)]
                self.assertGreater(len(boxes), 5)
                for i, (x, y, width, height) in enumerate(boxes):
                    for x2, y2, width2, height2 in boxes[:i]:
                        across = min(x + width, x2 + width2) - max(x, x2)
                        down = min(y + height, y2 + height2) - max(y, y2)
                        self.assertFalse(across > 0.2 and down > 0.2, (boxes[i], x2, y2))

    def test_tells_of_gpus_what_it_tells_of_the_cpu(self):
        model = compiled(MODEL, "--dtype=bf16", "--target=cpu,sm_80")
        told = json.loads(self.succeed(llmc(), "inspect", model, "--json"))
        text, page = self.written(model)
        gpus = text[text.index("<section id='devices'>"):].split("</section>")[0]
        self.assertEqual(gpus.count("<summary>sm_80: "), 1)
        self.assertEqual(gpus.count("class=\"memory\""), gpus.count("<table class='schedule'>"))
        for kernel in told["devices"][0]["kernels"]:
            self.assertIn(f"<code>{kernel['name'][:60]}", gpus)
        self.assertIn("<td>mma.sync", gpus)

    def test_sizes_sum_to_the_size_of_the_file(self):
        model = compiled(MODEL)
        _, page = self.written(model)
        sizes = [int(attributes["data-bytes"]) for _, attributes in page.elements
                 if "data-bytes" in attributes]
        self.assertGreater(len(sizes), 6)
        self.assertEqual(sum(sizes), model.stat().st_size)

    def test_of_a_measured_run_has_times_of_every_kernel(self):
        text, _ = self.written(compiled(MODEL), "--measure", "--threads=1")
        self.assertEqual(text.count("<th class='n'>measured"), 2)
        self.assertGreaterEqual(text.count("class='roofmark'"), 8)

    def test_of_a_plain_graph_is_measured_too(self):
        graph = support.DATA / "onnx-node"
        source = sorted(graph.glob("*/model.onnx"))[0]
        model = compile_model(source, self.folder / "graph.bin")
        text, page = self.written(model, "--measure", "--extent=4")
        self.assertIn("Arguments of", text)
        self.assertIn("input", page.words)

    def test_is_the_same_for_the_same_limits(self):
        flags = ["--bandwidth=20", "--flops=500"]
        self.assertEqual(self.written(compiled(MODEL), *flags)[0],
                         self.written(compiled(MODEL), *flags)[0])

    def test_never_overwrites_the_model(self):
        model = compiled(MODEL)
        before = model.read_bytes()
        self.fail_with(support.USAGE, 102, llmc(), "inspect", model, f"--report={model}")
        self.assertEqual(model.read_bytes(), before)


if __name__ == "__main__":
    support.main()
