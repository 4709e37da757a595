/// A file as one of its devices sees it.
#ifndef LLMC_RUNTIME_MODEL_DEVICEVIEW_H
#define LLMC_RUNTIME_MODEL_DEVICEVIEW_H

#include "runtime/format/Program.h"

#include <cstddef>

namespace llmc {

/// \p model with the kernels of Model::devices[\p device], and of its modules those
/// that have a schedule for it, with that schedule's programs, chunk and block
/// rows. So whoever reads schedules, measures or traces need not know of devices.
Model deviceView(const Model &model, size_t device);

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_DEVICEVIEW_H
