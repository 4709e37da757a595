#include "frontends/tokenizer/TranslatePattern.h"

#include <utility>
#include <vector>

namespace llmc::tokenizer {

namespace {
// The insides of character classes.
constexpr std::string_view spaceSet = "\\x09-\\x0d\\x85\\p{Z}"; // White_Space
constexpr std::string_view notSpaceSet =
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}"
    "\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{"
    "205e}"
    "\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";
// Oniguruma's word characters, found by asking it about each: L, M, Nd, Nl, Pc
// and the enclosed Latin letters; outside a class also the digits and fractions
// of Latin-1.
constexpr std::string_view wordSet =
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}\\p{Pc}";
constexpr std::string_view latinWordSet = "\\xb2\\xb3\\xb9\\xbc-\\xbe\\p{Pc}";
constexpr std::string_view hexSet = "0-9a-fA-F";

bool isAsciiLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Translator {
public:
  explicit Translator(std::string_view in) : in(in) {}

  Result<std::string> run() {
    while (at < in.size() && problem.empty())
      step();
    if (!problem.empty())
      return Error{Code::UnsupportedTokenizer, "cannot use a split pattern",
                   "pattern " + std::string(in.substr(0, 200)),
                   problem + " at byte " + std::to_string(at),
                   "write the pattern in tokenizer.json without it, with plain "
                   "groups and classes"};
    return std::move(out);
  }

private:
  std::string_view in;
  size_t at = 0;
  std::string out;
  std::string problem;
  size_t atom = 0;            // Where in out the last repeatable thing begins.
  std::vector<size_t> groups; // Where in out the open groups begin.

  char peek(size_t ahead = 0) const {
    return at + ahead < in.size() ? in[at + ahead] : '\0';
  }
  void refuse(std::string why) {
    if (problem.empty())
      problem = std::move(why);
  }

  void step() {
    char c = peek();
    switch (c) {
    case '\\':
      atom = out.size();
      return escape(/*inClass=*/false);
    case '[':
      atom = out.size();
      return characterClass(0);
    case '(':
      return group();
    case ')':
      atom = groups.empty() ? out.size() : groups.back();
      if (!groups.empty())
        groups.pop_back();
      break;
    case '{':
      if (interval())
        return;
      atom = out.size();
      out += "\\{";
      ++at;
      return;
    case '^':
    case '$':
      atom = out.size();
      out += c == '^' ? "(?m:^)" : "(?m:$)";
      ++at;
      return;
    case '?':
    case '*':
    case '+':
      break; // The atom stays where it is.
    default:
      atom = out.size();
      out += c;
      ++at;
      // The bytes of one character are one atom.
      while ((uint8_t(peek()) & 0xC0) == 0x80)
        out += in[at++];
      return;
    }
    out += c;
    ++at;
  }

  void group() {
    groups.push_back(out.size());
    if (peek(1) != '?') {
      out += in[at++];
      return;
    }
    size_t i = at + 2;
    auto is = [&](std::string_view s) { return in.substr(i).starts_with(s); };
    for (std::string_view lead : {":", "=", "!", ">", "<=", "<!"})
      if (is(lead)) {
        out += "(?";
        out += lead;
        at = i + lead.size();
        return;
      }
    if (is("<") && i + 1 < in.size() && isAsciiLetter(in[i + 1])) {
      out += "(?<";
      at = i + 1;
      return;
    }
    std::string flags;
    while (i < in.size() &&
           (in[i] == 'i' || in[i] == 'x' || in[i] == 'm' || in[i] == '-'))
      flags += in[i] == 'm' ? 's' : in[i], ++i;
    // Oniguruma's (?i) reaches over the alternatives that follow, Perl's does
    // not: they agree at the very front.
    bool whole = i < in.size() && in[i] == ')' && at == 0;
    if (flags.empty() || i >= in.size() || (in[i] != ':' && !whole))
      return refuse("this kind of group");
    out += "(?" + flags + in[i];
    at = i + 1;
    if (whole)
      groups.pop_back();
  }

  /// {n}, {n,}, {n,m}, {,m}; false where the brace is a character.
  bool interval() {
    size_t i = at + 1;
    std::string low, high;
    while (i < in.size() && isDigit(in[i]))
      low += in[i++];
    bool comma = i < in.size() && in[i] == ',';
    if (comma)
      ++i;
    while (comma && i < in.size() && isDigit(in[i]))
      high += in[i++];
    if (i >= in.size() || in[i] != '}' || (low.empty() && high.empty()))
      return false;
    at = i + 1;
    if (low.empty())
      low = "0";
    out += "{" + low + (comma ? "," + high : "") + "}";
    if (peek() == '?' && !comma)
      refuse("{n}? means two things");
    if (peek() == '+') {
      out.insert(atom, "(?:");
      out += ")"; // The plus then repeats the group.
    }
    return true;
  }

  void emitSet(std::string_view set, bool inClass) {
    at += 2;
    out += inClass ? "" : "[";
    out += set;
    out += inClass ? "" : "]";
  }

  void escape(bool inClass) {
    char c = peek(1);
    switch (c) {
    case 's':
    case 'S':
      return emitSet(c == 's' ? spaceSet : notSpaceSet, inClass);
    case 'w':
    case 'W':
      if (c == 'W' && inClass)
        return refuse("\\W within a class");
      if (inClass)
        return emitSet(wordSet, true);
      out += c == 'w' ? "[" : "[^";
      out += wordSet;
      out += latinWordSet;
      out += "]";
      at += 2;
      return;
    case 'h':
      return emitSet(hexSet, inClass);
    case 'd':
    case 'D':
      out += c == 'd' ? "\\p{Nd}" : "\\P{Nd}";
      at += 2;
      return;
    case 'v':
      out += "\\x0b";
      at += 2;
      return;
    case 'u':
      if (in.size() - at < 6)
        return refuse("an escape that is cut short");
      out += "\\x{" + std::string(in.substr(at + 2, 4)) + "}";
      at += 6;
      return;
    case 'p':
    case 'P':
      return property();
    case 'x':
      if (peek(2) == '{')
        return property();
      // Two digits are a byte for Oniguruma: the same below 0x80.
      if (peek(2) > '7' || !isDigit(peek(2)))
        return refuse("a byte that is no character");
      break;
    case 'b':
    case 'B':
      if (inClass)
        return refuse("an anchor within a class");
      return wordBorder(c == 'b');
    case 'A':
    case 'z':
    case 'Z':
    case 'R':
      if (inClass)
        return refuse("an anchor within a class");
      break;
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'a':
    case 'e':
      break;
    case '\0':
      return refuse("a backslash at the end");
    default:
      if (isAsciiLetter(c) || c == '0' || (inClass && isDigit(c)))
        return refuse("the escape \\" + std::string(1, c));
    }
    out += in.substr(at, 2);
    at += 2;
    while ((uint8_t(peek()) & 0xC0) == 0x80)
      out += in[at++];
  }

  void wordBorder(bool border) {
    at += 2;
    std::string word = "[";
    word += wordSet;
    word += latinWordSet;
    word += "])";
    out += "(?:(?<=" + word + (border ? "(?!" : "(?=") + word + "|(?<!" + word +
           (border ? "(?=" : "(?!") + word + ")";
  }

  /// \p{…} or \x{…} as it is.
  void property() {
    size_t end = peek(2) == '{' ? in.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos)
      return refuse("an escape without braces");
    out += in.substr(at, end + 1 - at);
    at = end + 1;
  }

  void posixClass() {
    static const std::pair<std::string_view, std::string_view> known[] = {
        {"[:alpha:]", "\\p{Alphabetic}"},        {"[:digit:]", "\\p{Nd}"},
        {"[:alnum:]", "\\p{Alphabetic}\\p{Nd}"}, {"[:space:]", spaceSet},
        {"[:punct:]", "\\p{P}\\p{S}"},           {"[:xdigit:]", hexSet}};
    for (auto [name, set] : known)
      if (in.substr(at).starts_with(name)) {
        out += set;
        at += name.size();
        return;
      }
    refuse("this named class");
  }

  void characterClass(int depth) {
    bool inner = depth > 0;
    if (depth > 8)
      return refuse("classes nested this deep");
    ++at;
    if (!inner)
      out += '[';
    if (peek() == '^') {
      if (inner)
        return refuse("a negated class within a class");
      out += '^';
      ++at;
    }
    bool first = true;
    for (; problem.empty(); first = false) {
      if (at >= in.size())
        return refuse("a class without end");
      char c = peek();
      if (c == ']' && !first)
        break;
      if (c == '&' && peek(1) == '&')
        return refuse("an intersection of classes");
      if (c == '\\') {
        escape(/*inClass=*/true);
      } else if (c == '[' && peek(1) == ':') {
        posixClass();
      } else if (c == '[') {
        characterClass(depth + 1);
      } else {
        if (c == ']')
          out += '\\';
        out += c;
        ++at;
      }
    }
    ++at;
    if (!inner)
      out += ']';
  }
};
} // namespace

Result<std::string> translatePattern(std::string_view pattern) {
  return Translator(pattern).run();
}

} // namespace llmc::tokenizer
