#include "tools/llmc/Verbs.h"

#include "runtime/support/Json.h"
#include "runtime/verbs/Arguments.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

namespace llmc {

namespace {

std::string toText(const CodeInfo &info) {
  return codeName(info.code) + ": " + std::string(info.title) +
         " (exit code " + std::to_string(static_cast<int>(info.exit)) + ")\n\n" +
         std::string(info.explanation) + "\n";
}

void addJson(JsonWriter &json, const CodeInfo &info) {
  json.beginObject()
      .member("code", codeName(info.code))
      .member("exit", static_cast<int>(info.exit))
      .member("title", info.title)
      .member("explanation", info.explanation)
      .end();
}

/// Codes and titles, a line each.
std::string list() {
  std::string text;
  for (const CodeInfo &info : allCodes())
    text += codeName(info.code) + "  " + std::string(info.title) + "\n";
  return text;
}

Status explain(std::span<const std::string_view> words, bool &json) {
  std::string code;
  Arguments arguments;
  arguments.flags = {{"json", 0, "", "print JSON", &json}};
  arguments.positionals = {
      {"CODE", "LLMC-E201, E201 or 201; without it all are listed", &code,
       false}};
  LLMC_CHECK(arguments.parse(words));
  if (arguments.help)
    return print("explain: tell what an error means\n\nExamples:\n"
                 "  llmc explain LLMC-E201\n  llmc explain\n\n"
                 "Usage: llmc explain" +
                 arguments.usage() + "\n\nFlags:\n" +
                 arguments.describeFlags());
  JsonWriter out;
  out.beginObject().member("version", 1).key("errors").beginArray();
  if (code.empty()) {
    for (const CodeInfo &info : allCodes())
      addJson(out, info);
    return print(json ? out.end().end().text() + "\n" : list());
  }
  std::optional<Code> parsed = parseCode(code);
  if (!parsed)
    return Error{Code::BadFlagValue, "there is no such error code", code, "",
                 "llmc explain lists them all"};
  addJson(out, codeInfo(*parsed));
  return print(json ? out.end().end().text() + "\n"
                    : toText(codeInfo(*parsed)));
}

} // namespace

int explainMain(std::span<const std::string_view> words) {
  bool json = false;
  if (Status status = explain(words, json); !status)
    return fail(status.error(), wantsJson(words));
  return static_cast<int>(Exit::Ok);
}

} // namespace llmc
