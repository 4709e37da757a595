#include "runtime/tokenizer/Normalizer.h"

#include "runtime/tokenizer/CharacterSteps.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <span>

namespace llmc::tokenizer {

static std::string_view stripLeft(std::string_view text) {
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    if (!isSpace(head.codePoint))
      break;
    text.remove_prefix(head.length);
  }
  return text;
}

static std::string_view stripRight(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (uint8_t(text[begin]) & 0xC0) == 0x80)
      --begin;
    if (!isSpace(decodeOne(text.substr(begin)).codePoint))
      break;
    text = text.substr(0, begin);
  }
  return text;
}

/// Without spaces in front, and with one where there are several.
static void collapseSpaces(std::string &text) {
  size_t size = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' && (size == 0 || text[size - 1] == ' ')) {
      ++at;
      continue;
    }
    // Up to the next space, and that too.
    size_t end = std::min(text.find(' ', at), text.size() - 1) + 1;
    if (size != at)
      std::copy(text.data() + at, text.data() + end, text.data() + size);
    size += end - at;
    at = end;
  }
  text.resize(size);
}

Result<Normalizer> Normalizer::create(std::vector<NormalizerStep> steps) {
  Normalizer n;
  n.steps = std::move(steps);
  for (const NormalizerStep &step : n.steps) {
    n.patterns.emplace_back();
    n.charsmaps.emplace_back();
    if (step.kind == NormalizerStep::Kind::Charsmap ||
        step.kind == NormalizerStep::Kind::CharsmapGraphemes) {
      LLMC_TRY(Charsmap map, Charsmap::create(step.pattern, step.content));
      n.charsmaps.back() = std::move(map);
    }
    if (step.kind == NormalizerStep::Kind::ReplaceRegex) {
      LLMC_TRY(Pattern pattern, Pattern::create(step.pattern, step.table));
      n.patterns.back() = std::move(pattern);
    }
  }
  return n;
}

Result<Normalizer::Output> Normalizer::apply(std::string_view input,
                                             StepBudget &budget) const {
  std::string text(input);
  bool lostFront = false;
  for (size_t i = 0; i < steps.size(); ++i) {
    const NormalizerStep &step = steps[i];
    if (isCharacterStep(step)) {
      auto end = std::find_if_not(steps.begin() + ptrdiff_t(i), steps.end(),
                                  isCharacterStep);
      size_t count = size_t(end - steps.begin()) - i;
      LLMC_TRY(text,
               applyCharacterSteps(std::span(steps).subspan(i, count), text));
      i += count - 1;
      continue;
    }
    using Kind = NormalizerStep::Kind;
    switch (step.kind) {
    case Kind::Prepend:
      if (!text.empty())
        text.insert(0, step.content);
      break;
    case Kind::ReplaceLiteral:
      text = replaceAll(text, step.pattern, step.content);
      break;
    case Kind::ReplaceRegex: {
      std::string out;
      size_t from = 0;
      budget.grant(text.size());
      Pattern::Matcher matcher(*patterns[i]);
      // Nothing is written before the first match.
      bool any = false;
      auto take = [&](Range r) {
        out.append(text, from, r.begin - from);
        out.append(step.content);
        from = r.end;
        any = true;
        return true;
      };
      MatchRepeater repeater{[&](size_t at) {
                               if (any) {
                                 out.append(text, from, at - from);
                                 from = at;
                               }
                               return out.size();
                             },
                             [&](size_t) { return MatchRepeater::State{any}; },
                             [&](size_t mark, size_t bytes, size_t times) {
                               repeatSince(out, mark, times);
                               from += any ? bytes * times : 0;
                             }};
      LLMC_CHECK(matcher.findAll(text, budget, take, &repeater));
      if (any) {
        out.append(text, from);
        text = std::move(out);
      }
      break;
    }
    case Kind::StripLeft:
      if (std::string_view rest = stripLeft(text); rest.size() != text.size()) {
        lostFront = true;
        text = std::string(rest);
      }
      break;
    case Kind::StripRight:
      text = std::string(stripRight(text));
      break;
    case Kind::PrependAlways:
      text.insert(0, step.content);
      break;
    case Kind::CollapseSpaces:
      lostFront |= text.starts_with(' ');
      collapseSpaces(text);
      break;
    case Kind::TrimEnd:
      while (text.ends_with(step.pattern))
        text.resize(text.size() - step.pattern.size());
      break;
    case Kind::Charsmap:
    case Kind::CharsmapGraphemes: {
      LLMC_TRY(std::string mapped, step.kind == Kind::Charsmap
                                       ? charsmaps[i]->applyLongest(text)
                                       : charsmaps[i]->applyToGraphemes(text));
      text = std::move(mapped);
      break;
    }
    default: // The character steps.
      break;
    }
  }
  return Output{std::move(text), lostFront};
}

} // namespace llmc::tokenizer
