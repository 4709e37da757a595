#include "runtime/tokenizer/PreTokenizer.h"

#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

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

/// Each character of which \p isSeparator holds, as one range.
template <typename Predicate>
static void findCharacters(std::string_view text, std::vector<Range> &found,
                           Predicate isSeparator) {
  for (size_t at = 0; at < text.size();) {
    Utf8Head head = decodeOne(text.substr(at));
    if (isSeparator(head.codePoint))
      found.push_back({uint32_t(at), uint32_t(at + head.length)});
    at += head.length;
  }
}

/// Runs of word characters and runs of what is neither word nor space.
static void findWordRuns(std::string_view text, std::vector<Range> &found) {
  int last = 0; // 0 space, 1 word, 2 other
  for (size_t at = 0; at < text.size();) {
    Utf8Head head = decodeOne(text.substr(at));
    int now = isWord(head.codePoint) ? 1 : isSpace(head.codePoint) ? 0 : 2;
    auto end = uint32_t(at + head.length);
    if (now != 0 && now == last)
      found.back().end = end;
    else if (now != 0)
      found.push_back({uint32_t(at), end});
    last = now;
    at = end;
  }
}

static void findLiteral(std::string_view text, std::string_view literal,
                        std::vector<Range> &found) {
  for (size_t at = 0; (at = text.find(literal, at)) != std::string_view::npos;
       at += literal.size())
    found.push_back({uint32_t(at), uint32_t(at + literal.size())});
}

namespace {
struct Part {
  Range range;
  bool separator;
};
} // namespace

/// Cuts [begin, end) at \p separators (relative to begin), appending to \p out;
/// \p parts is scratch.
static void cut(uint32_t begin, uint32_t end,
                const std::vector<Range> &separators, SplitBehavior behavior,
                bool invert, std::vector<Part> &parts,
                std::vector<Range> &out) {
  parts.clear();
  uint32_t from = begin;
  for (Range r : separators) {
    if (from < begin + r.begin)
      parts.push_back({{from, begin + r.begin}, invert});
    parts.push_back({{begin + r.begin, begin + r.end}, !invert});
    from = begin + r.end;
  }
  if (from < end)
    parts.push_back({{from, end}, invert});

  bool previous = false; // Whether the part before was a separator.
  size_t first = out.size();
  switch (behavior) {
  case SplitBehavior::Removed:
    for (const Part &p : parts)
      if (!p.separator)
        out.push_back(p.range);
    break;
  case SplitBehavior::Isolated:
    for (const Part &p : parts)
      out.push_back(p.range);
    break;
  case SplitBehavior::Contiguous:
    for (const Part &p : parts) {
      if (out.size() > first && p.separator == previous)
        out.back().end = p.range.end;
      else
        out.push_back(p.range);
      previous = p.separator;
    }
    break;
  case SplitBehavior::MergedWithPrevious:
    for (const Part &p : parts) {
      if (out.size() > first && p.separator && !previous)
        out.back().end = p.range.end;
      else
        out.push_back(p.range);
      previous = p.separator;
    }
    break;
  case SplitBehavior::MergedWithNext:
    for (size_t i = parts.size(); i-- > 0;) {
      const Part &p = parts[i];
      if (out.size() > first && p.separator && !previous)
        out.back().begin = p.range.begin;
      else
        out.push_back(p.range);
      previous = p.separator;
    }
    std::reverse(out.begin() + ptrdiff_t(first), out.end());
    break;
  }
  // An empty match separates and then vanishes.
  out.erase(std::remove_if(out.begin() + ptrdiff_t(first), out.end(),
                           [](Range r) { return r.begin == r.end; }),
            out.end());
}

/// Rewrites every piece with \p write(piece, out), dropping gaps.
template <typename F> static void rewrite(Pieces &pieces, F write) {
  std::string out;
  out.reserve(pieces.text.size() + pieces.text.size() / 4);
  for (size_t i = 0; i < pieces.ranges.size(); ++i) {
    Range &r = pieces.ranges[i];
    auto begin = uint32_t(out.size());
    write(i, std::string_view(pieces.text).substr(r.begin, r.end - r.begin),
          out);
    r = {begin, uint32_t(out.size())};
  }
  pieces.text = std::move(out);
}

static void applyMetaspace(const PreTokenizerStep &step, bool atStart,
                           Pieces &pieces) {
  rewrite(pieces, [&](size_t i, std::string_view piece, std::string &out) {
    std::string text = replaceAll(piece, " ", step.pattern);
    bool wanted = step.scheme == PrependScheme::Always ||
                  (step.scheme == PrependScheme::First && i == 0 && atStart);
    if (wanted && !text.starts_with(step.pattern))
      out += step.pattern;
    out += text;
  });
}

Status PreTokenizer::split(size_t index, Pieces &pieces,
                           StepBudget &budget) const {
  const PreTokenizerStep &step = steps[index];
  // Metaspace cuts in front of each mark, whatever the step's own fields say.
  bool meta = step.kind == Kind::Metaspace;
  std::optional<Pattern::Matcher> matcher;
  if (step.kind == Kind::SplitRegex) {
    matcher.emplace(*patterns[index]);
    budget.grant(pieces.text.size());
  }

  std::vector<Range> next, found;
  std::vector<Part> parts;
  for (Range r : pieces.ranges) {
    std::string_view piece =
        std::string_view(pieces.text).substr(r.begin, r.end - r.begin);
    found.clear();
    if (matcher)
      LLMC_CHECK(matcher->findAll(piece, found, budget));
    else if (step.kind == Kind::SplitNumeric)
      findCharacters(piece, found, isNumeric);
    else if (step.kind == Kind::SplitSpace)
      findCharacters(piece, found, isSpace);
    else if (step.kind == Kind::SplitPunctuation)
      findCharacters(piece, found, isPunctuation);
    else if (step.kind == Kind::WordRuns)
      findWordRuns(piece, found);
    else
      findLiteral(piece, step.pattern, found);
    cut(r.begin, r.end, found,
        meta ? SplitBehavior::MergedWithNext : step.behavior,
        !meta && step.invert, parts, next);
  }
  pieces.ranges = std::move(next);
  return Status::ok();
}

/// The text may grow by a step; offsets are 32 bits wide.
static Status checkSize(const Pieces &pieces, uint64_t growth) {
  if (pieces.text.size() * growth + pieces.ranges.size() * 4 <
      (uint64_t(1) << 31))
    return Status::ok();
  return Error{Code::TokenizeLimit,
               "cannot tokenize the text",
               {},
               "it is longer than 2 GiB",
               "tokenize it in smaller parts"};
}

Result<Pieces> PreTokenizer::apply(std::string text, bool atStart,
                                   StepBudget &budget) const {
  Pieces pieces;
  pieces.text = std::move(text);
  if (!pieces.text.empty())
    pieces.ranges.push_back({0, uint32_t(pieces.text.size())});
  for (size_t i = 0; i < steps.size(); ++i) {
    const PreTokenizerStep &step = steps[i];
    LLMC_CHECK(checkSize(pieces, step.kind == Kind::ByteMap     ? 2
                                 : step.kind == Kind::Metaspace ? 4
                                                                : 1));
    if (step.kind == Kind::PrefixSpace) {
      rewrite(pieces, [](size_t, std::string_view piece, std::string &out) {
        if (!piece.starts_with(' '))
          out += ' ';
        out += piece;
      });
      continue;
    }
    if (step.kind == Kind::ByteMap) {
      rewrite(pieces, [](size_t, std::string_view piece, std::string &out) {
        for (char c : piece)
          appendUtf8(out, byteToLetter(uint8_t(c)));
      });
      continue;
    }
    if (step.kind == Kind::Metaspace) {
      applyMetaspace(step, atStart, pieces);
      if (!step.split)
        continue;
    }
    LLMC_CHECK(split(i, pieces, budget));
    // Where a step removed the beginning, the first piece is not at the start.
    atStart &= !pieces.ranges.empty() && pieces.ranges.front().begin == 0;
  }
  return pieces;
}

} // namespace llmc::tokenizer
