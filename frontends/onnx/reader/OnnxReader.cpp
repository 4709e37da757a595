#include "frontends/onnx/reader/OnnxReader.h"

#include "frontends/onnx/reader/CheckModel.h"
#include "frontends/onnx/reader/FileSniffer.h"
#include "frontends/onnx/reader/ModelParser.h"

#include <climits>

namespace llmc::onnx {

namespace {

/// Reads \p model from its files[0].
Status fill(Model &model, const std::string &folder) {
  std::span<const std::byte> bytes = model.files[0].bytes;
  if (bytes.size() > INT_MAX)
    return Error{Code::TooLarge, "the model file is too large", "",
                 "it has " + std::to_string(bytes.size()) +
                     " bytes; protobuf ends at 2 GiB",
                 "keep the weights in external data beside the model"};
  HeapBudget budget(bytes.size());
  ModelParser parser(model, budget, folder);
  LLMC_CHECK(parser.parseModel());
  // Before IR version 3 there was one operator set and no field for it.
  if (model.irVersion < 3 && model.opsetImports.empty())
    model.opsetImports.push_back({"", 1});
  LLMC_CHECK(checkFunctions(model, budget));
  return checkNames(model, budget);
}

Result<Model> readFiles(Model model, const std::string &folder) {
  Status status = fill(model, folder);
  if (status)
    return model;
  // Only now: external data makes the list of files grow.
  const ModelFile &file = model.files[0];
  Error error = status.takeError();
  if (error.code == Code::NotOnnx || error.code == Code::TooLarge) {
    OtherFile other = sniffFile(file.bytes);
    if (!other.what.empty()) {
      error.code = Code::NotOnnx;
      error.what = "the file is not an ONNX model";
      error.why = other.what;
      error.fix = other.fix;
    }
  }
  if (error.code == Code::NotOnnx && error.fix.empty())
    error.fix = "if the file was downloaded or copied, check that it is "
                "complete (" +
                std::to_string(file.bytes.size()) + " bytes here)";
  error.where = file.path + (error.where.empty() ? "" : ", " + error.where);
  return error;
}

} // namespace

Result<Model> readModel(const std::string &path) {
  LLMC_TRY(MappedFile map, MappedFile::open(path));
  Model model;
  std::span<const std::byte> bytes = map.bytes();
  model.files.push_back({path, std::move(map), bytes});
  return readFiles(std::move(model), folderOf(path));
}

Result<Model> readModelFromBytes(std::span<const std::byte> bytes,
                                 const std::string &folder) {
  Model model;
  model.files.push_back({"model in memory", MappedFile(), bytes});
  return readFiles(std::move(model), folder);
}

} // namespace llmc::onnx
