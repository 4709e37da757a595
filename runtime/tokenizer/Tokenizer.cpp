#include "runtime/tokenizer/Tokenizer.h"

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/BpeModel.h"
#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/TokenizerFormat.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::tokenizer {

struct Tokenizer::Impl {
  TokenizerModel model;
  Normalizer normalizer;
  PreTokenizer preTokenizer;
  BpeModel bpe;
  AddedTokenFinder inRawText;
  AddedTokenFinder inNormalizedText;
  std::vector<bool> special; // [vocab]

  Impl(TokenizerModel m, Normalizer n, PreTokenizer p)
      : model(std::move(m)), normalizer(std::move(n)),
        preTokenizer(std::move(p)), bpe(model), special(model.tokens.size()) {}

  Status addTokens();
  Status encodeNormalized(std::string_view text, bool atStart,
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
    if (!token.normalized) {
      inRawText.add(text, token);
      continue;
    }
    // It is looked for in normalized text, so its own is normalized too.
    LLMC_TRY(Normalizer::Output normalized, normalizer.apply(text));
    if (!normalized.text.empty())
      inNormalizedText.add(normalized.text, token);
  }
  return Status::ok();
}

static std::string_view slice(std::string_view text, Range r) {
  return text.substr(r.begin, r.end - r.begin);
}

Status Tokenizer::Impl::encodeNormalized(std::string_view text, bool atStart,
                                         bool parseSpecial,
                                         std::vector<int32_t> &ids) const {
  for (Section s : inNormalizedText.split(text, parseSpecial)) {
    if (s.id >= 0) {
      ids.push_back(s.id);
      continue;
    }
    LLMC_TRY(Pieces pieces,
             preTokenizer.apply(std::string(slice(text, s.range)),
                                atStart && s.range.begin == 0));
    for (Range piece : pieces.ranges)
      bpe.encode(slice(pieces.text, piece), ids);
  }
  return Status::ok();
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text,
                                               EncodeOptions options) const {
  auto tooLong = [] {
    return Error{Code::TokenizeLimit,
                 "cannot tokenize the text",
                 {},
                 "it is longer than 2 GiB",
                 "tokenize it in smaller parts"};
  };
  constexpr size_t maxBytes = size_t(1) << 31;
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
  for (Section s : impl->inRawText.split(text, options.parseSpecial)) {
    if (s.id >= 0) {
      ids.push_back(s.id);
      continue;
    }
    LLMC_TRY(Normalizer::Output normalized,
             impl->normalizer.apply(slice(text, s.range)));
    if (normalized.text.size() >= maxBytes)
      return tooLong();
    LLMC_CHECK(impl->encodeNormalized(
        normalized.text, s.range.begin == 0 && !normalized.lostFront,
        options.parseSpecial, ids));
  }
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
  return impl->bpe.find(text);
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
