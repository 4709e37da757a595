/// Tensors whose bytes lie in files beside the model.
#ifndef LLMC_FRONTENDS_ONNX_READER_EXTERNALDATA_H
#define LLMC_FRONTENDS_ONNX_READER_EXTERNALDATA_H

#include "frontends/onnx/reader/HeapBudget.h"
#include "frontends/onnx/reader/OnnxModel.h"

#include <map>
#include <string>
#include <string_view>

namespace llmc::onnx {

/// What a tensor's external_data entries say; views into the model file.
struct ExternalReference {
  std::string_view location;
  std::string_view offset; ///< Decimal; empty for 0.
  std::string_view length; ///< Decimal; empty for what the dims call for.
};

/// Maps the external files of a model, each once, by mapBeneath() alone. Every
/// tensor, wherever it stands in the model, is resolved here.
class ExternalData {
public:
  ExternalData(const std::string &folder, Model &model, HeapBudget &budget)
      : folder(folder), model(model), budget(budget) {}

  /// Where the bytes of \p tensor lie. \p expected is the number of bytes that
  /// its dims call for. Errors: the three ExternalData…, BadModel, TooLarge.
  Result<ByteRange> resolve(const ExternalReference &reference,
                            const TensorData &tensor, uint64_t expected);

private:
  Result<uint32_t> mapOnce(std::string_view location);

  const std::string &folder;
  Model &model;
  HeapBudget &budget;
  std::map<std::string, uint32_t, std::less<>> indices;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_READER_EXTERNALDATA_H
