/// What loading asks of the machine; tests answer in its place.
#ifndef LLMC_RUNTIME_MODEL_LOADMACHINE_H
#define LLMC_RUNTIME_MODEL_LOADMACHINE_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/model/LoadPolicy.h"

#include <cstddef>
#include <optional>
#include <span>

namespace llmc {

class LoadMachine {
public:
  virtual ~LoadMachine() = default;

  /// Reads samples of \p weights, which are mapped, and as much memory, in
  /// turns; some 40 ms. nullopt where there is no memory for the sample.
  virtual std::optional<ReadRates> measure(ThreadPool &threads,
                                           std::span<const std::byte> weights) = 0;
  virtual CopyRoom room() = 0;
};

class ThisMachine final : public LoadMachine {
public:
  std::optional<ReadRates> measure(ThreadPool &threads,
                                   std::span<const std::byte> weights) override;
  CopyRoom room() override;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_LOADMACHINE_H
