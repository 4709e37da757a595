/// What a tokenizer is made of, as plain data: the compiler fills it from
/// tokenizer.json, the runtime loads it from model.bin.
///
/// Text is carried through three lists of small steps, which the reader lowers
/// from the parts of tokenizer.json, so that the runtime knows few primitives:
///
///   text ─ split at added tokens ─ normalizer ─ pretokenizer ─ BPE ─ template
///
/// Token texts stay in the spelling of the file (byte-level alphabet, "▁").
#ifndef LLMC_RUNTIME_TOKENIZER_TOKENIZERMODEL_H
#define LLMC_RUNTIME_TOKENIZER_TOKENIZERMODEL_H

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::tokenizer {

/// A step of the normalizer: text to text.
struct NormalizerStep {
  enum class Kind : uint8_t {
    Prepend,        ///< `content` before text that is not empty.
    ReplaceLiteral, ///< Every `pattern` becomes `content`.
    ReplaceRegex,   ///< Every match of the PCRE2 `pattern` becomes `content`.
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
    Lowercase,
    StripLeft, ///< White space, as are the rest of its kind.
    StripRight,
    Last = StripRight
  };
  Kind kind;
  std::string pattern;
  std::string content;
};

/// What becomes of the separators that a split finds.
enum class SplitBehavior : uint8_t {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous, ///< Isolated, but neighbouring separators stay together.
  Last = Contiguous
};

/// Where Metaspace puts its mark in front.
enum class PrependScheme : uint8_t { Never, First, Always, Last = Always };

/// A step of the pre-tokenizer: pieces to smaller pieces, or to other text.
struct PreTokenizerStep {
  enum class Kind : uint8_t {
    PrefixSpace,      ///< A space before each piece that has none.
    SplitLiteral,     ///< At each `pattern`.
    SplitRegex,       ///< At each match of the PCRE2 `pattern`.
    SplitNumeric,     ///< At characters of category N.
    SplitSpace,       ///< At white space.
    SplitPunctuation, ///< At ASCII punctuation and category P.
    WordRuns,         ///< Keeps runs of word characters and runs of the others.
    ByteMap,   ///< Each byte becomes its letter of the byte-level alphabet.
    Metaspace, ///< " " becomes `pattern`, put in front as `scheme` says.
    Last = Metaspace
  };
  Kind kind;
  SplitBehavior behavior = SplitBehavior::Isolated;
  bool invert = false; ///< The separators are what the pattern does not match.
  bool split = true;   ///< Metaspace: also split in front of each mark.
  PrependScheme scheme = PrependScheme::Never;
  std::string pattern;
};

/// A step of the decoder: token texts to text.
struct DecoderStep {
  enum class Kind : uint8_t {
    ReplaceLiteral, ///< In each token, every `pattern` becomes `content`.
    ByteFallback,   ///< "<0xHH>" becomes the byte.
    Fuse,           ///< All tokens become one.
    StripLeft,      ///< Up to `count` leading `pattern` (one character).
    ByteMap,        ///< Letters of the byte-level alphabet become their bytes.
    Metaspace,      ///< `pattern` becomes " "; in the first token, nothing
                    ///< where `count` is 1.
    JoinSpace,      ///< A space between tokens (a file that has no decoder).
    Last = JoinSpace
  };
  Kind kind;
  uint32_t count = 0;
  std::string pattern;
  std::string content;
};

/// Two neighbouring tokens that become one; the rank is the place in the list.
struct Merge {
  int32_t left;
  int32_t right;
  int32_t result;
};

/// A token that is cut out of the text before anything else looks at it.
struct AddedToken {
  int32_t id;
  bool special;    ///< Control token: only matched where the caller asks.
  bool singleWord; ///< Not inside a word.
  bool leftStrip;  ///< Takes the white space before it.
  bool rightStrip; ///< Takes the white space behind it.
  bool normalized; ///< Matched in the normalized text, not the raw one.
  bool inModel;    ///< Also a token of the BPE vocabulary.
};

/// The whole tokenizer. checkModel() states what holds of a valid one.
struct TokenizerModel {
  std::vector<std::string> tokens; ///< [vocab] by id; "" where no token is.
  std::vector<Merge> merges;       ///< [merges] by rank.
  std::vector<AddedToken> added;   ///< In the order of the file.

  int32_t unkId = -1; ///< -1: unknown characters vanish.
  bool fuseUnk = false;
  bool byteFallback = false;
  bool ignoreMerges = false; ///< A piece that is a token is not merged up.
  std::string endOfWordSuffix;

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> preTokenizer;
  std::vector<DecoderStep> decoder;

  std::vector<int32_t> prefixIds; ///< Put in front where addSpecial is set.
  std::vector<int32_t> suffixIds;

  int32_t bosId = -1; ///< -1: none.
  int32_t padId = -1;
  std::vector<int32_t> eosIds; ///< Ids that end a generation.
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_TOKENIZERMODEL_H
