/// A kernel in executable form: one Inst per PTX instruction, operands as
/// places in a warp's register file. Made by ops/, run by execute/Block.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_PROGRAM_H
#define LLMC_RUNTIME_SIM_EXECUTE_PROGRAM_H

#include "runtime/sim/ptx/Module.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::sim {

inline constexpr unsigned kLanes = 32;
inline constexpr uint32_t kAllLanes = 0xFFFFFFFF;

struct Warp;
struct Inst;
/// Does an instruction's work for the lanes in `warp.active`.
using Execute = void (*)(Warp &warp, const Inst &inst);

/// A place in a warp's register file, in bytes: 32 lanes of 2, 4, 8 or 16
/// bytes behind each other, or one uint32_t with a bit per lane (predicates).
/// Immediates and special registers have places too, so that an Execute reads
/// all its operands in the same way.
using Slot = uint32_t;

struct Inst {
  Execute execute = nullptr;
  const Slot *operand = nullptr; ///< Destinations first, then sources.
  Slot guard = kNone;
  bool guardNegated = false;
  /// `value` (with flags: each number of table `count`) is an instruction.
  bool branch = false;
  uint8_t rounding = 0; ///< A Rounding, of floating point.
  uint8_t flags = 0;    ///< By family.
  uint32_t line = 0;
  uint32_t count = 0; ///< By family: elements, bytes, targets.
  int64_t value = 0;  ///< By family: displacement, target, immediate.
};

/// Special registers that a block fills in before it starts.
enum class SpecialRegister : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NwarpId,
  SmId,
  NsmId,
  LanemaskEq,
  LanemaskLt,
  LanemaskLe,
  LanemaskGe,
  LanemaskGt,
  DynamicSmemSize,
  TotalSmemSize,
  Zero,
  One,
  WarpSize,
};

struct Program {
  /// Where a kernel's parameter lies in the parameter buffer.
  struct Parameter {
    uint64_t offset;
    uint64_t bytes;
  };
  struct Special {
    SpecialRegister which;
    Slot slot;
  };

  std::string name;
  std::vector<Inst> code;
  std::vector<Slot> operands; ///< What Inst::operand points into.
  std::vector<std::vector<uint32_t>>
      tables;                 ///< Targets of brx.idx and the like.
  uint32_t registerBytes = 0; ///< Of a warp, constants included.
  uint32_t constantsAt = 0;   ///< Where `constants` belong.
  std::vector<char> constants;
  std::vector<Special> specials;
  std::vector<Parameter> parameters;
  uint64_t parameterBytes = 0;
  uint32_t sharedBytes = 0;   ///< Static, from kSharedBase.
  uint32_t sharedAlign = 16;  ///< Of dynamic shared memory behind it.
  uint32_t localBytes = 0;    ///< A thread's.
  uint32_t registersUsed = 0; ///< PTX registers, in units of 32 bits.
  uint32_t requiredThreads[3] = {0, 0, 0};
  uint32_t maxThreads = 0;
  const Module *module = nullptr; ///< For the text of a line.
};

/// First valid shared and local addresses: a null pointer is never one.
inline constexpr uint32_t kSharedBase = 1024;
inline constexpr uint32_t kLocalBase = 1024;
/// Windows of generic addresses; device memory lies below both.
inline constexpr uint64_t kSharedWindow = uint64_t(1) << 56;
inline constexpr uint64_t kLocalWindow = uint64_t(2) << 56;
inline constexpr uint64_t kParamWindow = uint64_t(3) << 56;
inline constexpr uint64_t kWindowBytes = uint64_t(1) << 32;

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_PROGRAM_H
