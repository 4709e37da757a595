/// Runs a graph: named tensors in, tensors out.
#ifndef LLMC_RUNTIME_MODEL_GRAPHEXECUTOR_H
#define LLMC_RUNTIME_MODEL_GRAPHEXECUTOR_H

#include "runtime/model/LoadedModel.h"
#include "runtime/program/BoundProgram.h"
#include "runtime/program/LaunchObserver.h"
#include "runtime/support/Npy.h"

#include <memory>
#include <span>
#include <vector>

namespace llmc {

/// The first graph of a model. Extents that the model leaves open are bound by
/// the inputs of each run.
class GraphExecutor {
public:
  /// \p model must outlive it. Errors: WrongModule; those of Accelerator::prepare.
  static Result<std::unique_ptr<GraphExecutor>> create(LoadedModel &model);

  const Program &program() const { return code; }

  /// \p inputs and the result are in the order of the program's inputs and
  /// outputs. Errors: BadTensor for what does not fit, OutOfMemory,
  /// ArtifactDamaged.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);

  /// Told of every launch; may be null.
  LaunchObserver *observer = nullptr;

private:
  GraphExecutor(LoadedModel &model, const Program &program)
      : model(model), code(program),
        bound(model.places(), program, CacheLayout(), ElementType::F32) {}
  Status bind(std::span<const Tensor> inputs, std::span<int64_t> symbols) const;
  Status checkFit(std::span<const Tensor> inputs) const;

  LoadedModel &model;
  const Program &code;
  BoundProgram bound;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_GRAPHEXECUTOR_H
