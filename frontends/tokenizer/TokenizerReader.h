/// Reads the tokenizer of a model's folder into a TokenizerModel.
///
///   LLMC_TRY(ReadTokenizer read, readTokenizer(folder));
///   std::vector<std::byte> section = serialize(read.model);
#ifndef LLMC_FRONTENDS_TOKENIZER_TOKENIZERREADER_H
#define LLMC_FRONTENDS_TOKENIZER_TOKENIZERREADER_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerFormat.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// The contents of the files that have a say; only the first must be there.
struct TokenizerFiles {
  std::string name = "tokenizer.json"; ///< Of the vocabulary: says its kind.
  std::string_view tokenizer;          ///< Its contents.
  std::optional<std::string_view> tokenizerConfig;  ///< tokenizer_config.json
  std::optional<std::string_view> specialTokensMap; ///< special_tokens_map.json
  std::optional<std::string_view> generationConfig; ///< generation_config.json
  std::optional<std::string_view> genaiConfig;      ///< genai_config.json
  std::optional<std::string_view> config;           ///< config.json
};

struct ReadTokenizer {
  TokenizerModel model;           ///< Passed checkModel().
  std::vector<std::string> files; ///< Names of the files that were used.
  /// What the user should know: settings that were overruled or left out.
  std::vector<std::string> notes;
};

/// Reads the files of \p folder. The vocabulary is tokenizer.json; where there
/// is none, tokenizer.model or spiece.model (SentencePiece), *.tiktoken,
/// vocab.txt (BERT) or rwkv_vocab*.txt. bos, pad and eos are taken from the
/// first of generation_config.json, genai_config.json, config.json,
/// tokenizer_config.json and special_tokens_map.json that names them; what is
/// put around a text is the post-processor's to say, and add_bos_token and
/// add_eos_token count only where tokenizer.json has none.
/// Errors: FileNotFound (no vocabulary), BadTokenizer, BadConfig,
/// UnsupportedTokenizer (every unsupported part at once).
Result<ReadTokenizer> readTokenizer(const std::string &folder);

/// Whether \p folder has a vocabulary that readTokenizer() would take.
bool hasVocabulary(const std::string &folder);

/// Whether that vocabulary is the model's beyond doubt: by its own name, or by a
/// tokenizer_config.json beside it. Another vocab.txt may belong to anything.
bool hasNamedVocabulary(const std::string &folder);

/// As the first, with the vocabulary \p name of \p folder, which may also be a
/// GGUF file.
Result<ReadTokenizer> readTokenizer(const std::string &folder,
                                    const std::string &name);

/// The same from bytes in memory.
Result<ReadTokenizer> readTokenizer(const TokenizerFiles &files);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_TOKENIZERREADER_H
