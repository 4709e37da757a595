"""lit: every .mlir file under test/ is a test of llmc-opt with FileCheck."""
import os

import lit.formats
from lit.llvm import llvm_config

config.name = "llmc"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir"]
config.excludes = ["data", "unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.llmc_obj_root, "test")
# FileCheck, not and split-file have no version in their names there.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.add_tool_substitutions(["llmc-opt", "llmc-emit", "llmc"],
                                   [os.path.join(config.llmc_obj_root, "bin")])
