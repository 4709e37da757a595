"""Numbers as they come: one line of JSON each, so that nothing is lost when a call ends."""
import json
import shutil
import signal
import sys
import time
import traceback
from contextlib import contextmanager

from models import NO_TIME, Failed


@contextmanager
def at_most(seconds):
    """Failed where the body takes longer; only what returns to Python now and then is stopped."""
    def stop(number, frame):
        raise Failed(f"took more than {seconds:.0f} s", late=True)
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Records:
    """Key to {"value": ...} or {"why": ..., "log": ...}, with the seconds that it took. `end`: when
    the call is to end, by time.monotonic(); `copy`: a file that is kept equal, or none; `changed`:
    called after each number."""

    def __init__(self, file, header, end, copy=None, again=False, changed=lambda: None):
        self.file, self.end, self.copy, self.again = file, end, copy, again
        self.changed = changed
        self.known = {}
        self._take_up(header)

    def _take_up(self, header):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        lines = [json.loads(line) for line in lines if line.endswith("}")]  # One may be cut off.
        if lines and lines[0].get("header") == header:
            self.known = {line["key"]: line for line in lines[1:]}
            # A line that was cut off must not swallow the next one.
            self.file.write_text("".join(json.dumps(line) + "\n" for line in lines))
            return
        if lines:
            old = self.file.with_suffix(f".{int(time.time())}.jsonl")
            self.file.rename(old)
            print(f"the records were of something else and are now {old}", file=sys.stderr)
        self.file.write_text(json.dumps({"header": header}) + "\n")

    def left(self, most=120):
        return min(most, self.end - time.monotonic())

    def value(self, *key):
        return self.known.get("/".join(map(str, key)), {}).get("value")

    def is_settled(self, key):
        """There is a value, or a reason that is no lack of time."""
        known = self.known.get(key)
        return known is not None and ("value" in known or not (self.again or known.get("late")))

    def take(self, key, work, need=5, most=120):
        """Measures what is not settled yet; `need`: seconds without which it is not begun. What it
        costs is bounded by `most`."""
        key = "/".join(map(str, key))
        if self.is_settled(key):
            return
        record, began = {"key": key}, time.monotonic()
        try:
            if self.left() < need:
                raise Failed(NO_TIME, late=True)
            with at_most(self.left(most) + 5):  # Commands are stopped before, with their log.
                record["value"] = work()
        except Failed as failed:
            record |= {"why": str(failed).replace("|", "/"), "late": failed.late}
            if failed.log:
                record["log"] = failed.log
        except Exception as error:  # Whatever PyTorch raises; the table says it, and goes on.
            line = (str(error).strip().splitlines() or [""])[0].replace("|", "/")
            memory = type(error).__name__ == "OutOfMemoryError"
            record |= {"why": "PyTorch: out of GPU memory" if memory else
                       f"{type(error).__name__}: {line}"[:120], "log": traceback.format_exc()[-4000:]}
        record["seconds"] = round(time.monotonic() - began, 2)
        self._add(record)

    def put(self, key, value):
        """A number that another one needed; not measured for its own sake."""
        self._add({"key": "/".join(map(str, key)), "value": value, "seconds": value})

    def _add(self, record):
        key = record["key"]
        self.known[key] = record
        with open(self.file, "a") as file:
            file.write(json.dumps(record) + "\n")
        told = record.get("value", record.get("why"))
        if told != NO_TIME:
            print(f"{record['seconds']:7.1f} s  {key}: {told}", file=sys.stderr, flush=True)
        if self.copy:
            shutil.copyfile(self.file, self.copy)
        self.changed()
