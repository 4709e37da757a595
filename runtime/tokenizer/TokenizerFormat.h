/// A TokenizerModel as bytes: the tokenizer section of model.bin.
///
/// Little endian, no padding. A string is a u32 length and its bytes, a list a
/// u32 count and its elements, an id an i32, a flag or kind one byte:
///
///   "LTOK" u32 version
///   tokens: list of strings        merges: list of (id left, id right, id
///   result) added: list of (id, u8 flags)  bpe: id unk, u8 flags, string
///   suffix normalizer, pretokenizer, decoder: lists of steps prefix, suffix,
///   eos: lists of ids; id bos, id pad
#ifndef LLMC_RUNTIME_TOKENIZER_TOKENIZERFORMAT_H
#define LLMC_RUNTIME_TOKENIZER_TOKENIZERFORMAT_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <span>
#include <vector>

namespace llmc::tokenizer {

/// Written in front; a reader takes exactly its own version.
inline constexpr uint32_t formatVersion = 3;

/// The bytes of \p model: the same model gives the same bytes.
std::vector<std::byte> serialize(const TokenizerModel &model);

/// Reads untrusted bytes; allocates no more than a small multiple of them.
/// What it returns has the shape of a model, and has yet to pass checkModel().
/// Errors: ArtifactVersion, ArtifactDamaged.
Result<TokenizerModel> parse(std::span<const std::byte> bytes);

/// What must hold of a model before it is used, from whatever source:
///  1. 1 to 2^24 tokens, each valid UTF-8, at most 2^30 bytes together;
///  2. scores and uses are of all tokens or of none, scores finite; Unigram has
///     scores; every kind but Bpe has an unknown token, unless its vocabulary
///     reads each byte; a merge's result is spelled as its two parts, none of
///     which is empty;
///  3. added tokens, unkId, bosId, padId, prefix, suffix and eos name tokens
///     (or -1 where there may be none); no token is added twice;
///  4. kinds are known; literals and marks are not empty, marks one character;
///     the tables of patterns are valid;
///  5. the decoder's order can be streamed: ByteMap stands alone, ByteFallback
///     and what precedes it work on single tokens, and behind Fuse there is
///     only StripLeft;
///  6. no list of steps can make a text more than 64 times as long, and there
///     is at most one ByteMap.
/// Errors: BadTokenizer, or UnsupportedTokenizer for 5 and 6.
Status checkModel(const TokenizerModel &model);

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_TOKENIZERFORMAT_H
