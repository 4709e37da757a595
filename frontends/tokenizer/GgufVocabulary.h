/// The vocabulary in the metadata of a GGUF file (versions 2 and 3).
#ifndef LLMC_FRONTENDS_TOKENIZER_GGUFVOCABULARY_H
#define LLMC_FRONTENDS_TOKENIZER_GGUFVOCABULARY_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// The keys tokenizer.ggml.*, as they stand in the file.
struct GgufVocabulary {
  std::string architecture; ///< general.architecture
  std::string model;        ///< "llama", "gpt2", "bert", "t5"
  std::string pre;          ///< The name of the split pattern of "gpt2".
  std::vector<std::string> tokens;
  std::vector<float> scores;  ///< [tokens] or empty.
  std::vector<int32_t> types; ///< [tokens] or empty; see PieceType.
  std::vector<std::string> merges;
  std::string charsmap;
  int64_t bosId = -1, eosId = -1, padId = -1, clsId = -1, sepId = -1;
  std::optional<bool> addBos, addEos, addSpacePrefix, removeExtraWhitespaces;
};

/// Reads untrusted bytes: of the file it looks at the header and the metadata,
/// and allocates no more than a small multiple of these.
/// Errors: BadTokenizer.
Result<GgufVocabulary> readGgufVocabulary(std::string_view bytes,
                                          const std::string &file);

/// The same as a model of the runtime. Errors: BadTokenizer,
/// UnsupportedTokenizer (a model or a split pattern that is not known).
Result<TokenizerModel> lowerGguf(GgufVocabulary vocabulary,
                                 const std::string &file);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_GGUFVOCABULARY_H
