/// Words of the command line that stand for tensors: `NAME=FILE`.
#ifndef LLMC_RUNTIME_VERBS_TENSORWORDS_H
#define LLMC_RUNTIME_VERBS_TENSORWORDS_H

#include "runtime/format/Program.h"
#include "runtime/support/Npy.h"

#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// A word that names an argument of a graph and a file.
struct TensorWord {
  size_t index = 0; ///< Of the argument.
  std::string path;
};

/// Takes `NAME=FILE` apart. Names of arguments may hold equals signs, and so may
/// names of files: what stands before one of the signs must be an argument.
/// Where there is one argument only, FILE may stand alone. \p kind is `input` or
/// `output`, for messages. Error: BadTensor.
Result<TensorWord> splitTensorWord(const std::vector<Argument> &known,
                                   const std::string &word, const char *kind);

/// A tensor for each of \p known, or nothing where no word names it.
struct ReadTensors {
  std::vector<std::optional<Tensor>> tensors; // [known]
  std::vector<std::string> files;
};

/// Reads the files of \p words. A .pb file may stand alone: it holds a name.
/// Errors: BadTensor, those of readTensor.
Result<ReadTensors> readTensorWords(const std::vector<Argument> &known,
                                    const std::vector<std::string> &words,
                                    const char *kind);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_TENSORWORDS_H
