/// PTX text to a Module. The text is untrusted: everything is bounded, names
/// are resolved, and an error says the line and what stood there.
#ifndef LLMC_RUNTIME_SIM_PTX_PARSER_H
#define LLMC_RUNTIME_SIM_PTX_PARSER_H

#include "runtime/sim/ptx/Module.h"
#include "runtime/support/Error.h"

namespace llmc::sim {

/// What a module may ask for; far above what a compiler emits.
struct ParseLimits {
  size_t textBytes = size_t(256) << 20;
  uint32_t registers = 1u << 20; ///< Of one function.
  uint32_t scopeDepth = 64;
  uint64_t variableBytes = uint64_t(1) << 26;
  uint32_t align = 1u << 16;
};

/// Fails with BadPtx; the error's `where` is "line N".
Result<Module> parsePtx(std::string_view text, const ParseLimits &limits = {});

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_PTX_PARSER_H
