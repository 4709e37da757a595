#include "runtime/sim/execute/Fault.h"

namespace llmc::sim {

const char *faultName(FaultKind kind) {
  switch (kind) {
  case FaultKind::OutOfBounds:
    return "out-of-bounds access";
  case FaultKind::Misaligned:
    return "misaligned access";
  case FaultKind::Unwritten:
    return "read of memory that nothing wrote";
  case FaultKind::Race:
    return "race in shared memory";
  case FaultKind::AsyncUse:
    return "asynchronous copy or product used before its wait";
  case FaultKind::Descriptor:
    return "wrong descriptor";
  case FaultKind::Barrier:
    return "barrier misused";
  case FaultKind::Deadlock:
    return "deadlock";
  case FaultKind::Trap:
    return "trap";
  case FaultKind::Limit:
    return "more than a launch may take";
  }
  return "fault";
}

std::string Fault::place() const {
  auto triple = [](const uint32_t (&of)[3]) {
    return "(" + std::to_string(of[0]) + "," + std::to_string(of[1]) + "," +
           std::to_string(of[2]) + ")";
  };
  return "PTX line " + std::to_string(line) + " `" + text + "`, block " +
         triple(block) + ", thread " + triple(thread);
}

std::string Fault::render() const {
  return std::string(faultName(kind)) + " in kernel '" + kernel + "', " +
         place() + ": " + why;
}

} // namespace llmc::sim
