#include "runtime/verbs/PromptFile.h"

#include "runtime/verbs/InputText.h"
#include "runtime/verbs/SamplingFlags.h"

#include <algorithm>
#include <charconv>

namespace llmc {

namespace {

/// More than anyone runs at one go; bounds what a file may make us keep.
constexpr size_t mostPrompts = 1 << 20;

/// Reads one line. Members return false after `why` is set.
class LineReader {
public:
  explicit LineReader(std::string_view text) : rest(text) {}
  bool object(FilePrompt &prompt);
  std::string why;

private:
  bool fail(std::string reason) {
    why = std::move(reason);
    return false;
  }
  void skip() {
    while (!rest.empty() && std::string_view(" \t\r").find(rest[0]) != std::string_view::npos)
      rest.remove_prefix(1);
  }
  bool take(char c) {
    skip();
    if (rest.empty() || rest[0] != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  bool member(std::string name, FilePrompt &prompt);
  bool string(std::string &text);
  bool unit(uint32_t &code);
  bool escape(std::string &text);
  template <typename T> bool number(std::optional<T> &value);
  bool real(std::optional<double> &value, const RealRange &range);
  bool ids(std::vector<int32_t> &list);
  bool strings(std::vector<std::string> &list);

  std::string_view rest;
};

void appendUtf8(std::string &text, uint32_t code) {
  auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6), put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  }
}

bool LineReader::unit(uint32_t &code) {
  auto [end, status] = std::from_chars(
      rest.data(), rest.data() + std::min<size_t>(4, rest.size()), code, 16);
  if (status != std::errc() || end != rest.data() + 4)
    return fail("\\u lacks four hexadecimal digits");
  rest.remove_prefix(4);
  return true;
}

bool LineReader::escape(std::string &text) {
  constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
  char letter = rest.empty() ? '\0' : rest[0];
  if (size_t at = letters.find(letter); letter && at != std::string_view::npos) {
    rest.remove_prefix(1);
    text += meanings[at];
    return true;
  }
  if (letter != 'u')
    return fail("a string has an escape that JSON does not know");
  rest.remove_prefix(1);
  uint32_t code = 0, low = 0;
  if (!unit(code))
    return false;
  if (code >= 0xD800 && code < 0xDC00 && rest.starts_with("\\u")) {
    rest.remove_prefix(2);
    if (!unit(low))
      return false;
    if (low >= 0xDC00 && low < 0xE000)
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (code >= 0xD800 && code < 0xE000)
    return fail("a string has half of a surrogate pair");
  appendUtf8(text, code);
  return true;
}

bool LineReader::string(std::string &text) {
  if (!take('"'))
    return fail("a string is expected");
  text.clear();
  while (!rest.empty() && rest[0] != '"') {
    char c = rest[0];
    if (static_cast<unsigned char>(c) < 0x20)
      return fail("a string holds a control character");
    rest.remove_prefix(1);
    if (c != '\\')
      text += c;
    else if (!escape(text))
      return false;
  }
  return take('"') || fail("a string has no end");
}

template <typename T> bool LineReader::number(std::optional<T> &value) {
  skip();
  T result = 0;
  auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), result);
  if (status == std::errc::result_out_of_range)
    return fail("an integer is out of range");
  if (status != std::errc())
    return fail("an integer is expected");
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  if (!rest.empty() && std::string_view(".eE").find(rest[0]) != std::string_view::npos)
    return fail("an integer is expected");
  value = result;
  return true;
}

bool LineReader::real(std::optional<double> &value, const RealRange &range) {
  skip();
  // As JSON spells numbers: from_chars would also take inf, nan and .5.
  std::string_view text = rest.substr(0, rest.find_first_not_of("0123456789+-.eE"));
  size_t first = text.starts_with('-') ? 1 : 0;
  bool digits = text.size() > first && text[first] >= '0' && text[first] <= '9';
  value = digits ? parseReal(text) : std::nullopt;
  if (!value)
    return fail("a number is expected");
  rest.remove_prefix(text.size());
  std::string why = range.objection(*value);
  return why.empty() || fail("`" + std::string(text) + "` " + why);
}

bool LineReader::ids(std::vector<int32_t> &list) {
  if (!take('['))
    return fail("a list is expected");
  do {
    std::optional<int32_t> id;
    if (!number(id))
      return false;
    list.push_back(*id);
  } while (take(','));
  return take(']') || fail("a list has no end");
}

bool LineReader::strings(std::vector<std::string> &list) {
  list.clear();
  if (!take('['))
    return string(list.emplace_back());
  if (take(']'))
    return true;
  do {
    if (!string(list.emplace_back()))
      return false;
  } while (take(','));
  return take(']') || fail("a list has no end");
}

bool LineReader::member(std::string name, FilePrompt &prompt) {
  std::replace(name.begin(), name.end(), '_', '-');
  if (name == "prompt")
    return string(prompt.text);
  if (name == "ids")
    return ids(prompt.ids.emplace());
  if (name == "stop")
    return strings(prompt.stops.emplace());
  if (name == "n" || name == "max-tokens")
    return number(prompt.maxTokens) &&
           (*prompt.maxTokens >= 0 || fail("n is negative"));
  if (name == "seed")
    return number(prompt.seed);
  if (name == "top-k")
    return number(prompt.topK) &&
           ((*prompt.topK >= 0 && *prompt.topK <= INT32_MAX) ||
            fail("top-k is out of range"));
  if (name == "temperature")
    return real(prompt.temperature, temperatureRange);
  if (name == "top-p")
    return real(prompt.topP, topPRange);
  if (name == "min-p")
    return real(prompt.minP, minPRange);
  if (name == "repetition-penalty")
    return real(prompt.repetitionPenalty, penaltyRange);
  constexpr std::string_view names[] = {
      "prompt", "ids", "n", "max-tokens", "seed", "stop", "temperature",
      "top-k", "top-p", "min-p", "repetition-penalty"};
  std::string_view meant = nearest(name, names);
  return fail("`" + name + "` means nothing here" +
              (meant.empty() ? "" : "; did you mean " + std::string(meant) + "?"));
}

bool LineReader::object(FilePrompt &prompt) {
  std::vector<std::string> seen;
  if (!take('{'))
    return fail("a JSON object is expected");
  do {
    std::string name;
    if (!string(name))
      return false;
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return fail("`" + name + "` is given twice");
    if (!take(':'))
      return fail("a colon is expected behind a name");
    if (!member(name, prompt))
      return false;
    seen.push_back(name);
  } while (take(','));
  if (!take('}'))
    return fail("the object has no end");
  skip();
  if (!rest.empty())
    return fail("something stands behind the object");
  bool hasText = std::find(seen.begin(), seen.end(), "prompt") != seen.end();
  return hasText != prompt.ids.has_value() ||
         fail(hasText ? "it has prompt and ids" : "it has neither prompt nor ids");
}

} // namespace

std::string placeOf(const std::string &path, size_t line) {
  return (path == "-" ? "standard input, line " : path + ":") +
         std::to_string(line);
}

Result<std::vector<FilePrompt>> parsePrompts(std::string_view bytes,
                                             const std::string &path) {
  std::vector<FilePrompt> prompts;
  bool isJson = bytes.starts_with('{');
  std::string name = path == "-" ? "standard input" : path;
  for (size_t line = 1; !bytes.empty(); ++line) {
    size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (text.ends_with('\r'))
      text.remove_suffix(1);
    if (isJson && text.find_first_not_of(" \t") == std::string_view::npos)
      continue;
    FilePrompt &prompt = prompts.emplace_back();
    prompt.line = line;
    LineReader reader(text);
    bool isObject = (isJson || text.starts_with('{')) && reader.object(prompt);
    if (isJson && !isObject)
      return Error{Code::BadPrompts, "a line is no prompt", placeOf(path, line),
                   reader.why + (line > 1 && !text.starts_with('{')
                                     ? " on each line, as on the first"
                                     : ""),
                   "write lines such as {\"prompt\": \"Once\", \"n\": 20, \"seed\": 7}"};
    if (!isJson && isObject)
      return Error{Code::BadPrompts, "text and JSON are mixed",
                   placeOf(path, line),
                   "it is a JSON object, and the first line is text",
                   "write the lines of text as {\"prompt\": \"...\"} too"};
    if (!isJson) {
      prompt = {};
      prompt.line = line;
      prompt.text = text;
    }
    if (prompts.size() > mostPrompts)
      return Error{Code::BadPrompts, "there are too many prompts", name,
                   "the limit is " + std::to_string(mostPrompts),
                   "cut the file into several"};
  }
  if (prompts.empty())
    return Error{Code::BadPrompts, "there is no prompt", name, "it is empty",
                 "write one prompt per line"};
  return prompts;
}

Result<std::vector<FilePrompt>> readPrompts(const std::string &path) {
  LLMC_TRY(InputText input, InputText::read(path));
  return parsePrompts(input.text(), path);
}

} // namespace llmc
