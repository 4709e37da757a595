#include "frontends/tokenizer/LowerPipeline.h"

#include "frontends/tokenizer/JsonFields.h"
#include "frontends/tokenizer/TranslatePattern.h"

#include <optional>

namespace llmc::tokenizer {

namespace {
// What ByteLevel splits at where use_regex is set: the pattern of GPT-2
// (Radford et al. 2019), as the tokenizers library has it built in.
constexpr std::string_view byteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view metaspaceMark = "\xE2\x96\x81"; // U+2581

class Lowering {
public:
  Lowering(const JsonValue &root, TokenizerModel &model)
      : root(root), model(model) {}

  PipelineProblems problems;

  void run() {
    if (const JsonValue *part = root.find("normalizer"))
      normalizer(*part);
    if (const JsonValue *part = root.find("pre_tokenizer"))
      preTokenizer(*part);
    if (const JsonValue *part = root.find("post_processor"))
      postProcessor(*part);
    if (const JsonValue *part = root.find("decoder"))
      decoder(*part);
    else
      decoderStep(DecoderStep::Kind::JoinSpace);
  }

private:
  const JsonValue &root;
  TokenizerModel &model;

  void unsupported(std::string part) {
    problems.unsupported.push_back(std::move(part));
  }
  void invalid(std::string why) {
    if (!why.empty())
      problems.invalid.push_back(std::move(why));
  }

  struct StepPattern {
    bool regex;
    std::string text;
  };
  /// {"String": …} or {"Regex": …}; nothing after a problem was noted.
  std::optional<StepPattern> pattern(const JsonValue &part,
                                     const std::string &where) {
    const JsonValue *p = part.find("pattern");
    const JsonValue *literal = p ? p->find("String") : nullptr;
    const JsonValue *regex = p ? p->find("Regex") : nullptr;
    if (literal && literal->isString() && !literal->string.empty())
      return StepPattern{false, literal->string};
    if (!regex || !regex->isString()) {
      invalid(where + ".pattern is neither a String nor a Regex");
      return std::nullopt;
    }
    auto translated = translatePattern(regex->string);
    if (translated)
      return StepPattern{true, *std::move(translated)};
    unsupported(where + " with the pattern " + regex->string + " (" +
                translated.error().why + ")");
    return std::nullopt;
  }

  void normalizer(const JsonValue &part) {
    Fields fields(&part, "normalizer");
    std::string type = fields.text("type");
    using Kind = NormalizerStep::Kind;
    auto push = [&](Kind kind, std::string a = {}, std::string b = {}) {
      model.normalizer.push_back({kind, std::move(a), std::move(b)});
    };
    if (type == "Sequence") {
      for (const JsonValue &inner : fields.items("normalizers"))
        normalizer(inner);
    } else if (type == "Prepend") {
      push(Kind::Prepend, {}, fields.text("prepend"));
    } else if (type == "Replace") {
      if (auto p = pattern(part, "normalizer Replace"))
        push(p->regex ? Kind::ReplaceRegex : Kind::ReplaceLiteral,
             std::move(p->text), fields.text("content"));
    } else if (type == "NFC") {
      push(Kind::Nfc);
    } else if (type == "NFD") {
      push(Kind::Nfd);
    } else if (type == "NFKC") {
      push(Kind::Nfkc);
    } else if (type == "NFKD") {
      push(Kind::Nfkd);
    } else if (type == "Lowercase") {
      push(Kind::Lowercase);
    } else if (type == "Strip") {
      if (fields.flag("strip_left", true))
        push(Kind::StripLeft);
      if (fields.flag("strip_right", true))
        push(Kind::StripRight);
    } else {
      unsupported("normalizer " + type);
    }
    invalid(fields.problem);
  }

  SplitBehavior behavior(Fields &fields, const std::string &fallback) {
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
      unsupported("split behavior " + name);
    return SplitBehavior::Isolated;
  }

  void preTokenizer(const JsonValue &part) {
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
        preTokenizer(inner);
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
      step.behavior = behavior(fields, "");
      step.invert = fields.flag("invert", false);
      if (auto p = pattern(part, "pre-tokenizer Split")) {
        step.pattern = std::move(p->text);
        push(p->regex ? Kind::SplitRegex : Kind::SplitLiteral);
      }
    } else if (type == "Digits") {
      step.behavior = fields.flag("individual_digits", false)
                          ? SplitBehavior::Isolated
                          : SplitBehavior::Contiguous;
      push(Kind::SplitNumeric);
    } else if (type == "Punctuation") {
      step.behavior = behavior(fields, "Isolated");
      push(Kind::SplitPunctuation);
    } else if (type == "Whitespace") {
      step.behavior = SplitBehavior::Removed;
      step.invert = true;
      push(Kind::WordRuns);
    } else if (type == "WhitespaceSplit") {
      step.behavior = SplitBehavior::Removed;
      push(Kind::SplitSpace);
    } else if (type == "Metaspace") {
      step.pattern = fields.text("replacement", std::string(metaspaceMark));
      step.scheme = prependScheme(fields);
      step.split = fields.flag("split", true);
      push(Kind::Metaspace);
    } else {
      unsupported("pre-tokenizer " + type);
    }
    invalid(fields.problem);
  }

  PrependScheme prependScheme(Fields &fields) {
    // Files of before 2024 have add_prefix_space in its place.
    std::string name =
        fields.text("prepend_scheme",
                    fields.flag("add_prefix_space", true) ? "always" : "never");
    if (name == "always")
      return PrependScheme::Always;
    if (name == "first")
      return PrependScheme::First;
    if (name != "never")
      unsupported("Metaspace prepend_scheme " + name);
    return PrependScheme::Never;
  }

  /// Appends the ids of the template token \p name.
  void templateToken(const JsonValue *tokens, const std::string &name,
                     std::vector<int32_t> &ids) {
    const JsonValue *entry = tokens ? tokens->find(name) : nullptr;
    const JsonValue *list = entry ? entry->find("ids") : nullptr;
    if (!list || !list->isArray())
      return invalid("post_processor names the token " + name +
                     " without giving its ids");
    for (const JsonValue &id : list->items) {
      if (!id.isInteger() || id.integer < 0 || id.integer > INT32_MAX)
        return invalid("post_processor gives " + name + " an id that is none");
      ids.push_back(int32_t(id.integer));
    }
  }

  /// ["<s>", 1], as RobertaProcessing and BertProcessing have it.
  void pairToken(Fields &fields, const char *key, std::vector<int32_t> &ids) {
    const std::vector<JsonValue> &pair = fields.items(key);
    if (pair.size() != 2 || !pair[1].isInteger() || pair[1].integer < 0 ||
        pair[1].integer > INT32_MAX)
      return invalid(std::string("post_processor.") + key +
                     " is not a token and its id");
    ids.push_back(int32_t(pair[1].integer));
  }

  void postProcessor(const JsonValue &part) {
    Fields fields(&part, "post_processor");
    std::string type = fields.text("type");
    std::vector<int32_t> before, behind;
    if (type == "Sequence") {
      for (const JsonValue &inner : fields.items("processors"))
        postProcessor(inner);
    } else if (type == "TemplateProcessing") {
      int texts = 0;
      const JsonValue *tokens = fields.find("special_tokens");
      for (const JsonValue &piece : fields.items("single")) {
        if (const JsonValue *token = piece.find("SpecialToken"))
          templateToken(tokens, Fields(token, "SpecialToken").text("id"),
                        texts == 0 ? before : behind);
        else
          ++texts;
      }
      if (texts != 1)
        unsupported("post-processor TemplateProcessing with " +
                    std::to_string(texts) + " texts");
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      pairToken(fields, "cls", before);
      pairToken(fields, "sep", behind);
    } else if (type !=
               "ByteLevel") { // It moves offsets, which we have none of.
      unsupported("post-processor " + type);
    }
    model.prefixIds.insert(model.prefixIds.begin(), before.begin(),
                           before.end());
    model.suffixIds.insert(model.suffixIds.end(), behind.begin(), behind.end());
    invalid(fields.problem);
  }

  void decoderStep(DecoderStep::Kind kind, uint32_t count = 0,
                   std::string pattern = {}, std::string content = {}) {
    model.decoder.push_back(
        {kind, count, std::move(pattern), std::move(content)});
  }

  void decoder(const JsonValue &part) {
    Fields fields(&part, "decoder");
    std::string type = fields.text("type");
    using Kind = DecoderStep::Kind;
    if (type == "Sequence") {
      for (const JsonValue &inner : fields.items("decoders"))
        decoder(inner);
    } else if (type == "ByteLevel") {
      decoderStep(Kind::ByteMap);
    } else if (type == "ByteFallback") {
      decoderStep(Kind::ByteFallback);
    } else if (type == "Fuse") {
      decoderStep(Kind::Fuse);
    } else if (type == "Replace") {
      auto p = pattern(part, "decoder Replace");
      if (p && p->regex)
        unsupported("decoder Replace with a Regex");
      else if (p)
        decoderStep(Kind::ReplaceLiteral, 0, std::move(p->text),
                    fields.text("content"));
    } else if (type == "Strip") {
      int64_t start = fields.integer("start", 0),
              stop = fields.integer("stop", 0);
      if (stop != 0 || start < 0 || start > 1024)
        unsupported("decoder Strip from " + std::to_string(start) + " to " +
                    std::to_string(stop));
      else
        decoderStep(Kind::StripLeft, uint32_t(start),
                    fields.text("content", " "));
    } else if (type == "Metaspace") {
      decoderStep(Kind::Metaspace,
                  prependScheme(fields) == PrependScheme::Never ? 0 : 1,
                  fields.text("replacement", std::string(metaspaceMark)));
    } else {
      unsupported("decoder " + type);
    }
    invalid(fields.problem);
  }
};
} // namespace

PipelineProblems lowerPipeline(const JsonValue &root, TokenizerModel &model) {
  Lowering lowering(root, model);
  lowering.run();
  return std::move(lowering.problems);
}

} // namespace llmc::tokenizer
