#include "runtime/support/OutputFile.h"
#include "runtime/support/TensorFile.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Verbs.h"

#include <cstring>

namespace llmc {

namespace {

/// Appends \p row to the tensor's rows.
void appendRow(Tensor &tensor, std::span<const float> row) {
  auto bytes = std::as_bytes(row);
  tensor.data.insert(tensor.data.end(), bytes.begin(), bytes.end());
  ++tensor.shape[0];
}

/// Logits of every token's row, one token at a time as in decoding.
Status stepByStep(Decoder &decoder, std::span<const int32_t> tokens,
                  Tensor &tensor) {
  int32_t sequence = decoder.start();
  for (int32_t token : tokens) {
    NextToken next = {sequence, token};
    LLMC_TRY(std::span<const float> row, decoder.decode({&next, 1}));
    appendRow(tensor, row);
  }
  return Status::ok();
}

} // namespace

Status runLogits(Invocation &invocation) {
  ExecutionFlags execution;
  std::string ids, text, out;
  bool step = false, last = false;
  Arguments arguments;
  arguments.flags = {
      {"ids", 0, "LIST", "token ids, 1,403,407", &ids},
      {"text", 0, "TEXT", "a text instead of ids", &text},
      {"out", 'o', "FILE", "the .npy or .pb to write: f32 [tokens, vocabulary]", &out},
      {"step", 0, "", "one token at a time, as in decoding", &step},
      {"last", 0, "", "only the row of the last token", &last},
  };
  execution.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  if (out.empty() || ids.empty() == text.empty())
    return Error{Code::MissingArgument, "input or output is missing", "",
                 out.empty() ? "--out is needed" : "either --ids or --text is needed",
                 "--ids=1,403,407 --out=logits.npy"};

  LLMC_CHECK(keepApart(out, {&invocation.file, 1}));
  LLMC_TRY(Session session, Session::open(invocation.file, execution));
  Decoder &decoder = *session.decoder;
  std::vector<int32_t> tokens;
  if (ids.empty()) {
    LLMC_TRY(tokens, session.encode(text, session.mostPromptBytes()));
  } else {
    LLMC_TRY(tokens, parseIds(ids));
  }
  Tensor tensor;
  tensor.shape = {0, decoder.config().vocabulary};
  if (step) {
    LLMC_CHECK(stepByStep(decoder, tokens, tensor));
  } else if (last) {
    LLMC_TRY(std::span<const float> row, decoder.prefill(decoder.start(), tokens));
    appendRow(tensor, row);
  } else {
    LLMC_CHECK(decoder.everyRow(decoder.start(), tokens,
                                [&](size_t, std::span<const float> row) {
                                  appendRow(tensor, row);
                                  return Status::ok();
                                }));
  }
  if (last && tensor.shape[0] > 1) {
    size_t rowBytes = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    tensor.data.erase(tensor.data.begin(),
                      tensor.data.end() - static_cast<ptrdiff_t>(rowBytes));
    tensor.shape[0] = 1;
  }
  return writeTensor(out, tensor, "logits");
}

} // namespace llmc
