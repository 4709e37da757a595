/// Text for a page: markup is what the program's source says, all else is
/// escaped, and the type system tells which is which.
#ifndef LLMC_RUNTIME_VERBS_REPORT_HTML_H
#define LLMC_RUNTIME_VERBS_REPORT_HTML_H

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace llmc::page {

/// Markup: only a constant of the source can become one.
struct Markup {
  consteval Markup(const char *text) : text(text) {}
  std::string_view text;
};

/// \p text as content or attribute value of HTML and SVG. Bytes that are not
/// UTF-8, control characters and characters that reorder a line become U+FFFD;
/// line breaks and tabs become spaces.
std::string escape(std::string_view text);

/// At most \p most bytes of \p text, cut at a character, with … where it was.
std::string shorten(std::string_view text, size_t most = 160);

/// A page or a part of one.
///
///   Html page;
///   page << "<td title='" << weight.name << "'>" << count(5) << "</td>";
class Html {
public:
  Html &operator<<(Markup markup) { return addTrusted(markup.text); }
  /// Escapes.
  template <typename T>
    requires std::same_as<T, std::string> || std::same_as<T, std::string_view>
  Html &operator<<(const T &text) {
    return addText(text);
  }
  Html &operator<<(const Html &part) { return addTrusted(part.out); }
  /// Markup that another file made and escaped.
  Html &addTrusted(std::string_view markup);
  const std::string &text() const { return out; }
  size_t size() const { return out.size(); }

private:
  Html &addText(std::string_view text);

  std::string out;
};

/// `1 234 567`, with narrow spaces that do not break.
std::string count(uint64_t number);
/// With two or three figures and a prefix of powers of 1000: `1.24 G`, `310 M`.
std::string scaled(double number, std::string_view unit);
/// `812 ns`, `1.24 ms`.
std::string duration(double nanoseconds);
/// `12.3 %`; `< 0.01 %` and `> 99.9 %` where it is not nothing, and not all.
std::string percent(double share);
/// For coordinates of pictures: `12.3`.
std::string place(double number);

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_HTML_H
