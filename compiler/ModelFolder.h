/// Which files make up a model.
#ifndef LLMC_COMPILER_MODELFOLDER_H
#define LLMC_COMPILER_MODELFOLDER_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

struct ModelFolder {
  std::string model;  ///< The .onnx file.
  std::string folder; ///< Where it lies.
  std::string name;   ///< For people: the folder's name.
  bool hasTokenizer = false;
  int64_t maxContext = 0; ///< From a configuration; 0: it says nothing.
  /// What is wrong with its number; whoever gives another can do without.
  std::optional<Error> contextError;
  std::vector<std::string> files; ///< Configurations used, with what for.
};

/// Takes an .onnx file, or a folder with one (model.onnx where there are
/// several). Errors: FileNotFound, NoModelFound, BadConfig.
Result<ModelFolder> openModelFolder(const std::string &path);

} // namespace llmc

#endif // LLMC_COMPILER_MODELFOLDER_H
