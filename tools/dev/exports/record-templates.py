#!/usr/bin/env python3
"""Records what Jinja makes of the templates in test/data/templates: record-templates.py

Writes test/data/templates/cases.jsonl. Needs jinja2 3.1 (package python3-jinja2); Jinja is set up as
transformers sets it up for chat templates, and its clock stands still.
"""
import datetime
import json
from pathlib import Path

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

DATA = Path(__file__).resolve().parents[3] / "test/data/templates"
NOW = datetime.datetime(2025, 3, 14, 15, 9, 26)


class Generation(jinja2.ext.Extension):
    """{% generation %}: a scope; the marks that it makes for training are not wanted here."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("give_back")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def give_back(self, caller):
        return caller()


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def dump(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    result = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                           extensions=[Generation, jinja2.ext.loopcontrols])
    result.filters["tojson"] = dump
    result.globals["raise_exception"] = refuse
    result.globals["strftime_now"] = NOW.strftime
    return result


def main():
    variables = json.loads((DATA / "variables.json").read_text())
    sources = []
    for path in sorted(DATA.glob("*.jinja")):
        conversations = variables["conversations"]
        sources += [(f"{path.stem}, {name}", path.read_text(),
                     {"add_generation_prompt": True, "tools": None, **conversation,
                      "bos_token": "<s>", "eos_token": "</s>"})
                    for name, conversation in conversations.items()]
    # A construct a line: its name is its text.
    for line in (DATA / "constructs.txt").read_text().splitlines():
        if line and not line.startswith("## "):
            text = line.encode().decode("unicode-escape").encode("latin-1").decode()
            sources.append((line, text, variables["constructs"]))
    jinja = environment()
    with open(DATA / "cases.jsonl", "w") as out:
        for name, text, values in sources:
            case = {"name": name, "template": text, "variables": values}
            try:
                case["output"] = jinja.from_string(text).render(**values)
            except Exception as error:  # Whatever Python raises is a failure of the template.
                case["error"] = type(error).__name__
            out.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
