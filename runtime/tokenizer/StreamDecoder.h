/// Token ids to text, a token at a time and whole characters only.
#ifndef LLMC_RUNTIME_TOKENIZER_STREAMDECODER_H
#define LLMC_RUNTIME_TOKENIZER_STREAMDECODER_H

#include "runtime/tokenizer/TokenizerModel.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class Tokenizer;

struct DecodeOptions {
  bool skipSpecial = true; ///< Special tokens give no text.
};

/// Bytes that do not complete a character are held back until the token that
/// completes it, or until flush(), where they become U+FFFD.
///
/// The text of a run equals that of decoding all of its ids at once, but for
/// one case: where byte tokens ("<0xHH>") follow each other and are not UTF-8
/// together, decode() replaces each byte of the run, as the tokenizers library
/// does; the stream, which has already given out the sound characters at the
/// front of the run, replaces the bytes that are not.
class StreamDecoder {
public:
  /// \p prompt is what came before: its text is not given out, but decides
  /// whether the first token is the beginning of a text, which loses a leading
  /// space in SentencePiece vocabularies. Keeps a reference to \p tokenizer.
  explicit StreamDecoder(const Tokenizer &tokenizer,
                         std::span<const int32_t> prompt = {},
                         DecodeOptions options = {});

  /// The text that \p id completes; may be empty. An id that is no token gives
  /// none.
  std::string push(int32_t id);
  /// The rest, at the end of the ids.
  std::string flush();

private:
  friend class Tokenizer;

  const TokenizerModel &model;
  const Tokenizer &tokenizer;
  DecodeOptions options;
  bool wholeRuns = false; ///< decode(): judge a run of byte tokens at its end.
  bool byteMap = false;
  bool byteFallback = false;
  std::string wordEnd; ///< Of DecoderStep::WordEnd; empty where there is none.
  size_t fuseAt;       ///< Steps from here on see one text.
  size_t tokenCount = 0;            ///< Tokens that gave text.
  std::string pending;              ///< Bytes that are no character yet.
  std::vector<uint32_t> stripsLeft; ///< [steps] still to strip at the front.

  std::string tokenText(std::string_view token) const;
  std::string bytesInside(int32_t id);
  void takeBytes(std::string &out, bool atEnd);
  void endByteRun(std::string &out);
  void strip(std::string &text);
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_STREAMDECODER_H
