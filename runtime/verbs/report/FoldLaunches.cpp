#include "runtime/verbs/report/FoldLaunches.h"

#include "runtime/verbs/ProgramText.h"

#include <algorithm>
#include <map>
#include <string>

namespace llmc::page {

std::vector<Fold> foldRepeats(std::span<const uint32_t> kinds) {
  constexpr size_t longest = 256;
  size_t budget = 50'000'000; // comparisons
  std::vector<Fold> folds;
  for (size_t at = 0; at < kinds.size();) {
    Fold best{at, 1, 1};
    for (size_t length = 1; length <= longest && at + 2 * length <= kinds.size(); ++length) {
      size_t equal = 0; // launches that are the same one period later
      while (budget > 0 && at + length + equal < kinds.size() &&
             kinds[at + equal] == kinds[at + length + equal]) {
        ++equal;
        --budget;
      }
      size_t repeats = 1 + equal / length;
      if (repeats > 1 && repeats * length > best.repeats * best.length)
        best = {at, length, repeats};
    }
    folds.push_back(best);
    at += best.length * best.repeats;
  }
  return folds;
}

std::vector<uint32_t> launchKinds(const Model &model, const Program &program) {
  std::map<std::string, uint32_t> known;
  std::vector<uint32_t> kinds;
  // Many launches share a buffer.
  std::vector<std::string> texts(program.buffers.size());
  auto textOf = [&](BufferId id) -> const std::string & {
    std::string &text = texts[id];
    if (!text.empty())
      return text;
    const Buffer &buffer = program.buffers[id];
    text = std::string(spaceName(buffer.space)) +
           shapeText(program, buffer.type, buffer.shape);
    for (int64_t stride : buffer.strides)
      text += " " + std::to_string(stride);
    if (buffer.space == Buffer::Space::Weight)
      text += model.weights[buffer.index].layout;
    else if (buffer.space == Buffer::Space::Input || buffer.space == Buffer::Space::Output)
      text += " " + std::to_string(buffer.index) + "+" + valueText(program, buffer.offset);
    return text;
  };
  for (const Launch &launch : program.launches) {
    std::string text = std::to_string(launch.kernel) + ":" + valueText(program, launch.tiles);
    for (ValueId scalar : launch.scalars)
      text += "," + valueText(program, scalar);
    for (BufferId id : launch.buffers)
      text += ";" + textOf(id);
    kinds.push_back(known.try_emplace(text, static_cast<uint32_t>(known.size())).first->second);
  }
  return kinds;
}

} // namespace llmc::page
