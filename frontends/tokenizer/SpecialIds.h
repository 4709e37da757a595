/// bos, pad and eos from the configuration files beside a model.
#ifndef LLMC_FRONTENDS_TOKENIZER_SPECIALIDS_H
#define LLMC_FRONTENDS_TOKENIZER_SPECIALIDS_H

#include "frontends/tokenizer/Json.h"
#include "frontends/tokenizer/TokenizerReader.h"

#include <string>
#include <vector>

namespace llmc::tokenizer {

/// Resolves bos, pad and eos over the configuration files, of which the first
/// that names one counts.
class SpecialIds {
public:
  explicit SpecialIds(ReadTokenizer &read) : read(read) {}

  /// \p object may give ids ("eos_token_id": 2 or [2, 3]). Errors: BadConfig.
  Status fromIds(const JsonValue *object, const std::string &file);
  /// \p object may give texts ("eos_token": "</s>" or {"content": "</s>"}).
  void fromTexts(const JsonValue *object, const std::string &file);
  /// Writes what was found into the model, over what it had.
  void finish();
  void markUsed(const std::string &file);

private:
  struct Slot {
    bool found = false;
    std::vector<int32_t> ids;
  };
  ReadTokenizer &read;
  Slot bos, pad, eos;

  Result<std::vector<int32_t>> idList(const JsonValue &v,
                                      const std::string &where);
};

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_SPECIALIDS_H
