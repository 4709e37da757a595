#include "frontends/tokenizer/VocabularyFiles.h"

#include "frontends/tokenizer/Advice.h"
#include "frontends/tokenizer/Base64.h"
#include "frontends/tokenizer/RankMerges.h"
#include "frontends/tokenizer/SplitPatterns.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace llmc::tokenizer {

namespace {
Error bad(const std::string &file, size_t line, std::string why) {
  return Error{Code::BadTokenizer, "cannot read the vocabulary",
               line == 0 ? file : file + ": line " + std::to_string(line),
               std::move(why), "check that the file was downloaded whole"};
}

/// Takes the next line off \p text, without its end.
std::string_view takeLine(std::string_view &text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

bool readNumber(std::string_view text, int32_t &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

std::string lettersOf(std::string_view bytes) {
  std::string out;
  for (char c : bytes)
    appendUtf8(out, byteToLetter(uint8_t(c)));
  return out;
}

/// Puts \p text at \p id. Empty: all is well.
std::string place(TokenizerModel &m, int32_t id, std::string text,
                  size_t fileBytes) {
  if (size_t(id) >= fileBytes + 65536)
    return "the id " + std::to_string(id) + " is too large for the file";
  if (size_t(id) >= m.tokens.size())
    m.tokens.resize(size_t(id) + 1);
  if (!m.tokens[size_t(id)].empty())
    return "the id " + std::to_string(id) + " stands twice";
  m.tokens[size_t(id)] = std::move(text);
  return {};
}

/// The bytes of a Python literal 'text' or b'bytes'; nothing where it is none.
std::optional<std::string> pythonLiteral(std::string_view text) {
  bool bytes = text.starts_with('b');
  if (bytes)
    text.remove_prefix(1);
  if (text.size() < 2 || text.front() != text.back() ||
      (text[0] != '\'' && text[0] != '"'))
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size())
      return std::nullopt;
    char c = text[i];
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
      static constexpr std::string_view from = "nrtabfv0\\'\"",
                                        to{"\n\r\t\a\b\f\v\0\\'\"", 11};
      size_t at = from.find(c);
      if (at == from.npos)
        return std::nullopt;
      out += to[at];
      continue;
    }
    uint32_t value = 0;
    std::string_view hex = text.substr(i + 1, digits);
    auto [end, error] =
        std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    if (hex.size() != digits || error != std::errc() ||
        end != hex.data() + digits || value > 0x10FFFF ||
        (value >= 0xD800 && value < 0xE000))
      return std::nullopt;
    if (bytes)
      out += char(value);
    else
      appendUtf8(out, value);
    i += digits;
  }
  return out;
}
} // namespace

Result<TokenizerModel> bertModel(std::vector<std::string> tokens,
                                 const BertSettings &settings,
                                 const std::string &file) {
  TokenizerModel m;
  m.kind = ModelKind::WordPiece;
  m.continuingPrefix = "##";
  m.maxWordCharacters = 100;
  m.tokens = std::move(tokens);
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < m.tokens.size(); ++i)
    if (!m.tokens[i].empty() && !seen.insert(m.tokens[i]).second)
      return bad(file, i + 1, "\"" + m.tokens[i] + "\" stands twice");
  auto find = [&](std::string_view text) {
    auto it = std::find(m.tokens.begin(), m.tokens.end(), text);
    return it == m.tokens.end() ? -1 : int32_t(it - m.tokens.begin());
  };
  for (const char *text : {"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"})
    if (int32_t id = find(text); id >= 0)
      m.added.push_back({id, true, false, false, false, false, true});
  m.unkId = find("[UNK]");
  m.padId = find("[PAD]");
  if (m.unkId < 0)
    return bad(file, 0, "it has no [UNK]");
  if (int32_t cls = find("[CLS]"), sep = find("[SEP]"); cls >= 0 && sep >= 0) {
    m.prefixIds = {cls};
    m.suffixIds = {sep};
  }
  using N = NormalizerStep::Kind;
  m.normalizer.push_back({N::BertClean, "", ""});
  if (settings.spaceCjk)
    m.normalizer.push_back({N::SpaceCjk, "", ""});
  if (settings.stripAccents.value_or(settings.lowercase)) {
    m.normalizer.push_back({N::Nfd, "", ""});
    m.normalizer.push_back({N::StripNonspacing, "", ""});
  }
  if (settings.lowercase)
    m.normalizer.push_back({N::Lowercase, "", ""});
  PreTokenizerStep step{};
  step.kind = PreTokenizerStep::Kind::SplitSpace;
  step.behavior = SplitBehavior::Removed;
  m.preTokenizer.push_back(step);
  step.kind = PreTokenizerStep::Kind::SplitPunctuation;
  step.behavior = SplitBehavior::Isolated;
  m.preTokenizer.push_back(step);
  m.decoder.push_back({DecoderStep::Kind::WordPiece, 0, "##", ""});
  m.decoder.push_back({DecoderStep::Kind::CleanUp, 0, "", ""});
  return m;
}

Result<TokenizerModel> readBertVocabulary(std::string_view text,
                                          const BertSettings &settings,
                                          const std::string &file) {
  std::vector<std::string> tokens;
  while (!text.empty())
    tokens.emplace_back(takeLine(text));
  return bertModel(std::move(tokens), settings, file);
}

Result<TokenizerModel> readTiktoken(std::string_view text,
                                    const std::string &file) {
  TokenizerModel m;
  m.ignoreMerges = true;
  size_t fileBytes = text.size(), line = 0;
  while (!text.empty()) {
    std::string_view content = takeLine(text);
    ++line;
    if (content.empty())
      continue;
    size_t space = content.find(' ');
    std::optional<std::string> bytes = decodeBase64(content.substr(0, space));
    int32_t id = -1;
    if (space == content.npos || !bytes || bytes->empty() ||
        !readNumber(content.substr(space + 1), id))
      return bad(file, line, "it is not base64 and a rank");
    if (std::string why = place(m, id, lettersOf(*bytes), fileBytes);
        !why.empty())
      return bad(file, line, why);
  }
  std::vector<int64_t> ranks;
  for (size_t i = 0; i < m.tokens.size(); ++i)
    ranks.push_back(m.tokens[i].empty() ? -1 : int64_t(i));
  LLMC_TRY(m.merges, rankMerges(m.tokens, ranks, file));
  std::string name = file.substr(0, file.rfind(".tiktoken"));
  if (!appendTiktokenEncoding(name, m))
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 file,
                 "a file of ranks does not say where a text is split, and the "
                 "encoding " +
                     name + " is not known",
                 addJson};
  m.decoder.push_back({DecoderStep::Kind::ByteMap, 0, "", ""});
  return m;
}

Result<TokenizerModel> readRwkvVocabulary(std::string_view text,
                                          const std::string &file) {
  TokenizerModel m;
  m.kind = ModelKind::LongestMatch;
  size_t fileBytes = text.size(), line = 0;
  while (!text.empty()) {
    std::string_view content = takeLine(text);
    ++line;
    size_t first = content.find(' '), last = content.rfind(' ');
    int32_t id = -1, length = -1;
    if (first == content.npos || last <= first ||
        !readNumber(content.substr(0, first), id) ||
        !readNumber(content.substr(last + 1), length))
      return bad(file, line, "it is not an id, a literal and a length");
    std::optional<std::string> bytes =
        pythonLiteral(content.substr(first + 1, last - first - 1));
    if (!bytes || bytes->size() != size_t(length))
      return bad(file, line, "its literal does not have that many bytes");
    if (std::string why = place(m, id, lettersOf(*bytes), fileBytes);
        !why.empty())
      return bad(file, line, why);
  }
  PreTokenizerStep step{};
  step.kind = PreTokenizerStep::Kind::ByteMap;
  m.preTokenizer.push_back(step);
  m.decoder.push_back({DecoderStep::Kind::ByteMap, 0, "", ""});
  return m;
}

} // namespace llmc::tokenizer
