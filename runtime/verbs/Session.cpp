#include "runtime/verbs/Session.h"

#include "runtime/cpu/CpuLevel.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/LoadWords.h"
#include "runtime/verbs/OpenModel.h"

#include <algorithm>

namespace llmc {

void ExecutionFlags::add(Arguments &arguments) {
  auto &flags = arguments.flags;
  flags.push_back({"threads", 't', "N", "threads (default: the cores that are free to use)",
                   &threads, 1, true});
  flags.push_back({"device", 0, "NAME", "auto: a GPU where the file has kernels that one here runs, else the CPU; cpu, cuda; or sim: a GPU simulated on the CPU, slow and exact, sim:sm_90a to say which (default: auto)", &device,
                   INT64_MIN, true});
  flags.push_back({"chunk", 0, "N", "rows of a prompt computed at once (default: the model's)",
                   &chunk, 1, true});
  flags.push_back({"context", 'c', "N", "positions to keep room for (default: the model's)",
                   &context, 1, true});
  flags.push_back({"load", 0, "HOW", "auto: read weights from the file's map, and copy them to 2 MiB pages behind the first tokens where it is slow; map: never copy; copy: before the first token (default: auto)",
                   &load, INT64_MIN, true});
  flags.push_back({"verbose", 'v', "", "tell what runs where, on stderr", &verbose});
}

Status ExecutionFlags::check() const {
  constexpr std::string_view devices[] = {"auto", "cpu", "cuda", "sim"};
  // `sim:sm_90a`: the file says which architectures it has.
  std::string_view name = std::string_view(device).substr(0, device.find(':'));
  if (std::ranges::find(devices, name) == std::end(devices) ||
      (name != device && (name != "sim" || device.ends_with(':')))) {
    std::string_view meant = nearest(device, devices);
    return Error{Code::DeviceUnavailable, "the device is not available",
                 "--device=" + device, "this program knows auto, cpu, cuda and sim",
                 meant.empty() ? "use --device=auto"
                               : "did you mean " + std::string(meant) + "?"};
  }
  if (!parseLoadMode(load))
    return Error{Code::BadFlagValue, "there is no such way to load weights",
                 "--load=" + load, "", "use auto, map or copy"};
  if (threads > 1024)
    return Error{Code::BadFlagValue, "there are too many threads",
                 "--threads=" + std::to_string(threads), "the limit is 1024",
                 "give fewer, or leave the flag out"};
  return Status::ok();
}

LoadOptions ExecutionFlags::loadOptions() const {
  return {parseLoadMode(load).value_or(LoadMode::Auto), nullptr};
}

Session::~Session() {
  if (model)
    reportLoading(model->loadReport());
}

Status Session::make(DecoderOptions options, const Plan &plan) {
  LLMC_TRY(const Module *module, model->find(Module::Kind::Decoder));
  config = &module->decoder;
  LLMC_CHECK(Decoder::complete(options, *config));
  context = options.maxContext;
  if (auto section = model->artifact.tokenizer(); !tokenizer && !section.empty()) {
    LLMC_TRY(tokenizer, tokenizer::Tokenizer::load(section));
  }
  if (plan)
    LLMC_CHECK(plan(*this, options));
  LLMC_TRY(decoder, Decoder::create(*model, options));
  return Status::ok();
}

Result<Session> Session::open(const std::string &file,
                              const ExecutionFlags &flags, int64_t sequences,
                              const Plan &plan) {
  LLMC_CHECK(flags.check());
  Session session;
  DecoderOptions options;
  options.maxContext = flags.context;
  options.maxSequences = sequences;
  options.chunk = flags.chunk;
  auto use = [&](std::unique_ptr<LoadedModel> model) -> Status {
    session.model = std::move(model);
    Status made = session.make(options, plan);
    if (!made)
      session.model.reset(); // whose loading is nothing to tell of
    return made;
  };
  LLMC_CHECK(openModel(file, flags, Module::Kind::Decoder, use));
  session.decoder->cancelled = interrupted;
  if (flags.verbose || stderrIsTerminal())
    session.tell();
  return session;
}

void Session::tell() const {
  const Model &header = model->artifact.model();
  const KvCache &cache = decoder->cache();
  std::string threads = std::to_string(model->threads->threads()) +
                        (model->threads->threads() == 1 ? " thread" : " threads");
  auto section = model->artifact.weightsSection();
  uint64_t weights = section < model->artifact.sections().size()
                         ? model->artifact.sections()[section].size
                         : 0;
  report(header.name + ", " + header.quantization + ", context " +
         std::to_string(cache.maxContext()) + "; " +
         (model->accelerator ? model->processor() : "cpu " + model->processor() + ", " + threads) +
         "; weights " + formatBytes(weights) + ", cache up to " +
         formatBytes(static_cast<uint64_t>(cache.poolPages() *
                                           cache.pageBytes())) +
         ", arena " +
         formatBytes(static_cast<uint64_t>(
             const_cast<Decoder &>(*decoder).executor().arenaBytes())) +
         "\n");
}

Status Session::needTokenizer() const {
  if (tokenizer)
    return Status::ok();
  return Error{Code::WrongModule, "the file has no tokenizer",
               model->artifact.path(), "text cannot become tokens",
               "give token ids with --ids, or compile with the tokenizer.json "
               "beside the model"};
}

Result<std::vector<int32_t>> Session::encode(std::string_view text, size_t mostBytes) const {
  LLMC_CHECK(needTokenizer());
  if (mostBytes > 0 && text.size() > mostBytes)
    return Error{Code::PromptTooLong, "the prompt exceeds the context", "",
                 std::to_string(text.size()) + " bytes cannot fit " +
                     std::to_string(context) +
                     " positions: no token stands for more than " +
                     std::to_string(tokenizer->mostTokenBytes()) + " bytes",
                 "shorten the prompt, or " + moreContext()};
  LLMC_TRY(std::vector<int32_t> ids, tokenizer->encode(text));
  if (!ids.empty())
    return ids;
  if (tokenizer->bosId() >= 0)
    return std::vector<int32_t>{tokenizer->bosId()};
  if (int64_t bos = config->bosToken; bos >= 0)
    return std::vector<int32_t>{static_cast<int32_t>(bos)};
  return Error{Code::MissingArgument, "the prompt is empty", "",
               "the model has no token that begins a text",
               "give at least one word"};
}

size_t Session::mostPromptBytes() const {
  size_t bytes = 0;
  if (!tokenizer || tokenizer->mostTokenBytes() == 0 ||
      __builtin_mul_overflow(tokenizer->mostTokenBytes(),
                             static_cast<size_t>(context),
                             &bytes))
    return 0;
  return bytes;
}

std::vector<int32_t> Session::eosTokens() const {
  std::vector<int32_t> tokens;
  for (int64_t token : config->eosTokens)
    tokens.push_back(static_cast<int32_t>(token));
  if (tokenizer)
    for (int32_t token : tokenizer->eosIds())
      if (std::find(tokens.begin(), tokens.end(), token) == tokens.end())
        tokens.push_back(token);
  return tokens;
}

} // namespace llmc
