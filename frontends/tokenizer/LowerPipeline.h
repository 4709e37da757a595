/// The parts of tokenizer.json (normalizer, pre-tokenizer, post-processor,
/// decoder) as the small steps that the runtime knows.
#ifndef LLMC_FRONTENDS_TOKENIZER_LOWERPIPELINE_H
#define LLMC_FRONTENDS_TOKENIZER_LOWERPIPELINE_H

#include "frontends/tokenizer/Json.h"
#include "runtime/tokenizer/TokenizerModel.h"

namespace llmc::tokenizer {

/// What was found wrong, all at once.
struct PipelineProblems {
  std::vector<std::string> unsupported; ///< "normalizer Precompiled", …
  std::vector<std::string> invalid;
};

/// Fills normalizer, preTokenizer, decoder, prefixIds and suffixIds of \p model
/// from the tree \p root of a tokenizer.json.
PipelineProblems lowerPipeline(const JsonValue &root, TokenizerModel &model);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_LOWERPIPELINE_H
