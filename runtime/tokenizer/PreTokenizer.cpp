#include "runtime/tokenizer/PreTokenizer.h"

#include "runtime/tokenizer/CharacterSteps.h"
#include "runtime/tokenizer/MatchRepeats.h"
#include "runtime/tokenizer/PieceCutter.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <string>
#include <utility>

namespace llmc::tokenizer {

using Kind = PreTokenizerStep::Kind;

Result<PreTokenizer> PreTokenizer::create(std::vector<PreTokenizerStep> steps) {
  PreTokenizer p;
  p.steps = std::move(steps);
  for (const PreTokenizerStep &step : p.steps) {
    p.patterns.emplace_back();
    if (step.kind == Kind::SplitRegex) {
      LLMC_TRY(Pattern pattern, Pattern::create(step.pattern, step.table));
      p.patterns.back() = std::move(pattern);
    }
  }
  return p;
}

/// Gives \p cutter each character of which \p isSeparator holds.
template <typename Cutter, typename Predicate>
static bool cutAtCharacters(std::string_view text, Cutter &cutter,
                            MatchRepeats repeats, Predicate isSeparator) {
  for (size_t at = 0; at < text.size();) {
    if (repeats.wanted(at))
      if (size_t skip = repeats.visit(at, at, 0)) {
        at += skip;
        continue;
      }
    Utf8Head head = decodeOne(text.substr(at));
    size_t end = at + head.length;
    if (isSeparator(head.codePoint) &&
        !cutter.separator({uint32_t(at), uint32_t(end)}))
      return false;
    at = end;
  }
  return true;
}

/// Runs of word characters and runs of what is neither word nor space.
template <typename Cutter>
static bool cutAtWordRuns(std::string_view text, Cutter &cutter,
                          MatchRepeats repeats) {
  enum { Space, Word, Other } kind = Space;
  uint32_t begin = 0;
  auto end = [&](size_t at) {
    return kind == Space || cutter.separator({begin, uint32_t(at)});
  };
  for (size_t at = 0; at < text.size();) {
    Utf8Head head = decodeOne(text.substr(at));
    auto now = isWord(head.codePoint)    ? Word
               : isSpace(head.codePoint) ? Space
                                         : Other;
    if (now != kind) {
      if (!end(at))
        return false;
      kind = now;
      begin = uint32_t(at);
      // Nothing but the kind goes on from here.
      size_t reach = at + head.length;
      if (repeats.wanted(at))
        at += repeats.visit(at, reach, kind);
      begin = uint32_t(at);
    }
    at += head.length;
  }
  return end(text.size());
}

template <typename Cutter>
static bool cutAtLiteral(std::string_view text, std::string_view literal,
                         Cutter &cutter, MatchRepeats repeats) {
  for (size_t at = 0;
       (at = text.find(literal, at)) != std::string_view::npos;) {
    if (!cutter.separator({uint32_t(at), uint32_t(at + literal.size())}))
      return false;
    at += literal.size();
    if (repeats.wanted(at))
      at += repeats.visit(at, at, 0);
  }
  return true;
}

/// One text on its way through the steps.
struct PreTokenizer::Run {
  const PreTokenizer &owner;
  StepBudget &budget;
  WordCache *cache;
  const TakePiece &take;
  // [steps] what a step needs again and again.
  std::vector<std::optional<Pattern::Matcher>> matchers;
  std::vector<std::string> rewritten;

  Run(const PreTokenizer &owner, StepBudget &budget, WordCache *cache,
      const TakePiece &take)
      : owner(owner), budget(budget), cache(cache), take(take),
        matchers(owner.steps.size()), rewritten(owner.steps.size()) {}

  Status status; ///< An error where one of the steps gave false.

  /// Does step \p index and those behind it, or takes what they made before.
  bool stepCached(size_t index, std::string_view word);
  /// Does step \p index and those behind it to \p piece, which is the front of
  /// the input where \p atStart is set.
  bool step(size_t index, std::string_view piece, bool atStart);
  bool split(size_t index, std::string_view piece, bool atStart);
  bool rewrite(size_t index, std::string_view piece, bool atStart);
  bool fail(Error error) {
    status = std::move(error);
    return false;
  }
};

bool PreTokenizer::Run::step(size_t index, std::string_view piece,
                             bool atStart) {
  if (index == owner.steps.size()) {
    take(piece);
    return true;
  }
  switch (owner.steps[index].kind) {
  case Kind::PrefixSpace:
    if (piece.starts_with(' '))
      return step(index + 1, piece, atStart);
    return rewrite(index, piece, atStart);
  case Kind::ByteMap:
  case Kind::Metaspace:
    return rewrite(index, piece, atStart);
  default:
    return split(index, piece, atStart);
  }
}

bool PreTokenizer::Run::stepCached(size_t index, std::string_view word) {
  if (cache->append(word, index))
    return true;
  size_t mark = cache->mark();
  if (!step(index, word, false))
    return false;
  cache->note(word, index, mark);
  return true;
}

bool PreTokenizer::Run::rewrite(size_t index, std::string_view piece,
                                bool atStart) {
  const PreTokenizerStep &step = owner.steps[index];
  std::string &out = rewritten[index];
  // Offsets are 32 bits wide; a letter has two bytes, a mark up to four.
  size_t growth = step.kind == Kind::ByteMap ? 2 : 4;
  if (piece.size() * growth + 4 >= size_t(1) << 31)
    return fail({Code::TokenizeLimit,
                 "cannot tokenize the text",
                 {},
                 "a part of it is longer than 2 GiB",
                 "tokenize it in smaller parts"});
  out.clear();
  if (step.kind == Kind::PrefixSpace) {
    out += ' ';
    out += piece;
  } else if (step.kind == Kind::ByteMap) {
    appendLetters(out, piece);
  } else {
    bool wanted = step.scheme == PrependScheme::Always ||
                  (step.scheme == PrependScheme::First && atStart);
    if (wanted && !piece.starts_with(' ') && !piece.starts_with(step.pattern))
      out += step.pattern;
    appendReplaced(out, piece, " ", step.pattern);
    if (step.split)
      return split(index, out, atStart);
  }
  return this->step(index + 1, out, atStart);
}

bool PreTokenizer::Run::split(size_t index, std::string_view piece,
                              bool atStart) {
  const PreTokenizerStep &step = owner.steps[index];
  // Metaspace cuts in front of each mark, whatever the step's own fields say.
  bool meta = step.kind == Kind::Metaspace;
  auto takePart = [&](Range r) {
    std::string_view part = piece.substr(r.begin, r.end - r.begin);
    // Where a step removed the beginning, no piece is at the start; and what is
    // at the start may become other ids than elsewhere.
    bool first = atStart && r.begin == 0;
    bool isWord = cache && !first && part.size() < piece.size() &&
                  part.size() <= WordCache::maxBytes;
    return isWord ? stepCached(index + 1, part)
                  : this->step(index + 1, part, first);
  };
  PieceCutter cutter(uint32_t(piece.size()),
                     meta ? SplitBehavior::MergedWithNext : step.behavior,
                     !meta && step.invert, takePart);
  // What repeats itself in a text becomes the same pieces, and these the same
  // ids, unless they stand at the start.
  std::optional<MatchRepeater> repeater;
  if (cache && isWorthSkipping(piece))
    repeater.emplace(
        MatchRepeater{[&](size_t) { return cache->mark(); },
                      [&](size_t at) { return cutter.stateAt(at); },
                      [&](size_t mark, size_t bytes, size_t times) {
                        cache->repeat(mark, times);
                        cutter.shift(bytes * times);
                      }});
  const MatchRepeater *taker = repeater ? &*repeater : nullptr;
  MatchRepeats repeats(piece, taker);
  switch (step.kind) {
  case Kind::SplitRegex: {
    std::optional<Pattern::Matcher> &matcher = matchers[index];
    if (!matcher)
      matcher.emplace(*owner.patterns[index]);
    budget.grant(piece.size());
    auto take = [&](Range r) { return cutter.separator(r); };
    if (Status found = matcher->findAll(piece, budget, take, taker); !found)
      return fail(found.takeError());
    break;
  }
  case Kind::SplitNumeric:
    cutAtCharacters(piece, cutter, repeats, isNumeric);
    break;
  case Kind::SplitSpace:
    cutAtCharacters(piece, cutter, repeats, isSpace);
    break;
  case Kind::SplitPunctuation:
    cutAtCharacters(piece, cutter, repeats, isPunctuation);
    break;
  case Kind::WordRuns:
    cutAtWordRuns(piece, cutter, repeats);
    break;
  default:
    cutAtLiteral(piece, step.pattern, cutter, repeats);
    break;
  }
  return status && cutter.finish();
}

Status PreTokenizer::apply(std::string_view text, bool atStart,
                           StepBudget &budget, WordCache *cache,
                           const TakePiece &take) const {
  Run run(*this, budget, cache, take);
  if (!text.empty())
    run.step(0, text, atStart);
  return std::move(run.status);
}

} // namespace llmc::tokenizer
