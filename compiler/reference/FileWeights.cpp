#include "compiler/reference/FileWeights.h"

#include "dialects/onnx/OnnxOps.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace llmc::reference {

FileWeights::FileWeights(ModuleOp module, std::string folder) {
  auto files = module->getAttrOfType<ArrayAttr>("onnx.files");
  for (Attribute file : files ? files : ArrayAttr::get(module.getContext(), {})) {
    auto name = dyn_cast<StringAttr>(file);
    SmallString<128> path(name ? name.getValue() : "");
    if (!folder.empty() && llvm::sys::path::is_relative(path)) {
      path = folder;
      llvm::sys::path::append(path, name ? name.getValue() : "");
    }
    paths.push_back(path.str().str());
  }
  maps.resize(paths.size());
}

const std::byte *FileWeights::bytes(onnx::InitializerOp op) {
  int64_t file = op.getFile();
  if (file < 0 || file >= int64_t(paths.size())) {
    message = "onnx.files has no file " + std::to_string(file);
    return nullptr;
  }
  if (!maps[file]) {
    auto buffer = llvm::MemoryBuffer::getFile(paths[file], /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer) {
      message = paths[file] + ": " + buffer.getError().message();
      return nullptr;
    }
    maps[file] = std::move(*buffer);
  }
  uint64_t offset = op.getOffset(), bytes = op.getBytes();
  uint64_t size = maps[file]->getBufferSize();
  if (offset > size || bytes > size - offset) {
    message = "bytes " + std::to_string(offset) + " + " + std::to_string(bytes) +
              " lie beyond the end of " + paths[file];
    return nullptr;
  }
  return reinterpret_cast<const std::byte *>(maps[file]->getBufferStart() +
                                             offset);
}

FailureOr<Tensor> FileWeights::load(onnx::InitializerOp op) {
  const std::byte *start = bytes(op);
  if (!start)
    return failure();
  auto tensor = Tensor::fromPacked(
      cast<RankedTensorType>(op.getType()),
      std::shared_ptr<const std::byte>(maps[op.getFile()], start),
      op.getBytes());
  if (!tensor) {
    message = "has a type that is not supported, or too few bytes";
    return failure();
  }
  return *tensor;
}

} // namespace llmc::reference
