/// What a model's folder says about choosing tokens.
#ifndef LLMC_COMPILER_GENERATIONSETTINGS_H
#define LLMC_COMPILER_GENERATIONSETTINGS_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <string>
#include <vector>

namespace llmc {

struct GenerationSettings {
  GenerationDefaults defaults;
  std::string file; ///< Which one spoke; empty: none did.
  std::vector<std::string> notes; ///< What it asks for and nobody here does.
};

/// Reads generation_config.json of \p folder, or where there is none the member
/// `search` of genai_config.json. Errors: BadConfig, CannotRead.
Result<GenerationSettings> readGenerationSettings(const std::string &folder);

/// The same from a text; \p member is the object in it that holds the settings,
/// empty for the whole.
Result<GenerationSettings> parseGenerationSettings(std::string_view text,
                                                   const std::string &name,
                                                   std::string_view member = {});

} // namespace llmc

#endif // LLMC_COMPILER_GENERATIONSETTINGS_H
