#include "runtime/tokenizer/Normalizer.h"

#include "runtime/tokenizer/Unicode.h"

namespace llmc::tokenizer {

std::string replaceAll(std::string_view text, std::string_view pattern,
                       std::string_view content) {
  std::string out;
  out.reserve(text.size());
  size_t from = 0;
  for (size_t at; (at = text.find(pattern, from)) != std::string_view::npos;
       from = at + pattern.size()) {
    out.append(text.substr(from, at - from));
    out.append(content);
  }
  out.append(text.substr(from));
  return out;
}

/// \p write(character, out) for each character of \p text.
template <typename F>
static std::string mapCharacters(std::string_view text, F write) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    write(head.codePoint, out);
    text.remove_prefix(head.length);
  }
  return out;
}

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
static std::string collapseSpaces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = true;
  for (char c : text) {
    if (c != ' ' || !space)
      out += c;
    space = c == ' ';
  }
  return out;
}

static std::string letters(std::string_view bytes) {
  std::string out;
  appendLetters(out, bytes);
  return out;
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
      LLMC_CHECK(matcher.findAll(text, budget, [&](Range r) {
        out.append(text, from, r.begin - from);
        out.append(step.content);
        from = r.end;
        return true;
      }));
      out.append(text, from);
      text = std::move(out);
      break;
    }
    case Kind::Nfc:
      text = normalize(text, NormalForm::Nfc);
      break;
    case Kind::Nfd:
      text = normalize(text, NormalForm::Nfd);
      break;
    case Kind::Nfkc:
      text = normalize(text, NormalForm::Nfkc);
      break;
    case Kind::Nfkd:
      text = normalize(text, NormalForm::Nfkd);
      break;
    case Kind::Lowercase:
      text = lowercase(text);
      break;
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
      text = collapseSpaces(text);
      break;
    case Kind::TrimEnd:
      while (text.ends_with(step.pattern))
        text.resize(text.size() - step.pattern.size());
      break;
    case Kind::StripNonspacing:
      text = mapCharacters(text, [](char32_t c, std::string &out) {
        if (!isNonspacingMark(c))
          appendUtf8(out, c);
      });
      break;
    case Kind::StripMarks:
      text = mapCharacters(text, [](char32_t c, std::string &out) {
        if (!isMark(c))
          appendUtf8(out, c);
      });
      break;
    case Kind::BertClean:
      text = mapCharacters(text, [](char32_t c, std::string &out) {
        if (c == 0 || c == 0xFFFD || isOther(c))
          return;
        appendUtf8(out, isBertSpace(c) ? U' ' : c);
      });
      break;
    case Kind::SpaceCjk:
      text = mapCharacters(text, [](char32_t c, std::string &out) {
        bool cjk = isCjkIdeograph(c);
        if (cjk)
          out += ' ';
        appendUtf8(out, c);
        if (cjk)
          out += ' ';
      });
      break;
    case Kind::Nmt:
      text = mapCharacters(text, [](char32_t c, std::string &out) {
        if (isNmtSpace(c))
          out += ' ';
        else if (!isNmtControl(c))
          appendUtf8(out, c);
      });
      break;
    case Kind::ByteMap:
      text = letters(text);
      break;
    case Kind::Charsmap:
    case Kind::CharsmapGraphemes: {
      LLMC_TRY(std::string mapped, step.kind == Kind::Charsmap
                                       ? charsmaps[i]->applyLongest(text)
                                       : charsmaps[i]->applyToGraphemes(text));
      text = std::move(mapped);
      break;
    }
    }
  }
  return Output{std::move(text), lostFront};
}

} // namespace llmc::tokenizer
