/// Texts and the ids that other implementations give for them.
#ifndef LLMC_TEST_UNIT_TOKENIZER_CONFORMANCECASES_H
#define LLMC_TEST_UNIT_TOKENIZER_CONFORMANCECASES_H

#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "test/unit/tokenizer/ConformanceVocabularies.h"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace llmc::tokenizer {

struct Case {
  std::string source; ///< Where it is from.
  std::string text;
  std::vector<int32_t> ids;
  EncodeOptions options{false, false};
  std::optional<std::string> decoded = {}; ///< With special tokens.
  std::optional<std::string> plain = {};   ///< Without them.
};

/// The cases of a file of one JSON object a line: text, ids, where they differ
/// from false add_special and parse_special, optionally decoded and plain.
std::vector<Case> readCases(const std::filesystem::path &file);

/// The group `tokenizers` of the shared test data, unpacked at `folder`.
struct SharedData {
  std::filesystem::path folder;
  nlohmann::json corpus; ///< Of iree-golden.

  explicit SharedData(std::filesystem::path folder);
  /// Whether the vocabulary's file is there.
  bool has(const Vocabulary &v) const;
  /// The path of \p v in the folder, as tables show it.
  static std::string nameOf(const Vocabulary &v);
  Result<ReadTokenizer> read(const Vocabulary &v) const;
  /// All pairs that go with \p v.
  std::vector<Case> casesOf(const Vocabulary &v) const;
  /// Those of a model of iree-golden.
  std::vector<Case> ireeCases(const std::string &model) const;
};

/// How \p tokenizer differs from \p c; empty where it does not.
std::string differenceOf(const Tokenizer &tokenizer, const Case &c);

/// The head of a table, and a row of it with a line feed.
std::string tableHead();
std::string tableRow(const std::string &name, const std::string &kind,
                     size_t pairs, size_t passed, const std::string &why);

} // namespace llmc::tokenizer

#endif // LLMC_TEST_UNIT_TOKENIZER_CONFORMANCECASES_H
