#include "runtime/tokenizer/Pattern.h"

#include "runtime/tokenizer/Unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <pcre2.h>

namespace llmc::tokenizer {

namespace {
struct FreeCode {
  void operator()(pcre2_code *code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context *c) const { pcre2_match_context_free(c); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context *c) const {
    pcre2_compile_context_free(c);
  }
};

// Bounds of one search. Common patterns go back at most once over a run of
// white space, a few steps a character.
constexpr uint64_t matchStepsBase = 1'000'000;
constexpr uint64_t matchStepsPerByte = 16;
constexpr uint32_t matchHeapKiB = 64 * 1024;
constexpr size_t maxPatternBytes = 64 * 1024;

std::string messageOf(int code) {
  PCRE2_UCHAR buffer[160];
  int n = pcre2_get_error_message(code, buffer, sizeof buffer);
  if (n < 0)
    return "PCRE2 error " + std::to_string(code);
  return std::string(reinterpret_cast<const char *>(buffer), size_t(n));
}
} // namespace

struct Pattern::Impl {
  std::unique_ptr<pcre2_code, FreeCode> code;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Pattern::Pattern(Pattern &&) noexcept = default;
Pattern &Pattern::operator=(Pattern &&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view text) {
  auto refuse = [&](std::string why) {
    return Error{Code::UnsupportedTokenizer, "cannot use a split pattern",
                 "pattern " + std::string(text.substr(0, 200)), std::move(why),
                 "leave tokenizer.json away: the model then takes --ids"};
  };
  if (text.empty() || text.size() > maxPatternBytes)
    return refuse("its length is " + std::to_string(text.size()) + " bytes");
  std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(context.get(), 100);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_bsr(context.get(), PCRE2_BSR_UNICODE);
  int error = 0;
  PCRE2_SIZE at = 0;
  // \C would match inside a character.
  std::unique_ptr<Impl> impl = std::make_unique<Impl>();
  impl->code.reset(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error,
                    &at, context.get()));
  if (!impl->code)
    return refuse(messageOf(error) + " at byte " + std::to_string(at));
  return Pattern(std::move(impl));
}

struct Pattern::Matcher::State {
  const pcre2_code *code;
  std::unique_ptr<pcre2_match_data, FreeMatch> match;
  std::unique_ptr<pcre2_match_context, FreeContext> context;
};

Pattern::Matcher::Matcher(const Pattern &pattern)
    : state(std::make_unique<State>()) {
  state->code = pattern.impl->code.get();
  state->match.reset(pcre2_match_data_create(1, nullptr));
  state->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_heap_limit(state->context.get(), matchHeapKiB);
}
Pattern::Matcher::~Matcher() = default;

Result<std::vector<Range>> Pattern::findAll(std::string_view text) const {
  std::vector<Range> found;
  LLMC_CHECK(Matcher(*this).findAll(text, found));
  return found;
}

Status Pattern::Matcher::findAll(std::string_view text,
                                 std::vector<Range> &found) {
  found.clear();
  uint64_t steps = matchStepsBase + matchStepsPerByte * text.size();
  pcre2_set_match_limit(state->context.get(),
                        uint32_t(std::min<uint64_t>(steps, UINT32_MAX)));
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t from = 0;
  while (from <= text.size()) {
    // The text is known to be UTF-8: checking it again at every call would
    // make the whole quadratic.
    int rc =
        pcre2_match(state->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK,
                    state->match.get(), state->context.get());
    if (rc == PCRE2_ERROR_NOMATCH)
      break;
    if (rc < 0)
      return Error{Code::TokenizeLimit, "cannot split the text into words",
                   "byte " + std::to_string(from) + " of the text",
                   messageOf(rc), "tokenize it in smaller parts"};
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(state->match.get());
    size_t begin = ends[0], end = ends[1];
    // An empty match right behind another is none; nor is what \K turns round.
    bool none = begin < from || end < begin ||
                (begin == end && !found.empty() && found.back().end == end);
    if (!none) {
      found.push_back({uint32_t(begin), uint32_t(end)});
      from = end;
    } else if (from < text.size()) {
      from += decodeOne(text.substr(from)).length;
    } else {
      break;
    }
  }
  return Status::ok();
}

} // namespace llmc::tokenizer
