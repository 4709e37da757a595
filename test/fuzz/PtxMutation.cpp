#include "test/fuzz/PtxMutation.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace llmc::fuzz {
namespace {

struct Piece {
  enum class Kind { Register, Number, Suffix, Name, Mark };
  Kind kind;
  size_t at, length;
};

bool isWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Registers, numbers, `.suffixes`, names and punctuation of a text.
std::vector<Piece> piecesOf(std::string_view text) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < text.size();) {
    char c = text[at];
    size_t end = at + 1;
    auto run = [&] {
      while (end < text.size() &&
             (isWordStart(text[end]) || isDigit(text[end]) || text[end] == ':'))
        ++end;
    };
    Piece::Kind kind = Piece::Kind::Mark;
    if (c == '%') {
      kind = Piece::Kind::Register;
      run();
    } else if (isDigit(c)) {
      kind = Piece::Kind::Number;
      run();
    } else if (c == '.') {
      kind = Piece::Kind::Suffix;
      run();
    } else if (isWordStart(c)) {
      kind = Piece::Kind::Name;
      run();
    }
    if (c != ' ' && c != '\t' && c != '\n')
      pieces.push_back({kind, at, end - at});
    at = end;
  }
  return pieces;
}

class Mutation {
public:
  Mutation(std::string &text, const std::string &other, std::mt19937 &random)
      : text(text), other(other), random(random) {}

  void once() {
    switch (below(12)) {
    case 0:
      return exchangeIn(line(), Piece::Kind::Register);
    case 1:
    case 2:
      return borrow(Piece::Kind::Register);
    case 3:
      return borrow(Piece::Kind::Suffix);
    case 4:
      return suffix();
    case 5:
    case 6:
      return number();
    case 7:
      return borrow(Piece::Kind::Name);
    case 8:
      return element();
    case 9:
      return lines();
    case 10:
      return guard();
    default:
      return exchangeIn(line(), Piece::Kind::Number);
    }
  }

private:
  struct Range {
    size_t begin, end;
  };
  size_t below(size_t count) { return count ? random() % count : 0; }

  static Range lineAt(const std::string &of, size_t at) {
    size_t begin = at == 0 ? std::string::npos : of.rfind('\n', at - 1);
    begin = begin == std::string::npos ? 0 : begin + 1;
    size_t end = of.find('\n', at);
    return {begin, end == std::string::npos ? of.size() : end};
  }
  Range line() { return lineAt(text, below(text.size())); }

  /// Pieces of one kind in a range of the text.
  std::vector<Piece> pieces(Range in, Piece::Kind kind) {
    std::vector<Piece> found;
    for (Piece piece :
         piecesOf(std::string_view(text).substr(in.begin, in.end - in.begin)))
      if (piece.kind == kind) {
        piece.at += in.begin;
        found.push_back(piece);
      }
    return found;
  }
  /// One of a kind somewhere in the text; false where a few looks find none.
  bool any(Piece::Kind kind, Piece &piece) {
    for (unsigned i = 0; i < 20; ++i)
      if (auto found = pieces(line(), kind); !found.empty()) {
        piece = found[below(found.size())];
        return true;
      }
    return false;
  }
  void replace(const Piece &piece, const std::string &by) {
    text.replace(piece.at, piece.length, by);
  }

  void exchangeIn(Range in, Piece::Kind kind) {
    auto found = pieces(in, kind);
    if (found.size() < 2)
      return;
    size_t i = below(found.size() - 1), j = i + 1 + below(found.size() - i - 1);
    std::string first = text.substr(found[i].at, found[i].length);
    std::string second = text.substr(found[j].at, found[j].length);
    replace(found[j], first);
    replace(found[i], second);
  }
  void borrow(Piece::Kind kind) {
    Piece to, from;
    if (any(kind, to) && any(kind, from))
      replace(to, text.substr(from.at, from.length));
  }
  void suffix() {
    static constexpr const char *known[] = {".b8",
                                            ".b16",
                                            ".b32",
                                            ".b64",
                                            ".u8",
                                            ".u16",
                                            ".s32",
                                            ".u64",
                                            ".s64",
                                            ".f16",
                                            ".bf16",
                                            ".f32",
                                            ".f64",
                                            ".f16x2",
                                            ".tf32",
                                            ".e4m3",
                                            ".s8",
                                            ".v2",
                                            ".v4",
                                            ".x1",
                                            ".x2",
                                            ".x4",
                                            ".m64n8k16",
                                            ".m64n256k16",
                                            ".m64n64k32",
                                            ".m16n8k8",
                                            ".m16n8k16",
                                            ".m16n8k32",
                                            ".pred",
                                            ".b128",
                                            ".trans",
                                            ".1d",
                                            ".2d",
                                            ".3d",
                                            ".5d",
                                            ".shared",
                                            ".global",
                                            ".local",
                                            ".const",
                                            ".param",
                                            ".shared::cluster",
                                            ".shared::cta",
                                            ".sat",
                                            ".ftz",
                                            ".wide",
                                            ".hi"};
    Piece piece;
    if (any(Piece::Kind::Suffix, piece))
      replace(piece, known[below(std::size(known))]);
  }
  void number() {
    Piece piece;
    if (!any(Piece::Kind::Number, piece))
      return;
    static constexpr const char *known[] = {"0",
                                            "1",
                                            "2",
                                            "3",
                                            "4",
                                            "8",
                                            "16",
                                            "31",
                                            "32",
                                            "64",
                                            "127",
                                            "128",
                                            "255",
                                            "256",
                                            "1023",
                                            "1024",
                                            "4095",
                                            "65535",
                                            "-1",
                                            "65536",
                                            "232448",
                                            "1048576",
                                            "2147483647",
                                            "-2147483648",
                                            "4294967295",
                                            "4294967296",
                                            "9223372036854775807",
                                            "-9223372036854775808",
                                            "18446744073709551615"};
    std::string old = text.substr(piece.at, piece.length);
    uint64_t value = std::strtoull(old.c_str(), nullptr, 0);
    switch (below(4)) {
    case 0:
      return replace(piece, known[below(std::size(known))]);
    case 1:
      return replace(piece, std::to_string(value + below(33) - 16));
    case 2:
      return replace(piece, std::to_string(value << below(8) >> below(8)));
    default:
      return replace(piece, std::to_string(value ^ uint64_t(1) << below(64)));
    }
  }
  /// One element more or less of a list in braces, or of the operands.
  void element() {
    Range in = line();
    std::vector<size_t> commas;
    for (size_t i = in.begin; i < in.end; ++i)
      if (text[i] == ',')
        commas.push_back(i);
    if (commas.empty())
      return;
    size_t comma = commas[below(commas.size())];
    size_t end = text.find_first_of(",;}])", comma + 1);
    if (end == std::string::npos || end > in.end)
      return;
    if (below(2))
      text.erase(comma, end - comma);
    else
      text.insert(comma, text.substr(comma, end - comma));
  }
  void lines() {
    Range from = line();
    std::string words = text.substr(from.begin, from.end - from.begin) + "\n";
    switch (below(4)) {
    case 0:
      text.erase(from.begin, std::min(from.end + 1, text.size()) - from.begin);
      return;
    case 1:
      text.insert(from.begin, words);
      return;
    case 2:
      text.insert(line().begin, words);
      return;
    default:
      Range lent = lineAt(other, below(other.size()));
      text.insert(from.begin,
                  other.substr(lent.begin, lent.end - lent.begin) + "\n");
    }
  }
  void guard() {
    Range in = line();
    size_t begin = text.find_first_not_of(" \t", in.begin);
    if (begin == std::string::npos || begin >= in.end)
      return;
    if (text[begin] != '@')
      return void(text.insert(begin, below(2) ? "@%p1 " : "@!%p2 "));
    size_t end = text.find(' ', begin);
    if (below(2) && end != std::string::npos && end < in.end)
      text.erase(begin, end - begin);
    else if (text[begin + 1] == '!')
      text.erase(begin + 1, 1);
    else
      text.insert(begin + 1, "!");
  }

  std::string &text;
  const std::string &other;
  std::mt19937 &random;
};

} // namespace

std::string mutatePtx(const std::string &text, const std::string &other,
                      std::mt19937 &random) {
  std::string copy = text;
  Mutation mutation(copy, other, random);
  for (unsigned times = 1 + random() % 4; times > 0; --times)
    mutation.once();
  return copy;
}

} // namespace llmc::fuzz
