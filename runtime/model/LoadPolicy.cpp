#include "runtime/model/LoadPolicy.h"

#include <iterator>

namespace llmc {

namespace {
constexpr std::string_view names[] = {"auto", "map", "copy"};
} // namespace

std::string_view loadModeName(LoadMode mode) {
  return names[static_cast<size_t>(mode)];
}

std::optional<LoadMode> parseLoadMode(std::string_view name) {
  for (size_t i = 0; i < std::size(names); ++i)
    if (name == names[i])
      return static_cast<LoadMode>(i);
  return std::nullopt;
}

Verdict judge(std::span<const ReadRates> measured) {
  const ReadRates &last = measured.back();
  if (!(last.map < slowShare * last.memory))
    return Verdict::Stay;
  return measured.size() < 2 ? Verdict::MeasureAgain : Verdict::Copy;
}

std::string whyNotCopy(uint64_t bytes, const CopyRoom &room) {
  if (!room.hugePages)
    return "the system gives no 2 MiB pages "
           "(/sys/kernel/mm/transparent_hugepage/enabled)";
  if (room.available < copyMargin ||
      static_cast<uint64_t>(room.available - copyMargin) < bytes)
    return "a copy needs " + std::to_string(bytes >> 20) + " MiB and " +
           std::to_string(room.available >> 20) + " MiB are left";
  return "";
}

bool dropsCache(uint64_t bytes, const CopyRoom &room) {
  // The copy's own need is known to fit, so that this cannot wrap.
  return static_cast<uint64_t>(room.available) - bytes <
         bytes + static_cast<uint64_t>(copyMargin);
}

} // namespace llmc
