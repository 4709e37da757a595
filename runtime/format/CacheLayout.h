/// Where keys and values of a decoder's cache lie: one set of formulae for the
/// compiler (types of cache buffers) and the runtime (the pool of pages).
///
/// The pool is [pages][layers][key area, value area]: one page number stands
/// for 64 positions of all layers. Inside an area the layout is that of
/// kernel.kv_append, with `pair` elements (4 of i8, 2 of bf16 or f16, else 1) to a
/// lane: of neighbouring d in keys, of neighbouring positions in values:
///   key area   [kvHeads, page/16, keyDim/pair, 16, pair]
///   value area [kvHeads, ceil(headDim/16), page/pair, 16, pair]
/// A position's scales, of i8, are the last 8 bytes of its key. So layer l's key
/// cache is a memref [pages, kvHeads, page/16, headDim, 16],
/// or [pages, kvHeads, page/16, headDim/2, 16, 2], whose page stride is
/// pageElements() and whose other strides are contiguous; its first element is
/// keyOffset(l) elements into the pool.
#ifndef LLMC_RUNTIME_FORMAT_CACHELAYOUT_H
#define LLMC_RUNTIME_FORMAT_CACHELAYOUT_H

#include "runtime/format/ElementType.h"

#include <cstdint>

namespace llmc {

/// Positions in a page of the cache: one attention tile.
inline constexpr int64_t cachePage = 64;

/// Elements of a cache of \p type that share a lane: 4 bytes.
constexpr int64_t cachePair(ElementType type) {
  return type == ElementType::I8 ? 4 : type == ElementType::F32 ? 1 : 2;
}

/// As --kv-cache-dtype has it: `int8`, else the type's own name.
constexpr std::string_view cacheTypeName(ElementType type) {
  return type == ElementType::I8 ? "int8" : elementTypeName(type);
}

/// The extents that fix a cache's layout; all counts are in elements.
struct CacheLayout {
  int64_t layers = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;      ///< A multiple of `pair`.
  int64_t page = cachePage; ///< Positions per page, a multiple of 32.
  int64_t pair = 1;         ///< See cachePair.

  /// Bytes of scales, of key and value, behind the key of a position.
  static constexpr int64_t scaleBytes = 8;
  /// Whether a position's key and value have scales (f32): those of i8.
  constexpr bool hasScales() const { return pair == 4; }
  /// Elements of a position in a head's keys, its scales included.
  constexpr int64_t keyDim() const {
    return headDim + (hasScales() ? scaleBytes : 0);
  }
  /// headDim rounded up to whole vectors of 16 lanes.
  constexpr int64_t valueDim() const { return (headDim + 15) / 16 * 16; }
  /// Elements of one layer's keys in a page.
  constexpr int64_t keyElements() const { return kvHeads * page * keyDim(); }
  /// Elements of one layer's values in a page.
  constexpr int64_t valueElements() const { return kvHeads * page * valueDim(); }
  /// Elements of a page over all layers: the page stride of every cache buffer.
  constexpr int64_t pageElements() const {
    return layers * (keyElements() + valueElements());
  }
  /// First element of a layer's keys in a page.
  constexpr int64_t keyOffset(int64_t layer) const {
    return layer * (keyElements() + valueElements());
  }
  /// First element of a layer's values in a page.
  constexpr int64_t valueOffset(int64_t layer) const {
    return keyOffset(layer) + keyElements();
  }
  /// Dimensions of a cache buffer.
  constexpr int rank() const { return pair > 1 ? 6 : 5; }
  /// Strides of a key cache buffer [pages, kvHeads, page/16, headDim, 16] or
  /// [pages, kvHeads, page/16, keyDim/pair, 16, pair].
  constexpr int64_t keyStride(int dimension) const {
    const int64_t strides[6] = {pageElements(), page * keyDim(), 16 * keyDim(),
                                16 * pair, pair, 1};
    return strides[dimension];
  }
  /// Strides of a value cache buffer [pages, kvHeads, valueDim/16, page, 16] or
  /// [pages, kvHeads, valueDim/16, page/pair, 16, pair].
  constexpr int64_t valueStride(int dimension) const {
    const int64_t strides[6] = {pageElements(), page * valueDim(), page * 16,
                                16 * pair, pair, 1};
    return strides[dimension];
  }
  /// Pages that \p positions positions of one sequence need.
  constexpr int64_t pagesFor(int64_t positions) const {
    return (positions + page - 1) / page;
  }
};

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_CACHELAYOUT_H
