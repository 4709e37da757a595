/// What cannot be imported, collected over the whole graph: a user learns of
/// every unsupported node at once, not of one per attempt.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_PROBLEMS_H
#define LLMC_FRONTENDS_ONNX_BUILDER_PROBLEMS_H

#include "runtime/support/Error.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace llmc::onnx {

/// Which of the ways out applies.
enum class Remedy : uint8_t {
  None,
  OtherDomain, ///< A domain that llmc does not know.
  NewerOpset,  ///< A form of the operator that came later.
  TrainingOp,  ///< Gradients, optimisers.
  DataShape,   ///< A shape that depends on values.
  ControlFlow, ///< If, Loop, Scan with run-time conditions.
  Export,      ///< Another exporter or option makes a form that is known.
};

/// One node, or one thing about it, that is not supported.
struct Unsupported {
  std::string op;     ///< `Conv-22`, `com.microsoft::Attention-1`.
  std::string node;   ///< Its name, or what it makes.
  std::string scope;  ///< The source layer from the metadata; may be empty.
  std::string reason; ///< Empty where the operator as such is unknown.
  Remedy remedy = Remedy::None;
};

class Problems {
public:
  void add(Unsupported problem) { list.push_back(std::move(problem)); }
  /// Keeps the first: later ones may follow from it.
  void fail(Error error) {
    if (!firstError)
      firstError = std::move(error);
  }
  bool empty() const { return list.empty() && !firstError; }
  size_t count() const { return list.size() + (firstError ? 1 : 0); }
  /// One error that says all of it; the list goes before a single failure,
  /// which may be its consequence. \p file is the model's path.
  Error toError(const std::string &file) const;

private:
  std::vector<Unsupported> list;
  std::optional<Error> firstError;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_PROBLEMS_H
