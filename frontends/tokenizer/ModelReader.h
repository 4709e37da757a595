/// The model part of tokenizer.json: vocabulary, merges, added tokens.
#ifndef LLMC_FRONTENDS_TOKENIZER_MODELREADER_H
#define LLMC_FRONTENDS_TOKENIZER_MODELREADER_H

#include "frontends/tokenizer/Json.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <memory>

namespace llmc::tokenizer {

/// Collects vocabulary and merges while the file is parsed (see BulkSink) and
/// resolves them afterwards, as either may come first.
class ModelReader : public BulkSink {
public:
  ModelReader();
  ~ModelReader() override;
  bool wants(std::string_view path) override;
  std::string scalar(const std::string &key, int depth,
                     const JsonValue &value) override;
  void beginItem() override;
  std::string endItem() override;

  /// Fills tokens, merges, scores, added and what belongs to the kind of model
  /// from what was collected and from the tree \p root. Errors: BadTokenizer,
  /// UnsupportedTokenizer.
  Status finish(const JsonValue &root, TokenizerModel &model,
                std::vector<std::string> &notes);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_MODELREADER_H
