/// Reads the chat template of a model's folder and tries it on conversations.
///
///   LLMC_TRY(ReadTemplate read, readTemplate(folder));
///   if (read.model)
///     section = serializeTemplate(*read.model);
#ifndef LLMC_FRONTENDS_TEMPLATE_TEMPLATEREADER_H
#define LLMC_FRONTENDS_TEMPLATE_TEMPLATEREADER_H

#include "runtime/support/Error.h"
#include "runtime/template/TemplateModel.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::chat {

/// The contents of the files that have a say, where they are there.
struct TemplateFiles {
  std::optional<std::string_view> chatTemplate;     ///< chat_template.jinja
  std::optional<std::string_view> tokenizerConfig;  ///< tokenizer_config.json
  std::optional<std::string_view> specialTokensMap; ///< special_tokens_map.json
};

struct ReadTemplate {
  /// None where the folder has no template. A template that cannot be used is a
  /// refusal in it: the model compiles, and `chat` says why it does not.
  std::optional<TemplateModel> model;
  std::string file; ///< That the template came from.
  /// What the user should know, such as the refusal.
  std::vector<std::string> notes;
};

/// Takes chat_template.jinja before tokenizer_config.json's chat_template; of
/// several templates in that, the one called "default". The template is
/// rendered for a user's turn, for one with a system prompt, and for a chat of
/// several turns: one that fails for the first is refused, as is one that uses
/// what is not supported; one that takes no system prompt is noted.
/// Errors: PermissionDenied, CannotRead, BadConfig.
Result<ReadTemplate> readTemplate(const std::string &folder);

/// The same from bytes in memory. Error: BadConfig.
Result<ReadTemplate> readTemplate(const TemplateFiles &files);

} // namespace llmc::chat

#endif // LLMC_FRONTENDS_TEMPLATE_TEMPLATEREADER_H
