/// Whether weights are read from the file's map or from a copy in 2 MiB pages.
#ifndef LLMC_RUNTIME_MODEL_LOADPOLICY_H
#define LLMC_RUNTIME_MODEL_LOADPOLICY_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace llmc {

enum class LoadMode {
  Auto, ///< From the map; copied behind the first tokens where it is slow.
  Map,  ///< From the map.
  Copy, ///< Copied before the first token.
};

/// `auto`, `map`, `copy`.
std::string_view loadModeName(LoadMode mode);
std::optional<LoadMode> parseLoadMode(std::string_view name);

/// What all threads together read, in bytes per second, taken in turns so that
/// other programs disturb both alike.
struct ReadRates {
  double map = 0;    ///< Weights in the file's map.
  double memory = 0; ///< As many bytes in 2 MiB pages of memory.
};

/// A map below this share of what memory gives is slow: decoding, which fetches
/// less far ahead than a plain sweep, then loses up to a third, and a copy pays
/// for itself within some hundred tokens (runtime/model/README.md).
inline constexpr double slowShare = 0.9;
/// Smaller weights lie in caches for the most part, and are never measured.
inline constexpr uint64_t leastProbedBytes = 64 << 20;
/// What a copy leaves to the rest of the system.
inline constexpr int64_t copyMargin = 256 << 20;

enum class Verdict {
  MeasureAgain, ///< Slow once: another program may have disturbed it.
  Stay,         ///< The map is good.
  Copy,         ///< Slow twice in a row.
};

/// \p measured: all measurements so far, at least one.
Verdict judge(std::span<const ReadRates> measured);

/// What a copy would find.
struct CopyRoom {
  int64_t available = 0;  ///< Bytes that the process may still take.
  bool hugePages = false; ///< The system gives 2 MiB pages to who asks.
};

/// Why \p bytes cannot be copied; empty where they can.
std::string whyNotCopy(uint64_t bytes, const CopyRoom &room);
/// Whether the file's pages in the system's cache should go with each piece
/// that is copied. Where memory is plenty they stay, for the next start.
bool dropsCache(uint64_t bytes, const CopyRoom &room);

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_LOADPOLICY_H
