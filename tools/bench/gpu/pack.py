#!/usr/bin/env python3
"""Packs llmc, llmc-stub and the shared libraries that llmc is linked with, for a machine that has no LLVM.

    tools/bench/gpu/pack.py build/bin/llmc llmc.tar.xz

There: `tar xf llmc.tar.xz`, then `measure.py --llmc llmc-packed/llmc`. Only glibc is taken from there;
it must be as new as here. A model.bin needs none of it.
"""
import lzma
import re
import subprocess
import sys
import tarfile
from pathlib import Path

GLIBC = re.compile(r"(ld-linux|lib(c|m|dl|rt|pthread|gcc_s)\.so)")
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/bin/llmc" "$@"
"""


def main():
    llmc, archive = map(Path, sys.argv[1:3])
    listed = subprocess.run(["ldd", llmc], check=True, capture_output=True, text=True).stdout
    libraries = [Path(path) for path in re.findall(r"=> (/\S+)", listed)]
    launcher = archive.with_suffix(".sh")
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 28}]
    with lzma.open(archive, "wb", filters=filters) as packed, \
            tarfile.open(fileobj=packed, mode="w|", dereference=True) as out:
        out.add(launcher, "llmc-packed/llmc")
        out.add(llmc, "llmc-packed/bin/llmc")
        out.add(llmc.parent / "llmc-stub", "llmc-packed/bin/llmc-stub")
        for library in libraries:
            if not GLIBC.match(library.name):
                out.add(library, f"llmc-packed/lib/{library.name}")
    launcher.unlink()
    print(f"{archive}: {archive.stat().st_size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
