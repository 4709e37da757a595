#include "compiler/GenerationSettings.h"

#include "frontends/tokenizer/Json.h"
#include "runtime/support/File.h"

#include <cmath>
#include <filesystem>
#include <limits>

namespace llmc {

using tokenizer::JsonValue;
using Kind = JsonValue::Kind;

namespace {

/// The settings of one file, member by member.
class SettingsReader {
public:
  SettingsReader(const JsonValue &settings, const std::string &name)
      : settings(settings), name(name) {}

  /// A number in [\p least, \p most], or above \p least where that is not \p open,
  /// as the flags of run take it; nothing where the file is silent.
  Result<std::optional<double>> real(const char *key, double least, double most,
                                     bool open, const char *wanted) {
    const JsonValue *value = settings.find(key);
    if (!value)
      return std::optional<double>();
    double number = value->isInteger() ? static_cast<double>(value->integer)
                                       : value->real;
    bool isNumber = value->isInteger() || value->kind == Kind::Real;
    if (!isNumber || !(number >= least) || number > most ||
        (open && (number == least || static_cast<float>(number) == 0)))
      return wrong(key, wanted);
    return std::optional<double>(number);
  }

  Result<std::optional<double>> count(const char *key) {
    const JsonValue *value = settings.find(key);
    if (value && (!value->isInteger() || value->integer < 0 ||
                  value->integer > std::numeric_limits<int32_t>::max()))
      return wrong(key, "a count");
    return value ? std::optional<double>(value->integer) : std::nullopt;
  }

  Result<bool> flag(const char *key) {
    const JsonValue *value = settings.find(key);
    if (value && value->kind != Kind::Bool)
      return wrong(key, "true or false");
    return value && value->boolean;
  }

  /// Members that would change the text and have no counterpart here.
  /// \p ownLimit: max_length is one that users would set, not the context.
  std::string foreign(bool ownLimit) const {
    std::string found;
    // 20 is what the format's writer puts there where nobody asks.
    if (const JsonValue *value = settings.find("max_length");
        value && ownLimit && !isNeutral(*value, 20))
      found = "max_length";
    for (const auto &[key, neutral] : otherSettings) {
      const JsonValue *value = settings.find(key);
      if (value && !isNeutral(*value, neutral))
        found += (found.empty() ? "" : ", ") + std::string(key);
    }
    return found;
  }

private:
  struct Other {
    const char *key;
    double neutral; ///< The number that asks for nothing.
  };
  static constexpr Other otherSettings[] = {
      {"num_beams", 1},         {"num_beam_groups", 1},
      {"penalty_alpha", 0},     {"no_repeat_ngram_size", 0},
      {"typical_p", 1},         {"epsilon_cutoff", 0},
      {"eta_cutoff", 0},        {"top_h", 0},
      {"guidance_scale", 1},    {"min_length", 0},
      {"min_new_tokens", 0},    {"bad_words_ids", 0},
      {"force_words_ids", 0},   {"suppress_tokens", 0},
      {"sequence_bias", 0},     {"begin_suppress_tokens", 0},
      {"stop_strings", 0},      {"forced_bos_token_id", -1},
      {"dola_layers", 0},       {"forced_eos_token_id", -1},
      {"presence_penalty", 0},  {"frequency_penalty", 0},
      {"watermarking_config", 0}, {"exponential_decay_length_penalty", 0},
      {"max_new_tokens", 0},
  };

  static bool isNeutral(const JsonValue &value, double neutral) {
    switch (value.kind) {
    case Kind::Integer:
      return static_cast<double>(value.integer) == neutral;
    case Kind::Real:
      return value.real == neutral;
    case Kind::Bool:
      return !value.boolean;
    case Kind::Array:
      return value.items.empty();
    case Kind::Object:
      return value.members.empty();
    case Kind::String:
      return value.string.empty();
    case Kind::Null:
      return true;
    }
    return true;
  }

  Error wrong(const char *key, const std::string &wanted) const {
    return Error{Code::BadConfig, "a setting of generation is not valid", name,
                 std::string("member ") + key + " is not " + wanted,
                 "correct the file, or take it out of the folder"};
  }

  const JsonValue &settings;
  const std::string &name;
};

} // namespace

Result<GenerationSettings> parseGenerationSettings(std::string_view text,
                                                   const std::string &name,
                                                   std::string_view member) {
  GenerationSettings result;
  LLMC_TRY(JsonValue root,
           tokenizer::parseJsonObject(text, name, Code::BadConfig));
  const JsonValue *settings = member.empty() ? &root : root.find(member);
  if (!settings)
    return result;
  if (!settings->isObject())
    return Error{Code::BadConfig, "a setting of generation is not valid", name,
                 "member " + std::string(member) + " is not an object",
                 "correct the file, or take it out of the folder"};
  SettingsReader reader(*settings, name);
  GenerationDefaults &defaults = result.defaults;
  LLMC_TRY(defaults.sample, reader.flag("do_sample"));
  constexpr double most = std::numeric_limits<float>::max();
  LLMC_TRY(auto temperature,
           reader.real("temperature", 0, most, false, "a number of at least 0"));
  LLMC_TRY(auto topK, reader.count("top_k"));
  LLMC_TRY(auto topP,
           reader.real("top_p", 0, 1, true, "a number above 0 and at most 1"));
  LLMC_TRY(auto minP, reader.real("min_p", 0, 1, false, "a number from 0 to 1"));
  LLMC_TRY(auto penalty, reader.real("repetition_penalty", 0, most, true,
                                     "a number above 0"));
  // Sampling at 0 is the likeliest token.
  if (temperature && static_cast<float>(*temperature) < 1e-30f)
    defaults.sample = false;
  if (defaults.sample) {
    defaults.temperature = static_cast<float>(temperature.value_or(1));
    // The format's own default: a file that samples and does not name top_k
    // means 50 (GenerationConfig of transformers, and GenAI's search).
    defaults.topK = static_cast<int32_t>(topK.value_or(50));
    defaults.topP = static_cast<float>(topP.value_or(0));
    defaults.minP = static_cast<float>(minP.value_or(0));
  }
  if (penalty && *penalty != 1)
    defaults.repetitionPenalty = static_cast<float>(*penalty);
  if (defaults.sample || defaults.repetitionPenalty > 0)
    result.file = name;
  if (std::string foreign = reader.foreign(member.empty());
      !foreign.empty())
    result.notes.push_back(name + " asks for " + foreign +
                           ", which run and chat do not do");
  return result;
}

Result<GenerationSettings> readGenerationSettings(const std::string &folder) {
  struct Source {
    const char *name;
    const char *member;
  };
  for (const Source &source : {Source{"generation_config.json", ""},
                               Source{"genai_config.json", "search"}}) {
    std::string path = folder + "/" + source.name;
    std::error_code code;
    if (!std::filesystem::exists(path, code))
      continue;
    LLMC_TRY(MappedFile bytes, MappedFile::open(path));
    std::string_view text(reinterpret_cast<const char *>(bytes.bytes().data()),
                          bytes.bytes().size());
    return parseGenerationSettings(text, source.name, source.member);
  }
  return GenerationSettings();
}

} // namespace llmc
