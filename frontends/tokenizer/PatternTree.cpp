#include "frontends/tokenizer/PatternTree.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace llmc::tokenizer {

using Kind = PatternNode::Kind;

namespace {
constexpr int maxDepth = 50;
constexpr int maxQuantifiers = 4;
constexpr uint32_t maxRepeat = 1000;

PatternNode setNode(Kind kind, CharacterSet set, bool atEdge = false) {
  PatternNode n;
  n.kind = kind;
  n.set = std::move(set);
  n.atEdge = atEdge;
  return n;
}

PatternNode group(Kind kind, std::vector<PatternNode> parts) {
  if (parts.size() == 1)
    return std::move(parts[0]);
  // Of single characters it is all the same which comes first.
  bool sets = kind == Kind::Alternate &&
              std::all_of(parts.begin(), parts.end(),
                          [](auto &part) { return part.kind == Kind::Set; });
  for (size_t i = 1; sets && i < parts.size(); ++i)
    parts[0].set.add(parts[i].set);
  if (sets)
    return std::move(parts[0]);
  PatternNode n;
  n.kind = kind;
  n.parts = std::move(parts);
  return n;
}

const CharacterSet lineFeed('\n', '\n');
const CharacterSet all(0, CharacterSet::end - 1);

/// Whether some text of no length fits \p n.
bool isNullable(const PatternNode &n) {
  auto nullable = [](const PatternNode &p) { return isNullable(p); };
  switch (n.kind) {
  case Kind::Set:
    return false;
  case Kind::Ahead:
  case Kind::Behind:
    return true;
  case Kind::Concat:
    return std::all_of(n.parts.begin(), n.parts.end(), nullable);
  case Kind::Alternate:
    return std::any_of(n.parts.begin(), n.parts.end(), nullable);
  case Kind::Repeat:
    return n.least == 0 || isNullable(n.parts[0]);
  }
  return true;
}

class Reader {
public:
  explicit Reader(std::string_view in) : in(in) {}

  std::optional<PatternNode> run(std::string &reason) {
    if (take("(?i)"))
      foldCase = true;
    PatternNode n = alternatives(0);
    if (at < in.size())
      refuse("a bracket that was never opened");
    reason = why;
    if (!why.empty())
      return std::nullopt;
    return n;
  }

private:
  std::string_view in;
  size_t at = 0;
  std::string why;
  bool foldCase = false;
  bool dotIsAll = false;

  bool failed() const { return !why.empty(); }
  char peek() const { return at < in.size() ? in[at] : '\0'; }
  bool take(std::string_view text) {
    if (!in.substr(at).starts_with(text))
      return false;
    at += text.size();
    return true;
  }
  PatternNode refuse(std::string what) {
    if (why.empty())
      why = std::move(what);
    at = in.size();
    return {};
  }

  PatternNode alternatives(int depth) {
    if (depth > maxDepth)
      return refuse("groups nested this deep");
    std::vector<PatternNode> parts;
    do {
      std::vector<PatternNode> row;
      while (at < in.size() && peek() != '|' && peek() != ')')
        row.push_back(repeated(depth));
      parts.push_back(group(Kind::Concat, std::move(row)));
    } while (take("|"));
    return group(Kind::Alternate, std::move(parts));
  }

  PatternNode repeated(int depth) {
    PatternNode n = atom(depth);
    for (int quantifiers = 0;; ++quantifiers) {
      uint32_t least = 0, most = PatternNode::unbounded;
      if (take("+"))
        least = 1;
      else if (take("?"))
        most = 1;
      else if (peek() == '{')
        interval(least, most);
      else if (!take("*"))
        return n;
      if (failed())
        return n;
      if (quantifiers == maxQuantifiers)
        return refuse("this many quantifiers in a row");
      bool lazy = take("?");
      bool possessive = !lazy && take("+");
      if (n.kind == Kind::Ahead || n.kind == Kind::Behind)
        return refuse("an assertion that is repeated");
      if (most == PatternNode::unbounded && isNullable(n))
        return refuse("an empty text without end");
      if (possessive && n.kind != Kind::Set)
        return refuse("a possessive group");
      PatternNode loop;
      loop.kind = Kind::Repeat;
      loop.least = least;
      loop.most = most;
      loop.lazy = lazy;
      CharacterSet set = n.set;
      loop.parts.push_back(std::move(n));
      n = possessive ? whole(std::move(loop), set) : std::move(loop);
    }
  }

  /// Gives nothing back: as often as it goes, then no such character, unless
  /// the bound is reached.
  PatternNode whole(PatternNode loop, const CharacterSet &set) {
    PatternNode stop = setNode(Kind::Ahead, set.complement(), true);
    if (loop.most == PatternNode::unbounded)
      return group(Kind::Concat, {std::move(loop), std::move(stop)});
    if (loop.most != 1 || loop.least != 0)
      return refuse("a possessive count");
    return group(Kind::Alternate, {std::move(loop.parts[0]), std::move(stop)});
  }

  uint32_t number() {
    uint32_t n = 0;
    while (peek() >= '0' && peek() <= '9' && n <= maxRepeat)
      n = n * 10 + uint32_t(in[at++] - '0');
    if (n > maxRepeat)
      refuse("a count of more than " + std::to_string(maxRepeat));
    return n;
  }

  void interval(uint32_t &least, uint32_t &most) {
    ++at;
    least = most = number();
    if (take(","))
      most = peek() == '}' ? PatternNode::unbounded : number();
    if (!take("}") || most < least)
      refuse("a count that is none");
  }

  PatternNode atom(int depth) {
    switch (peek()) {
    case '(':
      return bracket(depth);
    case '[':
      return setNode(Kind::Set, characterClass());
    case '.':
      ++at;
      return setNode(Kind::Set, dotIsAll ? all : lineFeed.complement());
    case '^':
    case '$':
    case '*':
    case '+':
    case '?':
    case '{':
      return refuse(std::string("a lone ") + peek());
    case '\\':
      if (take("\\A"))
        return setNode(Kind::Behind, {}, true);
      if (take("\\z"))
        return setNode(Kind::Ahead, {}, true);
    }
    CharacterSet set;
    item(set, /*inClass=*/false);
    return setNode(Kind::Set, std::move(set));
  }

  PatternNode bracket(int depth) {
    if (take("(?m:$)"))
      return setNode(Kind::Ahead, lineFeed, true);
    if (take("(?m:^)")) {
      // At a line feed that ends the text no line begins.
      PatternNode line = group(Kind::Concat, {setNode(Kind::Behind, lineFeed),
                                              setNode(Kind::Ahead, all)});
      return group(Kind::Alternate,
                   {setNode(Kind::Behind, {}, true), std::move(line)});
    }
    for (auto [lead, kind, positive] : {std::tuple{"(?=", Kind::Ahead, true},
                                        {"(?!", Kind::Ahead, false},
                                        {"(?<=", Kind::Behind, true},
                                        {"(?<!", Kind::Behind, false}})
      if (take(lead))
        return lookaround(kind, positive, depth);
    if (take("(?<")) {
      size_t end = in.find('>', at);
      if (end == in.npos)
        return refuse("a name without end");
      at = end + 1;
      return inner(depth);
    }
    if (!take("(?"))
      return ++at, inner(depth);
    bool oldFold = foldCase, oldDot = dotIsAll;
    for (; peek() == 'i' || peek() == 's'; ++at)
      (peek() == 'i' ? foldCase : dotIsAll) = true;
    if (!take(":"))
      return refuse("the group (?" + std::string(in.substr(at, 1)));
    PatternNode n = inner(depth);
    foldCase = oldFold;
    dotIsAll = oldDot;
    return n;
  }

  PatternNode inner(int depth) {
    PatternNode n = alternatives(depth + 1);
    if (!failed() && !take(")"))
      return refuse("a bracket that is never closed");
    return n;
  }

  PatternNode lookaround(Kind kind, bool positive, int depth) {
    PatternNode n = inner(depth);
    if (failed())
      return n;
    if (n.kind == Kind::Set)
      return setNode(kind, positive ? n.set : n.set.complement(), !positive);
    if (n.kind == kind)
      return positive ? std::move(n)
                      : setNode(kind, n.set.complement(), !n.atEdge);
    return refuse("lookaround at more than one character");
  }

  CharacterSet characterClass() {
    ++at;
    bool negated = take("^");
    CharacterSet set;
    for (bool first = true; !failed() && (peek() != ']' || first);
         first = false) {
      if (at >= in.size()) {
        refuse("a class without end");
        break;
      }
      item(set, /*inClass=*/true);
    }
    take("]"); // Not there where the class was refused.
    return negated ? set.complement() : set;
  }

  /// Adds to \p set a character, a property, or a range, which only classes
  /// have.
  void item(CharacterSet &set, bool inClass) {
    if (in.substr(at).starts_with("\\p") || in.substr(at).starts_with("\\P"))
      return property(set);
    uint32_t first = character(), last = first;
    if (inClass && peek() == '-' && at + 1 < in.size() && in[at + 1] != ']') {
      ++at;
      if (in.substr(at).starts_with("\\p") ||
          in.substr(at).starts_with("\\P")) {
        refuse("a range up to a property");
        return;
      }
      last = character();
    }
    if (last < first)
      refuse("a range that runs backwards");
    if (failed())
      return;
    CharacterSet own(first, last);
    if (foldCase && last >= 0x80)
      refuse("case folding beyond ASCII");
    if (foldCase)
      own.foldAscii();
    set.add(own);
  }

  void property(CharacterSet &set) {
    bool negated = in[at + 1] == 'P';
    size_t close = in.find('}', at);
    if (in.substr(at + 2, 1) != "{" || close == in.npos) {
      refuse("a property without braces");
      return;
    }
    std::string_view name = in.substr(at + 3, close - at - 3);
    at = close + 1;
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    auto known = CharacterSet::ofCategory(name);
    bool cased = name == "Lu" || name == "Ll" || name == "Lt";
    if (!known || (foldCase && cased)) {
      refuse("the property " + std::string(name));
      return;
    }
    set.add(negated ? known->complement() : *known);
  }

  uint32_t character() {
    if (at >= in.size())
      return refuse("a pattern that is cut short"), 0;
    if (peek() != '\\') {
      Utf8Head head = decodeOne(in.substr(at));
      at += head.length;
      return head.codePoint;
    }
    ++at;
    char c = peek();
    ++at;
    static const std::pair<char, char> controls[] = {
        {'n', '\n'}, {'r', '\r'}, {'t', '\t'},
        {'f', '\f'}, {'a', '\a'}, {'e', '\x1B'}};
    for (auto [letter, control] : controls)
      if (c == letter)
        return uint32_t(control);
    if (c == 'x')
      return hexadecimal();
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
    if (alphanumeric || c == '\0' || uint8_t(c) >= 0x80)
      return refuse("the escape \\" + std::string(1, c)), 0;
    return uint32_t(c);
  }

  uint32_t hexadecimal() {
    bool braces = take("{");
    uint32_t value = 0;
    size_t digits = 0;
    for (size_t most = braces ? 6 : 2; digits < most; ++digits, ++at) {
      char c = peek();
      int digit = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (digit < 0)
        break;
      value = value * 16 + uint32_t(digit);
    }
    if (digits == 0 || (braces && !take("}")) || value >= CharacterSet::end)
      return refuse("an escape that is no character"), 0;
    return value;
  }
};
} // namespace

std::optional<PatternNode> readPatternTree(std::string_view pattern,
                                           std::string &why) {
  return Reader(pattern).run(why);
}

} // namespace llmc::tokenizer
