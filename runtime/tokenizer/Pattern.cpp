#include "runtime/tokenizer/Pattern.h"

#include "runtime/tokenizer/SplitAutomaton.h"
#include "runtime/tokenizer/Unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <optional>
#include <pcre2.h>
#include <string>

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

constexpr uint32_t matchHeapKiB = 64 * 1024;
constexpr size_t maxPatternBytes = 64 * 1024;

std::string messageOf(int code) {
  PCRE2_UCHAR buffer[160];
  int n = pcre2_get_error_message(code, buffer, sizeof buffer);
  if (n < 0)
    return "PCRE2 error " + std::to_string(code);
  return std::string(reinterpret_cast<const char *>(buffer), size_t(n));
}

/// Where a search stands, and what it may still do. PCRE2's own limit is for
/// one place to begin at, and one text has many.
struct Meter {
  StepBudget *budget;
  size_t position;
};

/// PCRE2 calls it before each item of the pattern.
int countItem(pcre2_callout_block *block, void *data) {
  auto &meter = *static_cast<Meter *>(data);
  size_t now = block->current_position, then = meter.position;
  meter.position = now;
  return meter.budget->spend(1 + std::max(now, then) - std::min(now, then))
             ? 0
             : PCRE2_ERROR_MATCHLIMIT;
}
} // namespace

struct Pattern::Impl {
  std::optional<SplitAutomaton> automaton;
  std::unique_ptr<pcre2_code, FreeCode> code; // Where there is no automaton.
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Pattern::Pattern(Pattern &&) noexcept = default;
Pattern &Pattern::operator=(Pattern &&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::create(std::string_view text,
                                const SplitTable &table) {
  auto impl = std::make_unique<Impl>();
  if (!table.empty()) {
    impl->automaton.emplace(table);
    return Pattern(std::move(impl));
  }
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
  impl->code.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT,
      &error, &at, context.get()));
  if (!impl->code)
    return refuse(messageOf(error) + " at byte " + std::to_string(at));
  return Pattern(std::move(impl));
}

struct Pattern::Matcher::State {
  const Impl &pattern;
  Meter meter{};
  std::unique_ptr<pcre2_match_data, FreeMatch> match;
  std::unique_ptr<pcre2_match_context, FreeContext> context;

  Status search(std::string_view text, StepBudget &budget,
                const TakeMatch &take);
};

Pattern::Matcher::Matcher(const Pattern &pattern)
    : state(new State{*pattern.impl, {}, nullptr, nullptr}) {
  if (pattern.impl->automaton)
    return;
  state->match.reset(pcre2_match_data_create(1, nullptr));
  state->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_heap_limit(state->context.get(), matchHeapKiB);
  pcre2_set_callout(state->context.get(), countItem, &state->meter);
}
Pattern::Matcher::~Matcher() = default;

Result<std::vector<Range>> Pattern::findAll(std::string_view text) const {
  std::vector<Range> found;
  StepBudget budget;
  budget.grant(text.size());
  LLMC_CHECK(Matcher(*this).findAll(text, budget, [&](Range r) {
    found.push_back(r);
    return true;
  }));
  return found;
}

Status Pattern::Matcher::findAll(std::string_view text, StepBudget &budget,
                                 const TakeMatch &take,
                                 const MatchRepeater *repeater) {
  if (state->pattern.automaton)
    return state->pattern.automaton->findAll(text, budget, take, repeater);
  return state->search(text, budget, take);
}

Status Pattern::Matcher::State::search(std::string_view text,
                                       StepBudget &budget,
                                       const TakeMatch &take) {
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t from = 0, lastEnd = ~size_t(0);
  while (from <= text.size()) {
    meter = {&budget, from};
    pcre2_set_match_limit(context.get(), uint32_t(std::min<uint64_t>(
                                             budget.remaining(), UINT32_MAX)));
    // The text is known to be UTF-8: checking it again at every call would
    // make the whole quadratic.
    int rc = pcre2_match(pattern.code.get(), subject, text.size(), from,
                         PCRE2_NO_UTF_CHECK, match.get(), context.get());
    if (rc == PCRE2_ERROR_NOMATCH)
      break;
    if (rc == PCRE2_ERROR_MATCHLIMIT || (rc >= 0 && !budget.spend(1)))
      return StepBudget::exceededAt(from);
    if (rc < 0)
      return Error{Code::TokenizeLimit, "cannot split the text into words",
                   "byte " + std::to_string(from) + " of the text",
                   messageOf(rc), "tokenize it in smaller parts"};
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match.get());
    size_t begin = ends[0], end = ends[1];
    // An empty match right behind another is none; nor is what \K turns round.
    bool none = begin < from || end < begin || (begin == end && lastEnd == end);
    if (!none) {
      if (!take({uint32_t(begin), uint32_t(end)}))
        break;
      from = lastEnd = end;
    } else if (from < text.size()) {
      from += decodeOne(text.substr(from)).length;
    } else {
      break;
    }
  }
  return Status::ok();
}

} // namespace llmc::tokenizer
