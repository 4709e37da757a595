/// How long a linear takes on a GPU, by its tiles: a model to choose by, not a
/// prediction.
#ifndef LLMC_PASSES_SCHEDULE_GPULINEARCOST_H
#define LLMC_PASSES_SCHEDULE_GPULINEARCOST_H

#include "passes/schedule/GpuTable.h"

namespace llmc {

/// A linear as the model sees it.
struct GpuLinear {
  int64_t rows;        ///< At once.
  int64_t length;      ///< K.
  int64_t panels;      ///< Of 16 outputs, of one part.
  int64_t parts;       ///< Weights that share the input.
  int64_t panelBytes;  ///< Of one panel of one part.
  int64_t inputBytes;  ///< Of a term of the input.
  /// Warpgroups multiply what the copy engine brings; two blocks are together.
  bool warpgroups = false;
};

/// Seconds of a launch whose blocks do \p panels panels of every part and
/// \p rows rows. Blocks run in waves, of which each takes as long as the
/// multiprocessor with the most of them, unless the memory of all is slower.
double gpuLinearSeconds(const GpuFigures &gpu, const GpuLinear &linear,
                        int64_t panels, int64_t rows);

} // namespace llmc

#endif // LLMC_PASSES_SCHEDULE_GPULINEARCOST_H
