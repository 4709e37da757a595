/// The arithmetic that every form of attention shares, in doubles. Internal to
/// this folder.
#ifndef LLMC_COMPILER_REFERENCE_ATTENTIONMATH_H
#define LLMC_COMPILER_REFERENCE_ATTENTIONMATH_H

#include "compiler/reference/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llmc::reference {

/// Vectors by batch element, head and position.
struct Heads {
  int64_t batch = 0, heads = 0, length = 0, width = 0;
  std::vector<double> data; // [batch, heads, length, width]

  double *at(int64_t b, int64_t h, int64_t i) {
    return data.data() + ((b * heads + h) * length + i) * width;
  }
  const double *at(int64_t b, int64_t h, int64_t i) const {
    return data.data() + ((b * heads + h) * length + i) * width;
  }

  /// From [B, H, S, D], or from [B, S, H * D] with \p heads given. nullopt if
  /// the tensor is of neither shape.
  static std::optional<Heads> from(const Tensor &tensor, int64_t heads);
  /// Columns [first, first + heads * width) of [B, S, N].
  static Heads columns(const Tensor &tensor, int64_t first, int64_t heads,
                       int64_t width);
  /// Into [B, H, S, D], or [B, S, H * D] where \p rows.
  void store(Tensor &tensor, bool rows) const;
};

/// Softmax(\p scores) in place; positions of -infinity have weight 0, and where
/// all are so, all weights are 0 (nothing to attend to).
void softmaxVisible(mlir::MutableArrayRef<double> scores);

/// For each query: the values weighted by the softmax of
/// softcap(scale * q . k) + bias(b, h, i, j). The bias of a position that is
/// not seen is -infinity. Head h reads key head h / (heads / key heads).
Heads attend(const Heads &query, const Heads &key, const Heads &value,
             double scale, double softcap,
             llvm::function_ref<double(int64_t, int64_t, int64_t, int64_t)> bias);

/// Rotates the pairs of the first 2 * \p pairs elements of a head by the angles
/// of which \p cos and \p sin are given: (i, i + pairs), or interleaved.
void rotate(double *head, int64_t pairs, const double *cos, const double *sin,
            bool interleaved);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_ATTENTIONMATH_H
