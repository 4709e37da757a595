/// A program with its integers computed and its pointers resolved.
#ifndef LLMC_RUNTIME_PROGRAM_BOUNDPROGRAM_H
#define LLMC_RUNTIME_PROGRAM_BOUNDPROGRAM_H

#include "runtime/format/Program.h"
#include "runtime/program/WeightPlaces.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace llmc {

/// Memory that a program's buffers lie in, apart from weights. For a device the
/// addresses are the device's: nothing is read or written through them here.
struct ProgramMemory {
  std::span<std::byte> arena;
  std::vector<std::span<std::byte>> inputs;  // [program.inputs]; only read
  std::vector<std::span<std::byte>> outputs; // [program.outputs]
  std::span<std::byte> cache;                // the pool of pages

  bool isSame(const ProgramMemory &other) const;
};

/// Nothing is allocated after construction, and what depends on symbols alone
/// is computed again only when a symbol has changed.
class BoundProgram {
public:
  /// All arguments must outlive this. \p cache and \p cacheType are those of
  /// the decoder; a graph has none.
  BoundProgram(const WeightPlaces &weights, const Program &program,
               const CacheLayout &cache, ElementType cacheType);

  /// Computes the values for \p symbols. Error: ArtifactDamaged.
  Status setSymbols(std::span<const int64_t> symbols);
  /// Resolves every buffer in \p memory and checks that it lies inside; after
  /// setSymbols, before run. Does nothing where neither symbols nor memory nor
  /// the weights' places have changed since the last call. Error:
  /// ArtifactDamaged.
  Status setMemory(const ProgramMemory &memory);

  const Program &program() const { return code; }
  int64_t value(ValueId id) const { return values[id]; }
  /// The buffers of all launches, one launch after another, after setMemory.
  void *const *allBuffers() const { return arguments.data(); }
  /// The scalars of all launches, likewise, after setSymbols.
  const int64_t *allScalars() const { return scalars.data(); }
  /// Bytes of an argument with its extents as computed. Errors:
  /// ArtifactDamaged for negative extents or more than 2^46 bytes.
  Result<int64_t> argumentBytes(const Argument &argument) const;

private:
  Result<int64_t> bytesReached(const Buffer &buffer) const;
  std::span<std::byte> spaceOf(BufferId id,
                               const ProgramMemory &memory) const;

  const Program &code;
  CacheLayout layout;
  int64_t cacheElementBytes;
  bool ready = false;               // values are those of `symbols`
  bool placed = false;              // pointers are those in `places`
  ProgramMemory places;
  const WeightPlaces &weights;
  uint64_t weightsVersion = 0; // of the pointers
  std::vector<int64_t> symbols;     // [program.symbols]
  std::vector<int64_t> values;      // [program.values]
  std::vector<int64_t> reach;       // [program.buffers] bytes from its base on
  std::vector<void *> pointers;     // [program.buffers]
  std::vector<void *> arguments;    // of all launches, one after another
  std::vector<int64_t> scalars;     // likewise
};

} // namespace llmc

#endif // LLMC_RUNTIME_PROGRAM_BOUNDPROGRAM_H
