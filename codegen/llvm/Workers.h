/// Work done in forked processes, so that a crash is an answer.
#ifndef LLMC_CODEGEN_LLVM_WORKERS_H
#define LLMC_CODEGEN_LLVM_WORKERS_H

#include "runtime/support/Error.h"

#include <functional>
#include <string>
#include <vector>

namespace llmc::codegen {

/// What became of one item.
struct WorkResult {
  enum class Kind {
    Done,    ///< `bytes` is what the work returned.
    Failed,  ///< `bytes` is the reason that the work gave.
    Crashed, ///< The process died; `bytes` says how, and what it printed.
  };
  Kind kind = Kind::Crashed;
  std::string bytes;
};

/// One item's work, run in a worker: the bytes made, or why not.
using Work = std::function<Result<std::string>(size_t item)>;

/// Does items [0, count) in at most `jobs` forked processes, each taking the
/// next item when it has finished one. A process that dies costs only its
/// current item: another takes its place. `finished` is called here, in the
/// order of completion. Fails only where the system refuses pipes or processes.
Status runWorkers(size_t count, unsigned jobs, const Work &work,
                  std::function<void(size_t item, WorkResult result)> finished);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_WORKERS_H
