/// A cache with sequences in it, and what attention should make of them.
#ifndef LLMC_TEST_CODEGEN_ATTENTIONWORLD_H
#define LLMC_TEST_CODEGEN_ATTENTIONWORLD_H

#include "test/codegen/KernelHarness.h"

namespace llmc::test {

struct Variant {
  int64_t headDim = 64, cacheHeads = 2, group = 2, page = 64;
  int64_t window = 0;
  float softcap = 0;
  std::string cacheType = "f32";
  std::string rowType = "f32"; ///< Of queries, keys, values and outputs.
  int64_t split = 128;
  int64_t slots = 0; ///< Of the pieces; 0: as many as the longest sequence has.

  int64_t heads() const { return cacheHeads * group; }
  int64_t vectors() const { return (headDim + 15) / 16; }
  /// Elements of the cache in a lane of 4 bytes.
  int64_t lane() const {
    return cacheType == "i8" ? 4 : cacheType == "f32" ? 1 : 2;
  }
  /// Whether queries and weights are rounded.
  bool rounds() const { return lane() > 1; }
  /// Lines of a panel of keys; of bytes, two have scales.
  int64_t keyLines() const { return headDim / lane() + (lane() == 4 ? 2 : 0); }
  float scale() const;
};

/// Modules with one kernel each.
std::string appendText(const Variant &variant);
std::string attentionText(const Variant &variant);
/// \p merges: the last piece to end merges them all.
std::string splitText(const Variant &variant, bool merges = false);
std::string mergeText(const Variant &variant);

/// The kernel of a text for a level, compiled once.
const Kernel &compiled(const std::string &text, const std::string &level);

/// What a step tells attention.
struct Batch {
  Guarded<uint8_t> query;
  Guarded<int32_t> sequence, position, block;
  int64_t rows, blocks;
};

/// Sequences with cached positions and the new rows of a step.
struct World {
  Variant variant; ///< With its slots.
  std::vector<int64_t> lengths; ///< Of each sequence, new rows included.
  std::vector<int64_t> fresh;   ///< New rows of each sequence.
  int64_t columns; ///< Of the page table.
  int64_t pages;   ///< In the caches.
  Guarded<int32_t> pageTable; ///< Where there is no page, numbers far outside.
  /// All positions of all sequences [rows, KV * D], not rounded to the cache's type.
  std::vector<float> key, value;
  Guarded<uint8_t> keyCache, valueCache;

  World(const Variant &variant, std::vector<int64_t> lengths,
        std::vector<int64_t> fresh);
  void append(const std::string &level);
  /// The new rows in blocks of at most `blockRows`.
  Batch batch(int64_t blockRows) const;
  /// Outputs of the new rows, `step` tiles a call.
  std::unique_ptr<Guarded<float>> attend(const Kernel &attention,
                                         int64_t blockRows, int64_t step) const;
  /// The same by pieces; null: the last one merges. What is not written before it
  /// is read is NaN.
  std::unique_ptr<Guarded<float>> attend(const Kernel &split,
                                         const Kernel *merge,
                                         int64_t blockRows, int64_t step) const;
  /// Softmax over pieces in double, rounded where the kernels round to the cache's type.
  std::vector<double> reference() const;
  /// [new rows, H * D], as the rows' type holds them.
  std::vector<float> queries() const;

private:
  /// What the cache keeps of rows: elements, and a scale for each head.
  struct Kept {
    std::vector<float> elements, scales;
  };
  Kept keep(const std::vector<float> &rows) const;
  float rounded(double number) const;
  int64_t total() const { return firstOf(lengths.size()); }
  int64_t firstOf(size_t sequence) const;
};

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_ATTENTIONWORLD_H
