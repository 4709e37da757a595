/// The command line of `llmc compile`.
#ifndef LLMC_TOOLS_LLMC_COMPILEARGUMENTS_H
#define LLMC_TOOLS_LLMC_COMPILEARGUMENTS_H

#include "compiler/Options.h"
#include "runtime/support/Error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

struct CompileArguments {
  CompileOptions options;
  bool printPipeline = false;
  bool json = false;
  bool verbose = false;
  /// `--mlir-…`, in order, for MLIR's own parser.
  std::vector<std::string> mlirFlags;
  /// The text of --help where it was asked for: nothing else is to be done.
  std::string help;
};

/// Flags stand above LLMC_* variables, those above defaults.
/// Errors: UnknownFlag, BadFlagValue, MissingArgument.
Result<CompileArguments>
parseCompileArguments(std::span<const std::string_view> words);

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_COMPILEARGUMENTS_H
