#include "frontends/tokenizer/LowerPipeline.h"

#include "frontends/tokenizer/JsonFields.h"
#include "frontends/tokenizer/LowerSteps.h"

namespace llmc::tokenizer {

namespace {
constexpr std::string_view metaspaceMark = "\xE2\x96\x81"; // U+2581

class Lowering {
public:
  Lowering(const JsonValue &root, TokenizerModel &model)
      : root(root), model(model) {}

  PipelineProblems problems;

  void run() {
    if (const JsonValue *part = root.find("normalizer"))
      lowerNormalizer(*part, model, problems);
    if (const JsonValue *part = root.find("pre_tokenizer"))
      lowerPreTokenizer(*part, model, problems);
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
      auto p = stepPattern(part, "decoder Replace", problems);
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
                  prependScheme(fields, problems) == PrependScheme::Never ? 0
                                                                          : 1,
                  fields.text("replacement", std::string(metaspaceMark)));
    } else if (type == "WordPiece") {
      decoderStep(Kind::WordPiece, 0, fields.text("prefix", "##"));
      if (fields.flag("cleanup", true))
        decoderStep(Kind::CleanUp);
    } else if (type == "BPEDecoder") {
      decoderStep(Kind::WordEnd, 0, fields.text("suffix", "</w>"));
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
