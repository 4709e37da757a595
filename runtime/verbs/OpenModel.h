/// Opens a model on the device that the flags name.
#ifndef LLMC_RUNTIME_VERBS_OPENMODEL_H
#define LLMC_RUNTIME_VERBS_OPENMODEL_H

#include "runtime/model/LoadedModel.h"
#include "runtime/verbs/Session.h"

#include <functional>
#include <memory>
#include <string>

namespace llmc {

/// What is done with a model once it is open, and may still fail for want of the
/// device's memory.
using UseModel = std::function<Status(std::unique_ptr<LoadedModel> model)>;

/// Opens \p file for its first module of \p kind and hands it to \p use. With
/// --device=auto a GPU is taken where the file has kernels that one here runs;
/// where there is none, or it fails before the first step, the CPU is, and a
/// line on stderr says why. \p flags are checked. Errors: DeviceUnavailable,
/// those of LoadedModel and of \p use.
Status openModel(const std::string &file, const ExecutionFlags &flags, Module::Kind kind,
                 const UseModel &use);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_OPENMODEL_H
