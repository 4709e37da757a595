#include "frontends/tokenizer/Base64.h"
#include "frontends/tokenizer/LowerSteps.h"
#include "frontends/tokenizer/TranslatePattern.h"

namespace llmc::tokenizer {

std::optional<StepPattern> stepPattern(const JsonValue &part,
                                       const std::string &where,
                                       PipelineProblems &problems) {
  const JsonValue *p = part.find("pattern");
  const JsonValue *literal = p ? p->find("String") : nullptr;
  const JsonValue *regex = p ? p->find("Regex") : nullptr;
  if (literal && literal->isString() && !literal->string.empty())
    return StepPattern{false, literal->string};
  if (!regex || !regex->isString()) {
    problems.invalid.push_back(where +
                               ".pattern is neither a String nor a Regex");
    return std::nullopt;
  }
  auto translated = translatePattern(regex->string);
  if (translated)
    return StepPattern{true, *std::move(translated)};
  problems.unsupported.push_back(where + " with the pattern " + regex->string +
                                 " (" + translated.error().why + ")");
  return std::nullopt;
}

void lowerNormalizer(const JsonValue &part, TokenizerModel &model,
                     PipelineProblems &problems) {
  Fields fields(&part, "normalizer");
  std::string type = fields.text("type");
  using Kind = NormalizerStep::Kind;
  auto push = [&](Kind kind, std::string a = {}, std::string b = {}) {
    model.normalizer.push_back({kind, std::move(a), std::move(b)});
  };
  static const std::pair<std::string_view, Kind> plain[] = {
      {"NFC", Kind::Nfc},
      {"NFD", Kind::Nfd},
      {"NFKC", Kind::Nfkc},
      {"NFKD", Kind::Nfkd},
      {"Lowercase", Kind::Lowercase},
      {"StripAccents", Kind::StripMarks},
      {"ByteLevel", Kind::ByteMap},
      {"Nmt", Kind::Nmt}};
  for (auto [name, kind] : plain)
    if (type == name)
      return push(kind);
  if (type == "Sequence") {
    for (const JsonValue &inner : fields.items("normalizers"))
      lowerNormalizer(inner, model, problems);
  } else if (type == "Prepend") {
    push(Kind::Prepend, {}, fields.text("prepend"));
  } else if (type == "Replace") {
    if (auto p = stepPattern(part, "normalizer Replace", problems))
      push(p->regex ? Kind::ReplaceRegex : Kind::ReplaceLiteral,
           std::move(p->text), fields.text("content"));
  } else if (type == "Strip") {
    if (fields.flag("strip_left", true))
      push(Kind::StripLeft);
    if (fields.flag("strip_right", true))
      push(Kind::StripRight);
  } else if (type == "BertNormalizer") {
    bool lowercase = fields.flag("lowercase", true);
    if (fields.flag("clean_text", true))
      push(Kind::BertClean);
    if (fields.flag("handle_chinese_chars", true))
      push(Kind::SpaceCjk);
    if (fields.flag("strip_accents", lowercase)) {
      push(Kind::Nfd);
      push(Kind::StripNonspacing);
    }
    if (lowercase)
      push(Kind::Lowercase);
  } else if (type == "Precompiled") {
    std::optional<std::string> blob =
        decodeBase64(fields.text("precompiled_charsmap"));
    if (!blob)
      problems.invalid.push_back("precompiled_charsmap is not base64");
    else if (!blob->empty())
      push(Kind::CharsmapGraphemes, *std::move(blob));
  } else {
    problems.unsupported.push_back("normalizer " + type);
  }
  if (!fields.problem.empty())
    problems.invalid.push_back(fields.problem);
}

} // namespace llmc::tokenizer
