#!/usr/bin/env python3
"""`chat` on a terminal: keys, Ctrl-C, what is pasted, and the terminal as it was afterwards; and
what `eval` and `bench` tell there.

The model's context is so long that an answer does not end by itself while a test looks on.
"""
import fcntl
import functools
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import support
from support import DATA, compile_model

TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message.content | trim }}\n{% endfor %}"
PATIENCE = 120  # seconds until something that should come counts as missing
CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"
PASTE = b"\x1b[200~%s\x1b[201~"


class Terminal:
    """A program on a pseudoterminal of its own; with `pipe`, only its stdout is elsewhere."""

    def __init__(self, *words, pipe=False, columns=80):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.before = termios.tcgetattr(self.master)
        self.seen = b""
        self.answers = b""

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            # Under nohup, or behind a shell's &, they are ignored.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)

        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=slave, stderr=slave,
            stdout=subprocess.PIPE if pipe else slave, preexec_fn=own_terminal,
            env={**os.environ, "TERM": "xterm"})
        self.files = [self.master] + ([self.process.stdout.fileno()] if pipe else [])
        os.close(slave)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        if self.process.stdout:
            self.process.stdout.close()

    def pump(self, seconds=0.05):
        """Takes what the program has written; false at its end."""
        ready, _, _ = select.select(self.files, [], [], seconds)
        for file in ready:
            try:
                piece = os.read(file, 65536)
            except OSError:  # Linux says EIO where the other side is gone.
                piece = b""
            if not piece:
                return False
            if file == self.master:
                self.seen += piece
            else:
                self.answers += piece
        return True

    def until(self, condition, what):
        late = time.monotonic() + PATIENCE
        while not condition():
            alive = self.pump()
            if not condition() and (not alive or time.monotonic() > late):
                raise AssertionError(f"no {what}; seen: {self.seen[-2000:]!r}")

    def is_raw(self):
        return not termios.tcgetattr(self.master)[3] & termios.ISIG

    def at_prompt(self):
        """Waits for the prompt: keys come raw then."""
        self.until(lambda: self.is_raw() and self.seen.rstrip(b"\x1b[K").endswith(b"\r> "),
                   "prompt")
        self.seen = b""

    def keys(self, keys):
        os.write(self.master, keys)

    def shows(self, text):
        self.until(lambda: text in self.seen, text)

    def ask(self, keys):
        """At the prompt; returns when the answer is being computed."""
        self.at_prompt()
        self.keys(keys + b"\r")
        self.shows(b"\x1b[?2004l")

    def answer(self):
        """The next answer of --json."""
        self.until(lambda: b"\n" in self.answers, "answer")
        line, self.answers = self.answers.split(b"\n", 1)
        return json.loads(line)

    def end(self):
        """Waits for the end; the exit code, negative where a signal ended it."""
        late = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < late:
            self.pump()
        while self.pump(0):
            if not select.select(self.files, [], [], 0)[0]:
                break
        return self.process.poll()


@functools.cache
def model():
    folder = Path(support._shared.name) / "terminal"
    shutil.copytree(DATA / "stories260K-optimum", folder / "model")
    (folder / "model/chat_template.jinja").write_text(TEMPLATE)
    return compile_model(folder / "model", folder / "model.bin", "--max-context=16384",
                         "--target=x86-64-v3")


class Eval(support.TestCase):
    def test_of_a_long_text_tells_where_it_is(self):
        text = self.folder / "long.txt"
        text.write_bytes(b"Once upon a time there was a little girl. " * 250000)
        terminal = Terminal(model(), "eval", f"--text={text}")
        self.addCleanup(terminal.close)
        terminal.shows(b"10.0 MiB of text become tokens")
        terminal.until(lambda: re.search(rb"eval \d+ % at \d+ tokens/s, perplexity \d+.*left",
                                         terminal.seen), "progress")


class Bench(support.TestCase):
    def test_of_many_runs_tells_where_it_is_and_ends_by_ctrl_c(self):
        terminal = Terminal(model(), "bench", "-p", "16", "-n", "16", "-b", "4", "-r", "1000000")
        self.addCleanup(terminal.close)
        terminal.shows(b"bench of 4 sequences of 32 positions, 1000000 runs and one to warm up;")
        terminal.until(lambda: re.search(rb"bench: run \d+ of 1000000, .* left", terminal.seen),
                       "progress")
        terminal.keys(CTRL_C)
        self.assertEqual(terminal.end(), support.INTERRUPTED)
        self.assertTrue(terminal.seen.endswith(b"\r\x1b[Kerror: interrupted [LLMC-E901]\r\n"),
                        terminal.seen[-200:])


class Chat(support.TestCase):
    def open(self, *flags, **options):
        terminal = Terminal(model(), "chat", "-t", "1", *flags, **options)
        self.addCleanup(terminal.close)
        return terminal

    def expect_restored(self, terminal):
        self.assertEqual(termios.tcgetattr(terminal.master), terminal.before)

    def test_ctrl_c_stops_the_answer_and_not_the_chat(self):
        terminal = self.open()
        terminal.ask(b"Once upon a time")
        terminal.until(lambda: len(terminal.seen) > 100, "answer")
        terminal.keys(CTRL_C)
        terminal.shows(b"(stopped)")
        terminal.ask(b"/help")
        terminal.shows(b"begin a new conversation")
        terminal.at_prompt()
        terminal.keys(CTRL_D)
        self.assertEqual(terminal.end(), 0)
        self.expect_restored(terminal)

    def stopped_answer(self, terminal, question):
        """An answer that Ctrl-C cut after it had begun."""
        for pause in (0.2, 1, 5, 20):
            terminal.ask(question)
            time.sleep(pause)
            terminal.keys(CTRL_C)
            terminal.until(lambda: b"\n" in terminal.answers or b"taken back" in terminal.seen,
                           "end of the answer")
            if b"\n" in terminal.answers:
                return terminal.answer()
        self.fail("no answer ever began")

    def test_a_stopped_answer_leaves_a_cache_that_the_next_turn_can_use(self):
        terminal = self.open("--json", pipe=True)
        first = self.stopped_answer(terminal, b"Once upon a time")
        second = self.stopped_answer(terminal, b"And then")
        self.assertEqual(first["end"], "interrupted")
        self.assertEqual(second["turn"], 2)
        self.assertGreater(second["reusedTokens"], len(first["promptTokens"]) - 2)
        # What a cache that was never interrupted gives.
        tokens = second["tokens"][:300]
        run = json.loads(self.succeed(
            model(), "run", "--json", "-n", str(len(tokens)),
            "--ids=" + ",".join(map(str, second["promptTokens"]))))
        self.assertEqual(run["tokens"], tokens)

    def test_a_question_stopped_while_it_is_read_is_taken_back(self):
        terminal = self.open("--json", "-n", "1", "--chunk=1", pipe=True)
        long = b"word " * 3000
        for _ in range(5):
            terminal.ask(PASTE % long)
            terminal.keys(CTRL_C)
            terminal.until(lambda: b"\n" in terminal.answers or b"taken back" in terminal.seen,
                           "end of the question")
            if b"taken back" in terminal.seen:
                break
            terminal.answer()
            terminal.ask(b"/reset")
        else:
            self.skipTest("the machine was too busy to stop in time")
        terminal.ask(b"One")
        self.assertEqual((terminal.answer()["turn"], terminal.process.poll()), (1, None))

    def test_ctrl_c_clears_the_line_and_twice_on_an_empty_one_leaves(self):
        terminal = self.open("--json", "-n", "2", pipe=True)
        terminal.at_prompt()
        terminal.keys(b"wrong" + CTRL_C)
        terminal.shows(b"^C")
        terminal.ask(b"right")
        self.assertEqual(terminal.answer()["question"], "right")
        terminal.at_prompt()
        terminal.keys(CTRL_C)
        terminal.shows(b"Ctrl-C again or Ctrl-D ends the chat")
        # Anything typed between the two begins the count anew.
        terminal.ask(b"more")
        self.assertEqual(terminal.answer()["question"], "more")
        for _ in range(2):
            terminal.at_prompt()
            terminal.keys(CTRL_C)
        self.assertEqual(terminal.end(), 0)
        self.expect_restored(terminal)

    def test_the_terminal_is_as_it_was_after_a_signal_at_the_prompt(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGUSR1):
            terminal = self.open()
            terminal.at_prompt()
            terminal.process.send_signal(number)
            ended = terminal.end()
            self.assertIn(ended, (128 + number, -number))
            self.expect_restored(terminal)
            self.assertIn(b"\x1b[?2004l", terminal.seen, "pasting is left in brackets")

    def test_ctrl_backslash_ends_an_answer_with_the_terminal_as_it_was(self):
        terminal = self.open()
        resource.prlimit(terminal.process.pid, resource.RLIMIT_CORE, (0, 0))
        terminal.ask(b"Once upon a time")
        terminal.keys(b"\x1c")
        self.assertEqual(terminal.end(), -signal.SIGQUIT)
        self.expect_restored(terminal)

    def test_the_terminal_is_as_it_was_when_nobody_reads_the_answer(self):
        terminal = self.open(pipe=True)
        terminal.at_prompt()
        terminal.files.pop()
        terminal.process.stdout.close()
        terminal.keys(b"Once\r")
        self.assertEqual(terminal.end(), -signal.SIGPIPE)
        self.expect_restored(terminal)

    def test_ctrl_z_stops_the_chat_with_the_terminal_as_it_was(self):
        # A shell with job control, which goes on when the chat stops.
        script = 'set -m; "$0" "$@"; echo paused >&2; read line; fg >/dev/null'
        terminal = Terminal("sh", "-c", script, model(), "chat", "-t", "1", "--json", "-n", "2",
                            pipe=True)
        self.addCleanup(terminal.close)
        terminal.at_prompt()
        terminal.keys(b"on" + CTRL_Z)
        terminal.shows(b"paused")
        self.expect_restored(terminal)
        terminal.seen = b""
        terminal.keys(b"\n")
        terminal.shows(b"> on")
        terminal.keys(b"ward\r")
        self.assertEqual(terminal.answer()["question"], "onward")
        terminal.at_prompt()
        terminal.keys(CTRL_D)
        self.assertEqual(terminal.end(), 0)

    def test_keys_edit_the_line(self):
        left, right, up, down = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B"
        cases = [
            (b"worl" + left * 4 + b"the " + b"\x05d", "the world"),    # Ctrl-E
            (b"orld\x01w\x1b[Fs", "worlds"),                           # Ctrl-A, End
            (b"ac\x1b[Hxy" + right + b"b\x1bOFd", "xyabcd"),           # Home, End in its other form
            (b"one two three\x17\x17four", "one four"),                # Ctrl-W
            (b"nothing\x15all", "all"),                                # Ctrl-U
            (b"keep drop\x1bb\x0b\x19\x19", "keep dropdrop"),          # Alt-B, Ctrl-K, Ctrl-Y
            (b"abc\x7f\x08d", "ad"),                                   # both backspaces
            (b"abc" + left * 2 + b"\x1b[3~", "ac"),                    # Delete
            (b"abc\x01\x04", "bc"),                                    # Ctrl-D within a line
            (b"one two" + b"\x1b[1;5D" + b"\x1b[1;5D" + b"\x1b[1;5C" + b"s", "ones two"),
            ("grün".encode() + left + b"\x7f" + "ö".encode(), "grön"),
            ("日本".encode() + left * 2 + "語".encode() + b"\x05\x7f", "語日"),
            ("e\u0301x".encode() + b"\x7f\x7f\x7f" + b"y", "y"),       # a combining accent
            (up + up, "y"),  # behind /reset
            (up + up + b"!", "y!"),
            (b"new" + up + up + down + down + b"er", "newer"),         # what was begun comes back
            (b"a\x1b[15~b\x1b[1;2Pc\x1b[200d", "abc"),                 # keys that mean nothing
            (b"a\tb", "ab"),
            (PASTE % b"one\r\ntwo\nthree" + b"!", "one\ntwo\nthree!"),
            (b"x" * 300 + b"\x01y", "y" + "x" * 300),                  # wider than the terminal
        ]
        terminal = self.open("--json", "-n", "1", pipe=True, columns=40)
        for keys, line in cases:
            with self.subTest(line):
                terminal.ask(b"/reset")
                terminal.ask(keys)
                self.assertEqual(terminal.answer()["question"], line)

    def test_what_is_shown_behind_the_cursor_is_whole_characters(self):
        # Text, the keys that move, and the row that they show last.
        wide = "模" * 20
        cases = [
            ("café", b"\x1b[D", "café\x1b[K\x1b[1D"),
            ("模型", b"\x1b[H", "模型\x1b[K\x1b[4D"),
            (wide, b"\x01", wide[:18] + "\x1b[K\x1b[36D"),
        ]
        terminal = self.open("--json", "-n", "1", pipe=True, columns=40)
        for text, keys, row in cases:
            terminal.at_prompt()
            terminal.keys(text.encode())
            terminal.shows(text[-1:].encode() + b"\x1b[K")
            terminal.seen = b""
            terminal.keys(keys)
            terminal.shows(("\r> " + row).encode())
            terminal.keys(CTRL_C)

    def test_characters_that_come_in_pieces_are_whole(self):
        terminal = self.open("--json", "-n", "1", pipe=True)
        terminal.at_prompt()
        for byte in "ü€".encode() + b"\x1b[D" + b"z":
            terminal.keys(bytes([byte]))
            time.sleep(0.02)
        terminal.keys(b"\r")
        self.assertEqual(terminal.answer()["question"], "üz€")

    def test_lines_pasted_without_brackets_are_questions_one_by_one(self):
        terminal = self.open("--json", "-n", "1", pipe=True)
        terminal.at_prompt()
        terminal.keys(b"one\rtwo\rthree\r")
        self.assertEqual([terminal.answer()["question"] for _ in range(3)],
                         ["one", "two", "three"])

    def test_what_is_typed_during_an_answer_is_the_next_line(self):
        terminal = self.open("--json", "-n", "400", pipe=True)
        terminal.ask(b"Once")
        terminal.keys(b"next\n")
        terminal.answer()
        self.assertEqual(terminal.answer()["question"], "next")

    def test_what_is_typed_during_an_answer_does_not_stand_in_it(self):
        terminal = self.open("--json", "-n", "400", pipe=True)
        terminal.ask(b"Once")
        self.assertFalse(termios.tcgetattr(terminal.master)[3] & termios.ECHO)
        before = terminal.seen
        terminal.keys(b"unseen")
        terminal.answer()
        terminal.until(lambda: b"> unseen" in terminal.seen, "the line typed so far")
        self.assertEqual(terminal.seen.removeprefix(before).count(b"unseen"), 1)
        terminal.keys(b"\r")
        self.assertEqual(terminal.answer()["question"], "unseen")
        terminal.at_prompt()
        terminal.keys(CTRL_D)
        self.assertEqual(terminal.end(), 0)
        self.expect_restored(terminal)

    def test_what_is_no_command_is_not_asked_unless_it_says_so(self):
        terminal = self.open("--json", "-n", "1", pipe=True)
        terminal.at_prompt()
        terminal.keys(b"/frobnicate now\r")
        terminal.shows(b"there is no command /frobnicate; /help lists them, and // in front")
        terminal.at_prompt()
        terminal.keys(b"//etc/passwd?\r")
        self.assertEqual(terminal.answer()["question"], "/etc/passwd?")
        self.assertEqual(terminal.answers, b"")

    def test_a_paste_of_many_lines_is_quick_and_whole(self):
        terminal = self.open("--json", "-n", "1", "--max-tokens=1", pipe=True)
        text = "\n".join(f"line {i}" for i in range(400))
        terminal.at_prompt()
        # A terminal's own queue is 4 KiB: pieces, as an emulator writes them.
        data = PASTE % text.encode() + b"\r"
        while data:
            data = data[os.write(terminal.master, data[:1024]):]
            terminal.pump(0.01)
        self.assertEqual(terminal.answer()["question"], text)


if __name__ == "__main__":
    support.main()
