#include "runtime/tokenizer/Tokenizer.h"

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/PieceModel.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/TokenizerFormat.h"
#include "runtime/tokenizer/Unicode.h"
#include "runtime/tokenizer/WordBorders.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace llmc::tokenizer {

struct Tokenizer::Impl {
  TokenizerModel model;
  Normalizer normalizer;
  PreTokenizer preTokenizer;
  std::unique_ptr<PieceModel> pieces;
  AddedTokenFinder inRawText;
  AddedTokenFinder inNormalizedText;
  AddedTokenFinder inChat;   ///< inRawText's and every special token.
  std::vector<bool> special; // [vocab]
  bool cutsToWords;          ///< Long pieces, as their parts are cached.

  Impl(TokenizerModel m, Normalizer n, PreTokenizer p)
      : model(std::move(m)), normalizer(std::move(n)),
        preTokenizer(std::move(p)), pieces(PieceModel::create(model)),
        special(model.tokens.size()),
        cutsToWords(model.kind == ModelKind::Bpe && keepsToWords(model)) {}

  Status addTokens();
  /// One text that becomes ids.
  struct Encoding;
  void encodePiece(std::string_view piece, Encoding &encoding) const;
  Status encodeNormalized(std::string_view text, bool atStart,
                          Encoding &encoding) const;
  Status encodeText(std::string_view text, bool atStart,
                    Encoding &encoding) const;
  /// Special tokens are looked for in \p text as \p findSpecial says, and in
  /// its normalized parts as \p parseSpecial does.
  Status encode(const AddedTokenFinder &added, std::string_view text,
                bool findSpecial, std::span<const Range> plain,
                bool parseSpecial, std::vector<int32_t> &ids) const;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(std::span<const std::byte> section) {
  LLMC_TRY(TokenizerModel model, parse(section));
  return create(std::move(model));
}

Result<Tokenizer> Tokenizer::create(TokenizerModel model) {
  LLMC_CHECK(checkModel(model));
  LLMC_TRY(Normalizer normalizer, Normalizer::create(model.normalizer));
  LLMC_TRY(PreTokenizer preTokenizer, PreTokenizer::create(model.preTokenizer));
  auto impl = std::make_unique<Impl>(std::move(model), std::move(normalizer),
                                     std::move(preTokenizer));
  LLMC_CHECK(impl->addTokens());
  return Tokenizer(std::move(impl));
}

Status Tokenizer::Impl::addTokens() {
  for (const AddedToken &token : model.added) {
    const std::string &text = model.tokens[size_t(token.id)];
    special[size_t(token.id)] = token.special;
    if (token.special || !token.normalized)
      inChat.add(text, token);
    if (!token.normalized) {
      inRawText.add(text, token);
      continue;
    }
    if (token.verbatim) {
      inNormalizedText.add(text, token);
      continue;
    }
    // It is looked for in normalized text, so its own is normalized too.
    StepBudget budget;
    LLMC_TRY(Normalizer::Output normalized, normalizer.apply(text, budget));
    if (!normalized.text.empty())
      inNormalizedText.add(normalized.text, token);
  }
  for (AddedTokenFinder *finder : {&inRawText, &inNormalizedText, &inChat})
    finder->finish();
  return Status::ok();
}

static std::string_view slice(std::string_view text, Range r) {
  return text.substr(r.begin, r.end - r.begin);
}

static Error tooLong() {
  return {Code::TokenizeLimit,
          "cannot tokenize the text",
          {},
          "it is longer than 2 GiB",
          "tokenize it in smaller parts"};
}
static constexpr size_t maxBytes = size_t(1) << 31;

struct Tokenizer::Impl::Encoding {
  std::vector<int32_t> &ids;
  bool parseSpecial;
  StepBudget budget = {};
  std::optional<WordCache> cache = {}; ///< For texts that are worth it.
};

void Tokenizer::Impl::encodePiece(std::string_view piece,
                                  Encoding &encoding) const {
  if (!encoding.cache || !cutsToWords || piece.size() <= WordCache::maxBytes)
    return pieces->encode(piece, encoding.ids);
  WordCache &cache = *encoding.cache;
  const size_t step = preTokenizer.stepCount();
  Repeats<NoState> repeats(piece);
  for (size_t at = 0; at < piece.size();) {
    if (repeats.wanted(at)) {
      // What is before has read one mark more.
      auto skip =
          repeats.visit(at, at + spaceMark.size(), cache.mark(), noState);
      if (skip.times > 0) {
        cache.repeat(skip.mark, skip.times);
        at += skip.bytes * skip.times;
        repeats.leave(at);
        continue;
      }
    }
    std::string_view rest = piece.substr(at);
    std::string_view word = rest.substr(0, wordLength(rest));
    at += word.size();
    if (word.size() > WordCache::maxBytes) {
      pieces->encode(word, encoding.ids);
    } else if (!cache.append(word, step)) {
      size_t mark = cache.mark();
      pieces->encode(word, encoding.ids);
      cache.note(word, step, mark);
    }
  }
}

Status Tokenizer::Impl::encodeNormalized(std::string_view text, bool atStart,
                                         Encoding &encoding) const {
  if (text.size() >= maxBytes)
    return tooLong();
  std::vector<int32_t> &ids = encoding.ids;
  auto takePiece = [&](std::string_view piece) {
    encodePiece(piece, encoding);
  };
  auto takeSection = [&](Section s) {
    if (s.id < 0)
      return preTokenizer.apply(
          slice(text, s.range), atStart && s.range.begin == 0, encoding.budget,
          encoding.cache ? &*encoding.cache : nullptr, takePiece);
    ids.push_back(s.id);
    return Status::ok();
  };
  return inNormalizedText.split(text, encoding.parseSpecial, {}, takeSection);
}

Status Tokenizer::Impl::encodeText(std::string_view text, bool atStart,
                                   Encoding &encoding) const {
  if (normalizer.empty())
    return encodeNormalized(text, atStart, encoding);
  LLMC_TRY(Normalizer::Output normalized,
           normalizer.apply(text, encoding.budget));
  return encodeNormalized(normalized.text, atStart && !normalized.lostFront,
                          encoding);
}

Status Tokenizer::Impl::encode(const AddedTokenFinder &added,
                               std::string_view text, bool findSpecial,
                               std::span<const Range> plain, bool parseSpecial,
                               std::vector<int32_t> &ids) const {
  constexpr size_t worthACache = 4096;
  Encoding encoding{ids, parseSpecial};
  if (text.size() >= worthACache)
    encoding.cache.emplace(ids);
  return added.split(text, findSpecial, plain, [&](Section s) {
    if (s.id < 0)
      return encodeText(slice(text, s.range), s.range.begin == 0, encoding);
    ids.push_back(s.id);
    return Status::ok();
  });
}

Result<std::vector<int32_t>>
Tokenizer::encodeChat(std::string_view text,
                      std::span<const std::pair<size_t, size_t>> data) const {
  if (text.size() >= maxBytes / 3)
    return tooLong();
  if (!isValidUtf8(text))
    return encode(text, {false, false});
  std::vector<Range> plain;
  for (auto [begin, end] : data)
    plain.push_back({uint32_t(begin), uint32_t(end)});
  std::vector<int32_t> ids;
  LLMC_CHECK(impl->encode(impl->inChat, text, true, plain, false, ids));
  return ids;
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text,
                                               EncodeOptions options) const {
  if (text.size() >= maxBytes / 3) // U+FFFD is three bytes for one.
    return tooLong();
  std::string sane;
  if (!isValidUtf8(text)) {
    sane = sanitizeUtf8(text);
    text = sane;
  }

  std::vector<int32_t> ids;
  if (options.addSpecial)
    ids = impl->model.prefixIds;
  LLMC_CHECK(impl->encode(impl->inRawText, text, options.parseSpecial, {},
                          options.parseSpecial, ids));
  if (options.addSpecial)
    ids.insert(ids.end(), impl->model.suffixIds.begin(),
               impl->model.suffixIds.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids,
                              DecodeOptions options) const {
  StreamDecoder decoder(*this, {}, options);
  decoder.wholeRuns = true;
  std::string text;
  for (int32_t id : ids)
    text += decoder.push(id);
  return text + decoder.flush();
}

int32_t Tokenizer::vocabSize() const {
  return int32_t(impl->model.tokens.size());
}

bool Tokenizer::isSpecial(int32_t id) const {
  return id >= 0 && id < vocabSize() && impl->special[size_t(id)];
}

std::string_view Tokenizer::tokenText(int32_t id) const {
  return id >= 0 && id < vocabSize() ? impl->model.tokens[size_t(id)]
                                     : std::string_view();
}

std::string Tokenizer::tokenBytes(int32_t id) const {
  return StreamDecoder(*this).bytesInside(id);
}

int32_t Tokenizer::findToken(std::string_view text) const {
  for (const AddedToken &token : impl->model.added)
    if (impl->model.tokens[size_t(token.id)] == text)
      return token.id;
  const std::vector<std::string> &tokens = impl->model.tokens;
  auto it = std::find(tokens.begin(), tokens.end(), text);
  return text.empty() || it == tokens.end() ? -1 : int32_t(it - tokens.begin());
}

/// How many bytes a normalizer can make one of; 0: any number.
static size_t mostShrinking(const std::vector<NormalizerStep> &steps) {
  using Kind = NormalizerStep::Kind;
  size_t factor = 1;
  for (const NormalizerStep &step : steps)
    switch (step.kind) {
    case Kind::Prepend:
    case Kind::PrependAlways:
    case Kind::ByteMap:
      break;
    case Kind::ReplaceLiteral:
      if (step.content.size() < step.pattern.size())
        return 0;
      break;
    case Kind::Nfc:
    case Kind::Nfd:
    case Kind::Nfkc:
    case Kind::Nfkd:
    case Kind::Lowercase:
      // At most four code points of four bytes become one character.
      factor = std::min<size_t>(factor * 16, 1 << 20);
      break;
    default:
      return 0;
    }
  return factor;
}

size_t Tokenizer::mostTokenBytes() const {
  const TokenizerModel &model = impl->model;
  if (model.kind != ModelKind::Bpe)
    return 0;      // Whole words may be unknown, or unknown characters fuse.
  size_t most = 4; // An unknown character.
  for (const std::string &token : model.tokens)
    most = std::max(most, token.size());
  for (const AddedToken &token : model.added)
    if (token.leftStrip || token.rightStrip)
      return 0;
  bool mapsBytes = false;
  for (const PreTokenizerStep &step : model.preTokenizer) {
    if (step.behavior == SplitBehavior::Removed ||
        step.kind == PreTokenizerStep::Kind::SplitSpace ||
        step.kind == PreTokenizerStep::Kind::WordRuns)
      return 0;
    mapsBytes |= step.kind == PreTokenizerStep::Kind::ByteMap;
  }
  bool keepsUnknown = model.unkId >= 0 && !model.fuseUnk;
  if (!keepsUnknown && mapsBytes) {
    std::vector<bool> known(256);
    std::vector<bool> outside = tokensOutside(model);
    for (size_t i = 0; i < model.tokens.size(); ++i) {
      const std::string &token = model.tokens[i];
      if (!isModelToken(model, outside, i))
        continue;
      Utf8Head head = decodeOne(token);
      int byte = letterToByte(head.codePoint);
      if (head.length == token.size() && byte >= 0)
        known[size_t(byte)] = true;
    }
    keepsUnknown = std::count(known.begin(), known.end(), true) == 256;
  } else if (!keepsUnknown && model.byteFallback) {
    std::vector<int32_t> ids = byteTokenIds(model);
    keepsUnknown = std::count(ids.begin(), ids.end(), -1) == 0;
  }
  return keepsUnknown ? most * mostShrinking(model.normalizer) : 0;
}

int32_t Tokenizer::bosId() const { return impl->model.bosId; }
int32_t Tokenizer::padId() const { return impl->model.padId; }
std::span<const int32_t> Tokenizer::eosIds() const {
  return impl->model.eosIds;
}

bool Tokenizer::isEos(int32_t id) const {
  const std::vector<int32_t> &eos = impl->model.eosIds;
  return std::find(eos.begin(), eos.end(), id) != eos.end();
}

const TokenizerModel &Tokenizer::model() const { return impl->model; }

} // namespace llmc::tokenizer
