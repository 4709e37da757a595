#include "frontends/tokenizer/LowerSteps.h"
#include "frontends/tokenizer/TranslatePattern.h"

namespace llmc::tokenizer {

static SplitBehavior behavior(Fields &fields, const std::string &fallback,
                              PipelineProblems &problems) {
  std::string name = fields.text("behavior", fallback);
  if (name == "Removed")
    return SplitBehavior::Removed;
  if (name == "MergedWithPrevious")
    return SplitBehavior::MergedWithPrevious;
  if (name == "MergedWithNext")
    return SplitBehavior::MergedWithNext;
  if (name == "Contiguous")
    return SplitBehavior::Contiguous;
  if (name != "Isolated")
    problems.unsupported.push_back("split behavior " + name);
  return SplitBehavior::Isolated;
}

PrependScheme prependScheme(Fields &fields, PipelineProblems &problems) {
  // Files of before 2024 have add_prefix_space in its place.
  std::string name =
      fields.text("prepend_scheme",
                  fields.flag("add_prefix_space", true) ? "always" : "never");
  if (name == "always")
    return PrependScheme::Always;
  if (name == "first")
    return PrependScheme::First;
  if (name != "never")
    problems.unsupported.push_back("Metaspace prepend_scheme " + name);
  return PrependScheme::Never;
}

void lowerPreTokenizer(const JsonValue &part, TokenizerModel &model,
                       PipelineProblems &problems) {
  Fields fields(&part, "pre_tokenizer");
  std::string type = fields.text("type");
  using Kind = PreTokenizerStep::Kind;
  PreTokenizerStep step{};
  auto push = [&](Kind kind) {
    step.kind = kind;
    model.preTokenizer.push_back(step);
  };
  if (type == "Sequence") {
    for (const JsonValue &inner : fields.items("pretokenizers"))
      lowerPreTokenizer(inner, model, problems);
  } else if (type == "ByteLevel") {
    if (fields.flag("add_prefix_space", true))
      push(Kind::PrefixSpace);
    if (fields.flag("use_regex", true)) {
      step.pattern = *translatePattern(byteLevelPattern);
      push(Kind::SplitRegex);
      step.pattern.clear();
    }
    push(Kind::ByteMap);
  } else if (type == "Split") {
    step.behavior = behavior(fields, "", problems);
    step.invert = fields.flag("invert", false);
    if (auto p = stepPattern(part, "pre-tokenizer Split", problems)) {
      step.pattern = std::move(p->text);
      push(p->regex ? Kind::SplitRegex : Kind::SplitLiteral);
    }
  } else if (type == "Digits") {
    step.behavior = fields.flag("individual_digits", false)
                        ? SplitBehavior::Isolated
                        : SplitBehavior::Contiguous;
    push(Kind::SplitNumeric);
  } else if (type == "Punctuation") {
    step.behavior = behavior(fields, "Isolated", problems);
    push(Kind::SplitPunctuation);
  } else if (type == "Whitespace") {
    step.behavior = SplitBehavior::Removed;
    step.invert = true;
    push(Kind::WordRuns);
  } else if (type == "WhitespaceSplit" || type == "BertPreTokenizer") {
    step.behavior = SplitBehavior::Removed;
    push(Kind::SplitSpace);
    step.behavior = SplitBehavior::Isolated;
    if (type == "BertPreTokenizer")
      push(Kind::SplitPunctuation);
  } else if (type == "CharDelimiterSplit") {
    step.behavior = SplitBehavior::Removed;
    step.pattern = fields.text("delimiter");
    if (step.pattern.empty())
      problems.invalid.push_back("CharDelimiterSplit has no delimiter");
    push(Kind::SplitLiteral);
  } else if (type == "Metaspace") {
    step.pattern = fields.text("replacement", std::string(metaspaceMark));
    step.scheme = prependScheme(fields, problems);
    step.split = fields.flag("split", true);
    push(Kind::Metaspace);
  } else {
    problems.unsupported.push_back("pre-tokenizer " + type);
  }
  if (!fields.problem.empty())
    problems.invalid.push_back(fields.problem);
}

} // namespace llmc::tokenizer
