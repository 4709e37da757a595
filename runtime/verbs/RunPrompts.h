/// `run --prompts`: several texts at once, answers in the order of the prompts.
#ifndef LLMC_RUNTIME_VERBS_RUNPROMPTS_H
#define LLMC_RUNTIME_VERBS_RUNPROMPTS_H

#include "runtime/verbs/PromptFile.h"
#include "runtime/verbs/RunFlags.h"

#include <span>

namespace llmc {

/// Sequences for \p prompts prompts of which \p batch run at once; at least 1.
int64_t placesFor(size_t prompts, int64_t batch);

/// The tokens of a prompt that surely fits; \p file is for messages. Errors, with
/// the prompt's line: BadTokenId, PromptTooLong, those of Session::encode.
Result<std::vector<int32_t>> promptTokens(const Session &session,
                                          const FilePrompt &prompt,
                                          const std::string &file);

/// Positions that each of \p items can come to need: its prompt and its tokens, or
/// the context where their number has no bound.
std::vector<int64_t> textLengths(const Session &session, std::span<const BatchItem> items);

/// Tokens and settings of every prompt, checked. Errors: those of promptTokens,
/// BadFlagValue.
Result<std::vector<BatchItem>> batchItems(const RunFlags &flags, const Session &session,
                                          std::span<const FilePrompt> prompts);

/// Continues \p items of \p prompts. Tells the memory that all may need, and where
/// fewer at once than wanted fit, before anything is computed. Prints each text as
/// `run` would, or a line of JSON per prompt with its index. Errors: OutOfMemory,
/// those of generateBatch.
Status runPrompts(const RunFlags &flags, Session &session,
                  std::span<const FilePrompt> prompts, std::span<const BatchItem> items);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_RUNPROMPTS_H
