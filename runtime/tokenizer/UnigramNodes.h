/// The nodes of a search for the best segmentation, of which many may repeat.
#ifndef LLMC_RUNTIME_TOKENIZER_UNIGRAMNODES_H
#define LLMC_RUNTIME_TOKENIZER_UNIGRAMNODES_H

#include "runtime/tokenizer/Repeats.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc::tokenizer {

/// For each position from base() on the best token that ends there. What
/// repeats itself is kept once.
class UnigramNodes {
public:
  static constexpr int32_t none = -2;

  size_t base() const { return first; }

  /// \p p is not in front of base(), and a node that there is.
  int32_t &operator[](size_t p) {
    return nodes[hidden == 0 ? p - first : indexOf(p)];
  }
  /// The same; it and those in front of it are made where they are not there.
  int32_t &made(size_t p) {
    size_t index = p - first - hidden;
    if (index >= nodes.size())
      nodes.resize(index + 1, none);
    return nodes[index];
  }

  /// \p p becomes base(), and the only node.
  void restart(size_t p) {
    first = p;
    nodes.assign(1, none);
    parts.clear();
    hidden = 0;
  }

  /// \p p becomes base().
  void forgetBefore(size_t p) {
    if (parts.empty()) {
      nodes.erase(nodes.begin(), nodes.begin() + ptrdiff_t(p - first));
    } else {
      size_t end = first + nodes.size() + hidden;
      UnigramNodes kept;
      kept.first = p;
      kept.nodes.clear();
      for (const Part &part : parts) {
        // The nodes that it repeats must be kept with it.
        size_t begin = std::max(part.begin, p + part.bytes);
        if (begin >= part.end)
          continue;
        kept.copy(*this, begin + 1);
        kept.hidden += part.end - begin;
        kept.parts.push_back({begin, part.end, part.bytes, kept.hidden});
      }
      kept.copy(*this, end);
      std::swap(nodes, kept.nodes);
      std::swap(parts, kept.parts);
      hidden = kept.hidden;
    }
    first = p;
  }

  /// Behind \p p come, \p times, the \p bytes nodes that end there, which were
  /// all made since the last repeat(); then what was behind it.
  void repeat(size_t p, size_t bytes, size_t times) {
    size_t at = indexOf(p) + 1;
    std::vector<int32_t> behind(nodes.begin() + ptrdiff_t(at), nodes.end());
    nodes.resize(at);
    constexpr size_t few = size_t(1) << 16;
    if (bytes * times <= few) {
      repeatSince(nodes, at - bytes, times);
    } else {
      hidden += bytes * times;
      parts.push_back({p, p + bytes * times, bytes, hidden});
    }
    nodes.insert(nodes.end(), behind.begin(), behind.end());
  }

private:
  /// The nodes in (begin, end] are those in (begin - bytes, begin], which are
  /// kept, again and again.
  struct Part {
    size_t begin, end, bytes;
    size_t hidden; ///< How many are not kept, in it and before it.
  };
  std::vector<int32_t> nodes{none};
  std::vector<Part> parts;
  size_t first = 0;
  size_t hidden = 0; // How many are not kept.

  [[gnu::noinline]] size_t indexOf(size_t p) const {
    for (size_t i = parts.size(); i-- > 0;) {
      const Part &part = parts[i];
      if (p > part.end)
        return p - first - part.hidden;
      if (p > part.begin) {
        size_t before = part.hidden - (part.end - part.begin);
        p = part.begin - part.bytes + 1 + (p - part.begin - 1) % part.bytes;
        return p - first - before;
      }
    }
    return p - first;
  }
  /// Makes nodes, as they are in \p from, up to \p end.
  void copy(UnigramNodes &from, size_t end) {
    for (size_t p = first + nodes.size() + hidden; p < end; ++p)
      nodes.push_back(from[p]);
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNIGRAMNODES_H
