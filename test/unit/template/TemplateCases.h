/// Templates with variables and what Jinja made of them, a JSON object a line:
/// name, template, variables, and output or error (the kind of it).
#ifndef LLMC_TEST_UNIT_TEMPLATE_TEMPLATECASES_H
#define LLMC_TEST_UNIT_TEMPLATE_TEMPLATECASES_H

#include "frontends/template/TemplateParser.h"
#include "runtime/template/Renderer.h"
#include "runtime/template/TemplateFormat.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace llmc::chat {

using Json = nlohmann::ordered_json;

struct TemplateCase {
  std::string name, text;
  Json variables;
  bool fails = false;
  std::string output;
};

inline std::vector<TemplateCase> readCases(const std::string &file) {
  std::vector<TemplateCase> cases;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    Json json = Json::parse(line);
    TemplateCase c{json["name"], json["template"], json["variables"], false, ""};
    c.fails = !json.contains("output");
    if (!c.fails)
      c.output = json["output"];
    cases.push_back(std::move(c));
  }
  return cases;
}

inline Value toValue(const Json &json, bool isData = true) {
  if (json.is_null())
    return Value::none();
  if (json.is_boolean())
    return Value::boolean(json.get<bool>());
  if (json.is_number_integer())
    return Value::integer(json.get<int64_t>());
  if (json.is_number())
    return Value::real(json.get<double>());
  if (json.is_string())
    return Value::string(Text(json.get<std::string>(), isData));
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json &item : json)
      items.push_back(toValue(item, isData));
    return Value::sequence(std::move(items));
  }
  Dict dict;
  for (const auto &[key, item] : json.items())
    dict.set(Value::string(key), toValue(item, isData));
  return Value::dict(std::move(dict));
}

/// The time at which the cases were recorded: Friday, 2025-03-14 15:09:26.
inline std::tm caseTime() {
  std::tm time = {};
  time.tm_year = 125, time.tm_mon = 2, time.tm_mday = 14;
  time.tm_hour = 15, time.tm_min = 9, time.tm_sec = 26;
  time.tm_wday = 5, time.tm_yday = 72;
  return time;
}

/// Parses, takes the way through bytes, and renders.
inline Result<Text> renderText(const std::string &text, const Json &variables) {
  LLMC_TRY(TemplateModel parsed, parseTemplateText(text, "template"));
  LLMC_TRY(TemplateModel model, parseTemplate(serializeTemplate(parsed)));
  Dict dict = toValue(variables).members();
  return Renderer(model, dict, caseTime()).render();
}

} // namespace llmc::chat

#endif // LLMC_TEST_UNIT_TEMPLATE_TEMPLATECASES_H
