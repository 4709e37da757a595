/// What stopped a kernel, for the driver's error code and for a person.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_FAULT_H
#define LLMC_RUNTIME_SIM_EXECUTE_FAULT_H

#include <cstdint>
#include <string>

namespace llmc::sim {

enum class FaultKind : uint8_t {
  OutOfBounds,
  Misaligned,
  Unwritten,  ///< Reads bytes that nothing wrote.
  Race,       ///< In shared memory, between barriers.
  AsyncUse,   ///< Uses what a copy or wgmma in flight still writes or reads.
  Descriptor, ///< A wrong matrix descriptor, tensor map or mbarrier.
  Barrier,    ///< Not all lanes of a warp at a barrier, or a wrong count.
  Deadlock,
  Trap,  ///< `trap`, or a return address that is none.
  Limit, ///< More instructions than a launch may take.
};

/// "out-of-bounds access" and so on.
const char *faultName(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::Trap;
  std::string kernel;
  uint32_t line = 0;
  std::string text; ///< The PTX line.
  uint32_t block[3] = {};
  uint32_t thread[3] = {};
  std::string why; ///< Address, what the memory is, the other access.
  /// Line, block and thread.
  std::string place() const;
  /// One paragraph with all of it.
  std::string render() const;
};

/// The checks that can be turned off where they cost too much.
struct Checks {
  bool unwritten = true;
  bool races = true;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_FAULT_H
