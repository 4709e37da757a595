"""What the measuring scripts share: processes and their memory, and what was measured on."""
import platform
import subprocess
import sys
import time
from pathlib import Path


def private_bytes(pid):
    """RssAnon + RssShmem of a process and its children."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon", "RssShmem")):
                total += int(line.split()[1]) * 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                total += private_bytes(int(child))
    except OSError:
        pass  # It ended meanwhile.
    return total


def watched(command):
    """Runs a command; its seconds and the most private memory seen."""
    start, most = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, private_bytes(process.pid))
        time.sleep(0.02)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed")
    return time.monotonic() - start, most, process.stdout.read()


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def commit():
    """Of this tree, whose build is measured."""
    return subprocess.run(["git", "-C", Path(__file__).parent, "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True).stdout.strip()
