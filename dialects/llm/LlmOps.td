#ifndef LLMC_DIALECTS_LLM_LLMOPS_TD
#define LLMC_DIALECTS_LLM_LLMOPS_TD

include "dialects/llm/LlmBase.td"
include "dialects/llm/LlmRows.td"
include "dialects/llm/LlmSequence.td"

#endif // LLMC_DIALECTS_LLM_LLMOPS_TD
