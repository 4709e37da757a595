/// A conversation as the text that the model was trained to continue.
///
///   LLMC_TRY(ChatTemplate chat, ChatTemplate::load(section));
///   LLMC_TRY(ChatPrompt prompt, chat.render(messages, true, now));
#ifndef LLMC_RUNTIME_TEMPLATE_CHATTEMPLATE_H
#define LLMC_RUNTIME_TEMPLATE_CHATTEMPLATE_H

#include "runtime/support/Error.h"
#include "runtime/template/TemplateModel.h"

#include <cstddef>
#include <ctime>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace llmc::chat {

struct Message {
  std::string role; ///< "system", "user", "assistant"
  std::string content;
};

struct ChatPrompt {
  std::string text; ///< UTF-8.
  /// Bytes [begin, end) of it that came from messages, in order: control
  /// tokens may not be read there.
  std::vector<std::pair<size_t, size_t>> data;
};

/// Immutable once made.
class ChatTemplate {
public:
  /// From the chat template's section of a model.bin. Errors: ArtifactVersion,
  /// ArtifactDamaged; UnsupportedTemplate where the compiler refused the
  /// folder's template.
  static Result<ChatTemplate> load(std::span<const std::byte> section);
  /// \p model passed checkTemplate() and is no refusal.
  explicit ChatTemplate(TemplateModel model) : model(std::move(model)) {}

  /// The text of \p messages, with \p opensAnswer also what stands before the
  /// assistant's next one. \p now is what strftime_now() tells: the same all
  /// through a chat, so that its beginning stays the same. Bytes of messages
  /// that are not UTF-8 become U+FFFD. Errors: TemplateFailed,
  /// UnsupportedTemplate, TemplateLimit.
  Result<ChatPrompt> render(std::span<const Message> messages, bool opensAnswer,
                            const std::tm &now) const;

  const TemplateModel &tree() const { return model; }

private:
  TemplateModel model;
};

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_CHATTEMPLATE_H
