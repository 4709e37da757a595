/// Merges for vocabularies that only rank their tokens.
#ifndef LLMC_FRONTENDS_TOKENIZER_RANKMERGES_H
#define LLMC_FRONTENDS_TOKENIZER_RANKMERGES_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <span>
#include <string>
#include <vector>

namespace llmc::tokenizer {

/// SentencePiece and tiktoken merge the two neighbours whose joint text has the
/// best rank, the leftmost of equals. What happens within a stretch that ends
/// up as one token does not depend on what is around it, so each token has one
/// last merge, which merging its text alone finds; a token that is not found so
/// is never made.
///
/// \p ranks [tokens]: the lower the earlier; negative: never made by a merge.
/// Errors: UnsupportedTokenizer where a merge needs a character that is no
/// token, or a token has more than 4,096 bytes.
Result<std::vector<Merge>> rankMerges(std::span<const std::string> tokens,
                                      std::span<const int64_t> ranks,
                                      const std::string &file);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_RANKMERGES_H
