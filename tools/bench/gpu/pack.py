#!/usr/bin/env python3
"""Packs llmc for a machine that has no LLVM: one program, linked with LLVM's and MLIR's archives, and
llmc-stub.

    tools/bench/gpu/pack.py build llmc.tar.xz

`measure.py --llmc llmc.tar.xz` unpacks it by itself. Only glibc is taken from there; it must be as
new as here. With the shared libraries instead it would be 60 MiB, not 28: they hold all of LLVM, and
ask for ICU and Z3.
"""
import lzma
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# Archives of MLIR that are no part of a compiler; some would drag in the shared libraries.
LEFT_OUT = re.compile(r"Test|CAPI|MlirOptMain|JitRunner|SparseTensorRuntime|ExecutionEngine")
SHARED = re.compile(r"/lib(z|zstd|protobuf-lite)\.so$")
# Polly is named by LLVM's own linker plugin for bitcode, which no kernel of ours is.
FLAGS = ["-Wl,--gc-sections", "-Wl,--defsym=_Z18getPollyPluginInfov=0", "-s", "-static-libstdc++",
         "-static-libgcc"]


def told(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def archives(folder):
    """LLVM's and MLIR's, of which the linker takes what is asked for."""
    config = folder.parent / "bin/llvm-config"
    llvm = told([config, "--link-static", "--libfiles", "all"]).split()
    mlir = [path for path in sorted(folder.glob("libMLIR*.a")) if not LEFT_OUT.search(path.name)]
    return [*map(str, mlir), *(path for path in llvm if "Polly" not in path)]


def link_command(build, output):
    """That of the build, with archives where it names shared libraries."""
    line = told(["ninja", "-C", build, "-t", "commands", "bin/llmc"]).splitlines()[-1]
    words = [word for word in shlex.split(line) if word not in (":", "&&")]
    words[words.index("-o") + 1] = str(output)
    out = [words[0], *FLAGS]
    for word in words[1:]:
        if "/libMLIR.so" in word:
            out += ["-Wl,--start-group", *archives(Path(word).parent), "-Wl,--end-group"]
        elif "/libLLVM" not in word and not word.startswith("-Wl,-rpath"):
            out.append(word[:-2] + "a" if SHARED.search(word) else word)
    return out


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, archive = map(Path, sys.argv[1:])
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 7, "dict_size": 1 << 27}]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "llmc"
        subprocess.run(link_command(build, program), check=True, cwd=build)
        with lzma.open(archive, "wb", filters=filters) as packed, \
                tarfile.open(fileobj=packed, mode="w|", dereference=True) as out:
            out.add(program, "llmc-packed/llmc")
            out.add(build / "bin/llmc-stub", "llmc-packed/llmc-stub")
    print(f"{archive}: {archive.stat().st_size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
