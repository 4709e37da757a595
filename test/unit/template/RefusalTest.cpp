#include "test/unit/template/TemplateCases.h"

#include <gtest/gtest.h>

namespace llmc::chat {
namespace {

Error errorOf(const std::string &source) {
  Result<Text> text = renderText(source, {{"x", "text"}, {"list", {1, 2}}});
  if (text)
    return {Code::Internal, "", "", "it renders: " + std::string(text->view()), ""};
  return text.error();
}

TEST(UnsupportedConstructs, AreRefusedByName) {
  const std::pair<const char *, const char *> cases[] = {
      {"{% include 'x' %}", "{% include %} is not supported"},
      {"{% filter upper %}a{% endfilter %}", "{% filter %} is not supported"},
      {"{% call m() %}{% endcall %}", "{% call %} is not supported"},
      {"{% with a = 1 %}{% endwith %}", "{% with %} is not supported"},
      {"{% for a in list recursive %}{% endfor %}",
       "a recursive loop is not supported"},
      {"{{ x | wordwrap(3) }}", "the filter wordwrap is not supported"},
      {"{{ list | map('urlize') }}", "the filter urlize is not supported"},
      {"{{ x is escaped }}", "the test escaped is not supported"},
      {"{{ list | select('escaped') }}", "the test escaped is not supported"},
      {"{{ list.append(1) }}", "the method append is not supported"},
      {"{{ x['casefold']() }}", "the method casefold of a string is not supported"},
      {"{{ cycler('a') }}", "the function cycler is not supported"},
      {"{{ range(*list) }}", "a call with * is not supported"},
      {"{% for a in list %}{% macro m() %}{% endmacro %}{% endfor %}",
       "a macro inside of a loop or a macro is not supported"},
      {"{{ (x | safe) | upper }}",
       "`upper` of a value marked by the filter safe is not supported"},
      {"{{ '%x' % 1 }}", "the format %x is not supported"},
      {"{{ '{:>5}'.format(1) }}", "the format {:>5} is not supported"},
      {"{{ strftime_now('%s') }}", "the date format %s is not supported"},
      {"{{ x[1, 2] }}", "a subscript with commas is not supported"},
  };
  for (auto [source, why] : cases) {
    Error error = errorOf(source);
    EXPECT_EQ(error.why, why) << source;
    EXPECT_EQ(error.code, Code::UnsupportedTemplate) << source;
  }
}

TEST(Failures, NameTheLine) {
  Error error = errorOf("a\n\n{{ x }}\n{{ missing.y }}\n");
  EXPECT_EQ(error.where, "template, line 4");
  EXPECT_EQ(error.code, Code::TemplateFailed);
  EXPECT_EQ(errorOf("{{ x }}\n{% if").where, "template, line 2");
}

TEST(Failures, OfTheTemplatesOwnKeepItsWords) {
  EXPECT_EQ(errorOf("{{ raise_exception('Only ' ~ x) }}").why,
            "the template refuses the conversation: Only text");
}

TEST(Limits, EndWhatWouldTakeTooLong) {
  const char *cases[] = {
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{% set ns = namespace(a='xxxxxxxxxxxxxxxx') %}{% for i in range(99) %}"
      "{% set ns.a = ns.a + ns.a %}{% endfor %}",
      "{{ 'abc' * 9000000000000 }}",
      "{{ [1] * 9000000000000 }}",
      "{{ 'a' | indent(9000000000000) }}",
      "{{ '1'.zfill(9000000000000) }}",
      "{% set ns = namespace(a=[1]) %}{% for i in range(90) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a }}",
      "{% set ns = namespace(a=[1]) %}{% for i in range(90) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a | tojson }}",
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}{% set ns.a = [ns.a, "
      "ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% if true %}{% for i in [1] %}{% set x = [[m()]] %}{% endfor %}"
      "{% endif %}{% endmacro %}{{ m() }}",
      "{% set ns = namespace(a=1) %}{% for i in range(1000) %}{% set ns.a = [ns.a] %}"
      "{% endfor %}",
      "{{ range(1000000) }}",
      "{{ 2 ** 64 }}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ -(-9223372036854775807 - 1) }}",
  };
  for (const char *source : cases)
    EXPECT_EQ(errorOf(source).code, Code::TemplateLimit)
        << source << "\n"
        << errorOf(source).why;
}

TEST(Limits, DoNotForbidWhatContainsItself) {
  auto text = renderText("{% set ns = namespace() %}{% set ns.me = ns %}"
                         "{{ ns.me.me is defined }}{{ ns == ns.me }}",
                         Json::object());
  ASSERT_TRUE(text) << text.error().render();
  EXPECT_EQ(text->view(), "TrueTrue");
}

TEST(Limits, EndDeepNesting) {
  for (auto [open, close] : {std::pair{"(", ")"}, {"[", "]"}, {"-", ""},
                             {"not ", ""}, {"{1:", "}"}, {"x[", "]"}}) {
    std::string source;
    for (int i = 0; i < 20'000; ++i)
      source += open;
    source += "1";
    for (int i = 0; i < 20'000; ++i)
      source += close;
    EXPECT_EQ(errorOf("{{ " + source + " }}").code, Code::BadTemplate) << open;
  }
  std::string ifs;
  for (int i = 0; i < 20'000; ++i)
    ifs += "{% if x %}";
  EXPECT_EQ(errorOf(ifs).code, Code::BadTemplate);
  std::string sum = "{{ 1";
  for (int i = 0; i < 20'000; ++i)
    sum += " + 1";
  EXPECT_EQ(errorOf(sum + " }}").code, Code::BadTemplate);
  std::string dots = "{{ x";
  for (int i = 0; i < 20'000; ++i)
    dots += ".y";
  EXPECT_EQ(errorOf(dots + " }}").code, Code::BadTemplate);
}

} // namespace
} // namespace llmc::chat
