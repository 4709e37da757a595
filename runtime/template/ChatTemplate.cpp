#include "runtime/template/ChatTemplate.h"

#include "runtime/template/Renderer.h"
#include "runtime/template/TemplateFormat.h"
#include "runtime/tokenizer/Unicode.h"

namespace llmc::chat {

Result<ChatTemplate> ChatTemplate::load(std::span<const std::byte> section) {
  LLMC_TRY(TemplateModel model, parseTemplate(section));
  if (!model.refusal.empty())
    return Error{Code::UnsupportedTemplate, model.refusal, model.source,
                 model.refusalReason,
                 "run continues plain text without a template"};
  return ChatTemplate(std::move(model));
}

static Value keyed(std::string_view key) {
  return Value::string(std::string(key));
}

Result<ChatPrompt> ChatTemplate::render(std::span<const Message> messages,
                                        bool opensAnswer,
                                        const std::tm &now) const {
  std::vector<Value> list;
  for (const Message &message : messages) {
    Dict dict;
    dict.set(keyed("role"), Value::string(message.role));
    dict.set(keyed("content"),
             Value::string(
                 Text(tokenizer::sanitizeUtf8(message.content), true)));
    list.push_back(Value::dict(std::move(dict)));
  }
  Dict variables;
  variables.set(keyed("messages"), Value::sequence(std::move(list)));
  variables.set(keyed("tools"), Value::none());
  variables.set(keyed("documents"), Value::none());
  variables.set(keyed("add_generation_prompt"), Value::boolean(opensAnswer));
  for (const auto &[name, text] : model.specialTokens)
    variables.set(keyed(name), Value::string(text));

  LLMC_TRY(Text text, Renderer(model, variables, now).render());
  ChatPrompt prompt;
  prompt.text = text.view();
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    bool data = text.isData(at);
    while (at < text.size() && text.isData(at) == data)
      ++at;
    if (data)
      prompt.data.emplace_back(begin, at);
  }
  return prompt;
}

} // namespace llmc::chat
