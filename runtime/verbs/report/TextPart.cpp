#include "runtime/template/TemplateFormat.h"
#include "runtime/tokenizer/TokenizerFormat.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/ProgramText.h"
#include "runtime/verbs/report/Parts.h"

namespace llmc::page {

namespace {

std::string idText(const tokenizer::TokenizerModel &model, int32_t id) {
  if (id < 0)
    return "none";
  std::string text = std::to_string(id);
  if (static_cast<size_t>(id) < model.tokens.size())
    text += " “" + shorten(model.tokens[static_cast<size_t>(id)], 40) + "”";
  return text;
}

std::string idList(const tokenizer::TokenizerModel &model, const std::vector<int32_t> &ids) {
  std::string text;
  for (size_t i = 0; i < ids.size() && i < 16; ++i)
    text += (i ? ", " : "") + idText(model, ids[i]);
  return ids.empty() ? "none" : ids.size() > 16 ? text + " …" : text;
}

Html tokenizerFacts(const Artifact &artifact) {
  Html rows;
  if (artifact.tokenizer().empty()) {
    rows << factRow("Tokenizer", "none", "the model takes token ids");
    return rows;
  }
  auto parsed = tokenizer::parse(artifact.tokenizer());
  if (!parsed) {
    rows << factRow("Tokenizer", "cannot be read", shorten(parsed.error().why));
    return rows;
  }
  const tokenizer::TokenizerModel &model = *parsed;
  constexpr std::string_view kinds[] = {"BPE", "Unigram", "WordPiece", "WordLevel", "longest match"};
  auto kind = static_cast<size_t>(model.kind);
  size_t used = 0, special = 0;
  for (const std::string &token : model.tokens)
    used += !token.empty();
  for (const tokenizer::AddedToken &token : model.added)
    special += token.special;
  rows << factRow("Tokenizer", std::string(kind < std::size(kinds) ? kinds[kind] : "unknown"),
                  (model.byteFallback ? "unknown characters as bytes, " : "") +
                      formatBytes(artifact.tokenizer().size()));
  rows << factRow("Tokens", count(used),
                  count(model.merges.size()) + " merges, " + count(model.added.size()) +
                      " added, " + count(special) + " of them special");
  rows << factRow("Steps",
                  count(model.normalizer.size()) + " of the normalizer, " +
                      count(model.preTokenizer.size()) + " of the pre-tokenizer, " +
                      count(model.decoder.size()) + " of the decoder");
  rows << factRow("In front", idList(model, model.prefixIds));
  rows << factRow("Behind", idList(model, model.suffixIds));
  rows << factRow("Begins", idText(model, model.bosId));
  rows << factRow("Ends", idList(model, model.eosIds));
  return rows;
}

Html templateFacts(const Artifact &artifact) {
  Html rows;
  if (artifact.chatTemplate().empty()) {
    rows << factRow("Chat template", "none", "chat needs one");
    return rows;
  }
  auto parsed = chat::parseTemplate(artifact.chatTemplate());
  if (!parsed)
    rows << factRow("Chat template", "cannot be read", shorten(parsed.error().why));
  else if (!parsed->refusal.empty())
    rows << factRow("Chat template", "refused", shorten(parsed->refusal + ": " + parsed->refusalReason, 400));
  else
    rows << factRow("Chat template", "yes",
                    "from " + shorten(parsed->source) + ", " + count(parsed->nodes.size()) + " nodes");
  return rows;
}

Html generationFacts(const DecoderConfig &config) {
  Html rows;
  rows << factRow("Generation", describeGeneration(config.defaults), "unless flags say otherwise");
  std::string ends;
  for (size_t i = 0; i < config.eosTokens.size() && i < 16; ++i)
    ends += (i ? ", " : "") + std::to_string(config.eosTokens[i]);
  rows << factRow("The model's own ids", "begins " + (config.bosToken < 0 ? "none" : std::to_string(config.bosToken)),
                  "ends " + (ends.empty() ? "none" : ends));
  return rows;
}

} // namespace

Html textPart(const Subject &subject) {
  Html part;
  part << "<table class='facts'>\n"
       << tokenizerFacts(subject.artifact) << templateFacts(subject.artifact);
  for (const Module &module : subject.model().modules)
    if (module.kind == Module::Kind::Decoder)
      part << generationFacts(module.decoder);
  part << "</table>\n";
  return part;
}

} // namespace llmc::page
