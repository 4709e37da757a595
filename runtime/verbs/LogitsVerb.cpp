#include "runtime/support/OutputFile.h"
#include "runtime/support/TensorFile.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/RunPrompts.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Verbs.h"

#include <algorithm>

namespace llmc {

namespace {

/// Appends \p row to the tensor's rows.
void appendRow(Tensor &tensor, std::span<const float> row) {
  auto bytes = std::as_bytes(row);
  tensor.data.insert(tensor.data.end(), bytes.begin(), bytes.end());
  ++tensor.shape[0];
}

struct LogitsFlags {
  ExecutionFlags execution;
  std::vector<std::string> ids, texts;
  std::string prompts, out;
  int64_t batch = 1;
  bool step = false, last = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"ids", 0, "LIST", "token ids, 1,403,407; several times: several prompts", &ids},
        {"text", 0, "TEXT", "a text instead of ids; may be given several times", &texts},
        {"prompts", 0, "FILE", "the prompts of FILE, as run takes them", &prompts},
        {"batch", 'b', "N", "prompts computed together (default 1)", &batch, 1, true},
        {"out", 'o', "FILE", "the .npy or .pb to write: f32 [tokens, vocabulary], prompt after prompt", &out},
        {"step", 0, "", "one token at a time, as in decoding", &step},
        {"last", 0, "", "only the row of each prompt's last token", &last},
    };
    execution.add(arguments);
  }
};

Result<std::vector<std::vector<int32_t>>>
promptsOf(const LogitsFlags &flags, std::span<const FilePrompt> file,
          const Session &session) {
  std::vector<std::vector<int32_t>> prompts;
  for (const std::string &list : flags.ids) {
    LLMC_TRY(prompts.emplace_back(), parseIds(list));
  }
  for (const std::string &text : flags.texts) {
    LLMC_TRY(prompts.emplace_back(),
             session.encode(text, session.mostPromptBytes()));
  }
  for (const FilePrompt &prompt : file) {
    LLMC_TRY(prompts.emplace_back(),
             promptTokens(session, prompt, flags.prompts));
  }
  return prompts;
}

/// Rows of the prompts of one batch, kept apart until all are known.
Status computeBatch(Decoder &decoder, const LogitsFlags &flags,
                    std::span<const std::vector<int32_t>> prompts,
                    Tensor &tensor) {
  std::vector<Tensor> rows(prompts.size());
  std::vector<int32_t> sequences;
  for (Tensor &part : rows) {
    part.shape = {0};
    sequences.push_back(decoder.start());
  }
  Decoder::Rows which = flags.last ? Decoder::Rows::Last : Decoder::Rows::Every;
  size_t longest = 0;
  for (const auto &prompt : prompts)
    longest = std::max(longest, prompt.size());
  std::vector<Continuation> parts;
  std::vector<size_t> owners; // which prompt a part is of
  for (size_t at = 0; at < (flags.step ? longest : 1); ++at) {
    parts.clear();
    owners.clear();
    for (size_t i = 0; i < prompts.size(); ++i)
      if (at < prompts[i].size()) {
        std::span<const int32_t> tokens(prompts[i]);
        parts.push_back({sequences[i], flags.step ? tokens.subspan(at, 1) : tokens});
        owners.push_back(i);
      }
    LLMC_CHECK(decoder.append(
        parts, which, [&](size_t part, size_t, std::span<const float> row) {
          size_t owner = owners[part];
          if (!flags.last || !flags.step || at + 1 == prompts[owner].size())
            appendRow(rows[owner], row);
          return Status::ok();
        }));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    tensor.data.insert(tensor.data.end(), rows[i].data.begin(), rows[i].data.end());
    tensor.shape[0] += rows[i].shape[0];
    decoder.cache().release(sequences[i]);
  }
  return Status::ok();
}

} // namespace

Status runLogits(Invocation &invocation) {
  LogitsFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  int kinds = !flags.ids.empty() + !flags.texts.empty() + !flags.prompts.empty();
  if (flags.out.empty() || kinds != 1)
    return Error{Code::MissingArgument, "input or output is missing", "",
                 flags.out.empty() ? "--out is needed"
                                   : "one of --ids, --text and --prompts is needed",
                 "--ids=1,403,407 --out=logits.npy"};

  LLMC_CHECK(keepApart(flags.out, std::vector{invocation.file, flags.prompts}));
  LLMC_CHECK(checkTensorName(flags.out));
  LLMC_CHECK(OutputFile::check(flags.out));
  std::vector<FilePrompt> file;
  if (!flags.prompts.empty()) {
    LLMC_TRY(file, readPrompts(flags.prompts));
  }
  size_t count = flags.ids.size() + flags.texts.size() + file.size();
  std::vector<std::vector<int32_t>> prompts;
  auto plan = [&](const Session &session, DecoderOptions &options) -> Status {
    LLMC_TRY(prompts, promptsOf(flags, file, session));
    for (const std::vector<int32_t> &prompt : prompts)
      options.lengths.push_back(static_cast<int64_t>(prompt.size()));
    options.fewer = true;
    return Status::ok();
  };
  LLMC_TRY(Session session, Session::open(invocation.file, flags.execution,
                                          placesFor(count, flags.batch), plan));
  Decoder &decoder = *session.decoder;
  Tensor tensor;
  tensor.shape = {0, decoder.config().vocabulary};
  auto together = static_cast<size_t>(decoder.cache().maxSequences());
  for (size_t begin = 0; begin < prompts.size(); begin += together)
    LLMC_CHECK(computeBatch(
        decoder, flags,
        std::span(prompts).subspan(begin, std::min(together, prompts.size() - begin)),
        tensor));
  return writeTensor(flags.out, tensor, "logits");
}

} // namespace llmc
