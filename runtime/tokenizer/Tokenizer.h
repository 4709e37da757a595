/// Text to token ids and back, from the tokenizer section of a model.bin.
///
///   LLMC_TRY(Tokenizer tokenizer, Tokenizer::load(section));
///   LLMC_TRY(std::vector<int32_t> ids, tokenizer.encode("Once upon a time"));
///   StreamDecoder decoder(tokenizer, ids);
///
/// Ids are those of the tokenizers library for the same tokenizer.json.
#ifndef LLMC_RUNTIME_TOKENIZER_TOKENIZER_H
#define LLMC_RUNTIME_TOKENIZER_TOKENIZER_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/StreamDecoder.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace llmc::tokenizer {

struct EncodeOptions {
  bool addSpecial = true; ///< Put the template's tokens (such as bos) around.
  /// Read the spelling of special tokens as these tokens. Never set it for text
  /// from users, who could then write control tokens.
  bool parseSpecial = false;
};

/// Immutable once made; safe to use from many threads.
class Tokenizer {
public:
  /// Loads untrusted bytes, copying what it needs. Errors: ArtifactVersion,
  /// ArtifactDamaged, BadTokenizer, UnsupportedTokenizer.
  static Result<Tokenizer> load(std::span<const std::byte> section);
  /// Makes one from a model that need not have been checked.
  static Result<Tokenizer> create(TokenizerModel model);

  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;
  ~Tokenizer();

  /// The ids of \p text, in which bytes that are not UTF-8 count as U+FFFD.
  /// Errors: TokenizeLimit.
  Result<std::vector<int32_t>> encode(std::string_view text,
                                      EncodeOptions options = {}) const;
  /// The ids of a conversation that a chat template made: special tokens are
  /// read, but not where they touch \p data, the bytes [begin, end) that users
  /// wrote (in order, apart from each other); nothing is put around. Text that
  /// is not UTF-8 is all data. Errors: TokenizeLimit.
  Result<std::vector<int32_t>>
  encodeChat(std::string_view text,
             std::span<const std::pair<size_t, size_t>> data) const;
  /// The text of \p ids; always valid UTF-8. Ids that are no token give none.
  std::string decode(std::span<const int32_t> ids,
                     DecodeOptions options = {}) const;

  /// One more than the largest id; the logits of a model may be wider.
  int32_t vocabSize() const;
  /// Whether \p id is a control token. False for ids that are no token.
  bool isSpecial(int32_t id) const;
  /// The spelling in the vocabulary; empty for ids that are no token.
  std::string_view tokenText(int32_t id) const;
  /// The bytes that \p id stands for inside a text: "▁the" gives " the". Not
  /// always UTF-8.
  std::string tokenBytes(int32_t id) const;
  /// The id with this spelling, or -1.
  int32_t findToken(std::string_view text) const;

  /// No token of encode() stands for more bytes of the text than this, and
  /// every byte is stood for; 0 where parts of the text may vanish or one token
  /// may stand for any number of bytes.
  size_t mostTokenBytes() const;

  int32_t bosId() const;                   ///< -1: none.
  int32_t padId() const;                   ///< -1: none.
  std::span<const int32_t> eosIds() const; ///< Ids that end a generation.
  bool isEos(int32_t id) const;
  const TokenizerModel &model() const;

private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_TOKENIZER_H
