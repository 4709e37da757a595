/// Compares renderings with those of Jinja: template-conformance FILE...
///
/// The files are as tools/dev/exports/record-templates.py writes them. Prints a
/// line for each case that is not as recorded and a table; exits 1 where a
/// rendering differs (a refusal by name is none).
#include "test/unit/template/TemplateCases.h"

#include <cstdio>
#include <map>

using namespace llmc;
using namespace llmc::chat;

int main(int count, char **words) {
  int equal = 0, refused = 0, different = 0;
  std::map<std::string, int> reasons;
  for (int i = 1; i < count; ++i)
    for (const TemplateCase &c : readCases(words[i])) {
      Result<Text> text = renderText(c.text, c.variables);
      if (text ? !c.fails && text->view() == c.output
               : c.fails && text.error().code != Code::UnsupportedTemplate) {
        ++equal;
        continue;
      }
      if (!text && text.error().code == Code::UnsupportedTemplate) {
        ++refused;
        ++reasons[text.error().why];
        std::printf("refused   %s: %s, %s%s\n", c.name.c_str(),
                    text.error().why.c_str(), text.error().where.c_str(),
                    c.fails ? " (and fails)" : "");
        continue;
      }
      ++different;
      std::printf("different %s\n", c.name.c_str());
      if (!text) {
        std::printf("  %s, %s\n", text.error().why.c_str(),
                    text.error().where.c_str());
        continue;
      }
      std::string got(text->view());
      size_t at = 0;
      while (at < got.size() && at < c.output.size() && got[at] == c.output[at])
        ++at;
      size_t from = at > 40 ? at - 40 : 0;
      auto show = [&](const std::string &what) {
        return Json(what.substr(from, 100))
            .dump(-1, ' ', false, Json::error_handler_t::replace);
      };
      std::printf("  expected %s\n  got      %s\n",
                  c.fails ? "a failure" : show(c.output).c_str(),
                  show(got).c_str());
    }
  std::printf("%d equal, %d refused, %d different\n", equal, refused, different);
  for (const auto &[reason, times] : reasons)
    std::printf("%5d %s\n", times, reason.c_str());
  return different != 0;
}
