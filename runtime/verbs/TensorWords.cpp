#include "runtime/verbs/TensorWords.h"

#include "runtime/support/TensorFile.h"
#include "runtime/verbs/Arguments.h"

#include <algorithm>

namespace llmc {

namespace {

Result<size_t> indexOf(const std::vector<Argument> &known,
                       std::string_view name, const char *kind) {
  std::vector<std::string_view> names;
  for (const Argument &argument : known)
    names.push_back(argument.name);
  auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end())
    return static_cast<size_t>(at - names.begin());
  std::string_view meant = nearest(name, names);
  return Error{Code::BadTensor, std::string("the graph has no such ") + kind,
               std::string(name), "",
               meant.empty() ? "write NAME=FILE; `inspect` lists the names"
                             : "did you mean " + std::string(meant) + "?"};
}

} // namespace

Result<TensorWord> splitTensorWord(const std::vector<Argument> &known,
                                   const std::string &word, const char *kind) {
  for (size_t sign = word.rfind('='); sign != std::string::npos && sign > 0;
       sign = word.rfind('=', sign - 1))
    if (Result<size_t> index = indexOf(known, word.substr(0, sign), kind);
        index && sign + 1 < word.size())
      return TensorWord{*index, word.substr(sign + 1)};
  size_t sign = word.find('=');
  if (sign == std::string::npos && known.size() == 1)
    return TensorWord{0, word};
  if (sign == std::string::npos || sign + 1 == word.size())
    return Error{Code::BadTensor, std::string("there is no file for an ") + kind,
                 word, "", "write NAME=FILE"};
  LLMC_TRY(size_t index, indexOf(known, word.substr(0, sign), kind));
  return TensorWord{index, word.substr(sign + 1)};
}

Result<ReadTensors> readTensorWords(const std::vector<Argument> &known,
                                    const std::vector<std::string> &words,
                                    const char *kind) {
  ReadTensors result;
  result.tensors.resize(known.size());
  for (const std::string &word : words) {
    TensorWord split;
    NamedTensor read;
    if (word.ends_with(".pb") && word.find('=') == std::string::npos) {
      LLMC_TRY(read, readTensor(word));
      split.path = word;
      if (known.size() > 1 || !read.name.empty()) {
        LLMC_TRY(split.index, indexOf(known, read.name, kind));
      }
    } else {
      LLMC_TRY(split, splitTensorWord(known, word, kind));
      LLMC_TRY(read, readTensor(split.path));
    }
    if (result.tensors[split.index])
      return Error{Code::BadTensor,
                   std::string("there are two files for an ") + kind,
                   known[split.index].name, split.path, "leave one out"};
    result.tensors[split.index] = std::move(read.tensor);
    result.files.push_back(split.path);
  }
  return result;
}

} // namespace llmc
