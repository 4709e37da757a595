/// What a tokenizer is made of, as plain data: the compiler fills it from
/// tokenizer.json, the runtime loads it from model.bin.
///
/// Text is carried through three lists of small steps, which the reader lowers
/// from the parts of tokenizer.json, so that the runtime knows few primitives:
///
///   text ─ split at added tokens ─ normalizer ─ pretokenizer ─ model ─
///   template
///
/// Token texts stay in the spelling of the file (byte-level alphabet, "▁").
#ifndef LLMC_RUNTIME_TOKENIZER_TOKENIZERMODEL_H
#define LLMC_RUNTIME_TOKENIZER_TOKENIZERMODEL_H

#include "runtime/tokenizer/SplitTable.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::tokenizer {

/// How a piece of text becomes tokens.
enum class ModelKind : uint8_t {
  Bpe,          ///< Pairs are merged by rank.
  Unigram,      ///< The segmentation of the highest sum of scores.
  WordPiece,    ///< Longest token first; what is behind has a prefix.
  WordLevel,    ///< The whole piece is a token.
  LongestMatch, ///< Longest token first, without prefix.
  Last = LongestMatch
};

/// What a token may be made from.
enum class TokenUse : uint8_t {
  Text,        ///< Text that reads like it.
  UserDefined, ///< The same, before any other token that fits.
  Never,       ///< No text: a control token, a byte, or out of use.
  Last = Never
};

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
    PrependAlways,   ///< `content` before any text, also an empty one.
    CollapseSpaces,  ///< No " " in front, and one where there are several.
    TrimEnd,         ///< No `pattern` at the end.
    StripNonspacing, ///< Without category Mn.
    StripMarks,      ///< Without category M.
    BertClean,       ///< Without control characters; white space is " ".
    SpaceCjk,        ///< A space on either side of a CJK ideograph.
    Nmt,             ///< Without the controls that SentencePiece's nmt drops.
    ByteMap,         ///< Each byte becomes its letter.
    /// `pattern` is a character map of SentencePiece, of which the longest
    /// rule that fits is applied; `content` holds texts that it leaves alone,
    /// each with a zero byte behind it.
    Charsmap,
    /// The same map as the tokenizers library applies it: the shortest rule,
    /// to a short grapheme as a whole or else to each character.
    CharsmapGraphemes,
    Last = CharsmapGraphemes
  };
  Kind kind;
  std::string pattern;
  std::string content;
  SplitTable table = {}; ///< Of ReplaceRegex, where its pattern can have one.
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
  SplitTable table = {}; ///< Of SplitRegex, where its pattern can have one.
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
    WordPiece,      ///< A token loses `pattern` in front, or gets a space
                    ///< there, unless it is the first.
    CleanUp,        ///< English punctuation and contractions lose their space.
    WordEnd,        ///< `pattern` becomes a space, but nothing in the last.
    Last = WordEnd
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
  bool tied = false; ///< Has the rank of the merge before it.
};

/// A token that is cut out of the text before anything else looks at it.
struct AddedToken {
  int32_t id;
  bool special;    ///< Control token: only matched where the caller asks.
  bool singleWord; ///< Not inside a word.
  bool leftStrip;  ///< Takes the white space before it.
  bool rightStrip; ///< Takes the white space behind it.
  bool normalized; ///< Matched in the normalized text, not the raw one.
  bool inModel;    ///< Also a token of the model's vocabulary.
  /// Where `normalized`: looked for as it is written, not as it normalizes.
  bool verbatim = false;
};

/// The whole tokenizer. checkModel() states what holds of a valid one.
struct TokenizerModel {
  std::vector<std::string> tokens; ///< [vocab] by id; "" where no token is.
  ModelKind kind = ModelKind::Bpe;
  std::vector<Merge> merges;     ///< [merges] by rank; Bpe alone has any.
  std::vector<double> scores;    ///< [vocab] of Unigram, else empty.
  std::vector<TokenUse> uses;    ///< [vocab], or empty where all are Text.
  std::vector<AddedToken> added; ///< In the order of the file.

  int32_t unkId = -1; ///< -1: unknown characters vanish.
  bool fuseUnk = false;
  bool byteFallback = false;
  bool ignoreMerges = false; ///< A piece that is a token is not merged up.
  /// Unigram: sums are rounded as SentencePiece rounds them, to float.
  bool floatScores = false;
  std::string endOfWordSuffix;
  std::string continuingPrefix;   ///< Of WordPiece ("##").
  uint32_t maxWordCharacters = 0; ///< Of WordPiece: longer ones are unknown.

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
