/// What `run`, `bench`, `eval` and `logits` have in common: a model, its
/// tokenizer and the flags that choose how it is executed.
#ifndef LLMC_RUNTIME_VERBS_SESSION_H
#define LLMC_RUNTIME_VERBS_SESSION_H

#include "runtime/model/Decoder.h"
#include "runtime/model/LoadedModel.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/verbs/Arguments.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// The flags of every verb that executes.
struct ExecutionFlags {
  int64_t threads = 0;
  int64_t chunk = 0;
  int64_t context = 0;
  std::string device = "auto";
  std::string load = "auto"; ///< A LoadMode's name.
  bool verbose = false;

  void add(Arguments &arguments);
  /// Error: DeviceUnavailable, BadFlagValue.
  Status check() const;
  /// After check.
  LoadOptions loadOptions() const;
};

struct Session {
  std::unique_ptr<LoadedModel> model;
  const DecoderConfig *config = nullptr; ///< The model's.
  int64_t context = 0;                   ///< Positions of a sequence at most.
  std::optional<tokenizer::Tokenizer> tokenizer;
  std::unique_ptr<Decoder> decoder;

  Session() = default;
  Session(Session &&) = default;
  Session &operator=(Session &&) = default;
  /// Calls reportLoading: not earlier, so as not to break into a text.
  ~Session();

  /// Says what a decoder has to have room for, once model and tokenizer of the
  /// session are there. Called again where another device is tried.
  using Plan = std::function<Status(const Session &session, DecoderOptions &options)>;

  /// Opens a decoder with room for \p sequences sequences, changed by \p plan. Tells model, types,
  /// context, device and memory on stderr where that is a terminal, or with
  /// --verbose.
  static Result<Session> open(const std::string &file,
                              const ExecutionFlags &flags,
                              int64_t sequences = 1, const Plan &plan = nullptr);

  /// Whether `bench` measures the limits of what runs the model: of the CPU.
  bool hasLimits() const { return !model->accelerator; }
  /// Error: WrongModule where the file has no tokenizer.
  Status needTokenizer() const;
  /// The ids of \p text; of an empty text the bos token. Errors: WrongModule,
  /// MissingArgument, those of encode; PromptTooLong for more than \p mostBytes
  /// bytes, unless that is 0.
  Result<std::vector<int32_t>> encode(std::string_view text,
                                      size_t mostBytes = 0) const;
  /// A text of more bytes has more tokens than the context, so that it can be
  /// refused before it is tokenized or even read; 0: not known.
  size_t mostPromptBytes() const;
  /// What makes room for longer texts, as the half sentence of an advice.
  std::string moreContext() const { return Decoder::moreContext(context, *config); }
  /// Tokens that end a text: the module's and the tokenizer's.
  std::vector<int32_t> eosTokens() const;

private:
  Status make(DecoderOptions options, const Plan &plan);
  void tell() const;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_SESSION_H
