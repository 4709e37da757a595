/// What a user can try where a vocabulary is not supported.
#ifndef LLMC_FRONTENDS_TOKENIZER_ADVICE_H
#define LLMC_FRONTENDS_TOKENIZER_ADVICE_H

namespace llmc::tokenizer {

/// A part of tokenizer.json is refused.
inline constexpr const char *otherThanJson =
    "take tokenizer.json out of the folder: a tokenizer.model or vocab.txt "
    "beside it is read instead, and without one the model takes --ids";

/// Any other vocabulary is refused.
inline constexpr const char *addJson =
    "put a tokenizer.json beside the model; save_pretrained() of transformers "
    "writes one for most vocabularies";

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_ADVICE_H
