#!/usr/bin/env python3
"""A folder's chat template, from compile to the second turn of a chat."""
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import BAD_DATA, DATA, USAGE, compiled, execute, llmc

TEMPLATE = """{{ bos_token }}{% for message in messages %}
{{ message.role }}: {{ message.content | trim }}
{% endfor %}
{% if add_generation_prompt %}assistant:{% endif %}"""


class Chat(support.TestCase):
    def compile_with(self, template):
        folder = self.folder / "model"
        shutil.copytree(DATA / "stories260K-optimum", folder)
        (folder / "chat_template.jinja").write_text(template)
        told = execute(llmc(), "compile", folder, "-o", self.folder / "model.bin")
        self.assertEqual(told.returncode, 0, told.stderr)
        return self.folder / "model.bin", (told.stdout + told.stderr).decode()

    def test_of_two_turns_says_what_run_says(self):
        model, told = self.compile_with(TEMPLATE)
        self.assertIn("chat_template.jinja (chat template)", told)
        lines = self.succeed(model, "chat", "--json", "-n", "12", stdin=b"Tell me.\nAnd then?\n")
        turns = [json.loads(line) for line in lines.splitlines()]
        self.assertEqual(len(turns), 2)
        for turn in turns:
            ids = "--ids=" + ",".join(map(str, turn["promptTokens"]))
            run = json.loads(self.succeed(model, "run", ids, "-n", "12", "--json"))
            self.assertEqual(run["tokens"], turn["tokens"])
        self.assertGreater(turns[1]["reusedTokens"], 5)

    def test_over_an_unsupported_template_is_refused_and_run_works(self):
        model, told = self.compile_with("{{ messages | pprint }}")
        self.assertIn("the filter pprint is not supported", told)
        done = self.fail_with(BAD_DATA, 606, model, "chat", stdin=b"one\n")
        self.assertIn(b"the filter pprint is not supported", done.stderr)
        self.succeed(model, "--ids=1", "-n", "2")

    def test_without_a_template_says_what_to_do(self):
        done = self.fail_with(USAGE, 609, compiled("stories260K-optimum"), "chat", stdin=b"one\n")
        self.assertIn(b"compile it again", done.stderr)


if __name__ == "__main__":
    support.main()
