#include "runtime/tokenizer/TokenizerFormat.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace llmc::tokenizer {

namespace {
constexpr size_t maxTokens = size_t(1) << 24;
constexpr size_t maxTokenBytes = size_t(1) << 30;
constexpr size_t maxSteps = 64;
constexpr size_t maxGrowth = 64;

Error bad(std::string where, std::string why) {
  return Error{
      Code::BadTokenizer, "the tokenizer contradicts itself", std::move(where),
      std::move(why),
      "take tokenizer.json from the model's source again, and compile"};
}

bool isOneCharacter(const std::string &s) {
  return !s.empty() && isValidUtf8(s) && decodeOne(s).length == s.size();
}

Status checkVocabulary(const TokenizerModel &m) {
  if (m.tokens.empty() || m.tokens.size() > maxTokens)
    return bad("vocabulary",
               "it has " + std::to_string(m.tokens.size()) + " tokens");
  size_t total = 0;
  for (size_t i = 0; i < m.tokens.size(); ++i) {
    total += m.tokens[i].size();
    if (total > maxTokenBytes || !isValidUtf8(m.tokens[i]))
      return bad("token " + std::to_string(i),
                 "its text is too long or not UTF-8");
  }
  auto isToken = [&](int32_t id) {
    return id >= 0 && size_t(id) < m.tokens.size() &&
           !m.tokens[size_t(id)].empty();
  };
  for (size_t i = 0; i < m.merges.size(); ++i) {
    auto [left, right, result, tied] = m.merges[i];
    if (!isToken(left) || !isToken(right) || !isToken(result))
      return bad("merge " + std::to_string(i),
                 "it names an id that is no token");
    const std::string &a = m.tokens[size_t(left)], &b = m.tokens[size_t(right)],
                      &ab = m.tokens[size_t(result)];
    if (ab.size() != a.size() + b.size() || ab.compare(0, a.size(), a) != 0 ||
        ab.compare(a.size(), b.size(), b) != 0)
      return bad("merge " + std::to_string(i),
                 "the text of token " + std::to_string(result) +
                     " is not that of its two parts");
  }
  std::vector<bool> seen(m.tokens.size());
  for (const AddedToken &t : m.added) {
    if (!isToken(t.id) || seen[size_t(t.id)])
      return bad("added token " + std::to_string(t.id),
                 "it has no text, or stands there twice");
    seen[size_t(t.id)] = true;
  }
  auto inRange = [&](int32_t id) {
    return id >= 0 && size_t(id) < m.tokens.size();
  };
  if (m.unkId != -1 && !isToken(m.unkId))
    return bad("unknown token", "its id is " + std::to_string(m.unkId));
  for (auto [name, id] : {std::pair{"bos", m.bosId}, std::pair{"pad", m.padId}})
    if (id != -1 && !inRange(id))
      return bad(name, "its id " + std::to_string(id) + " is no token");
  for (auto [name, list] :
       {std::pair{"eos", &m.eosIds}, std::pair{"prefix", &m.prefixIds},
        std::pair{"suffix", &m.suffixIds}})
    for (int32_t id : *list)
      if (!inRange(id))
        return bad(name, "its id " + std::to_string(id) + " is no token");
  return Status::ok();
}

/// What each kind of model needs.
Status checkKind(const TokenizerModel &m) {
  size_t count = m.tokens.size();
  if (m.kind > ModelKind::Last)
    return bad("model", "its kind is unknown");
  if ((!m.scores.empty() && m.scores.size() != count) ||
      (!m.uses.empty() && m.uses.size() != count))
    return bad("vocabulary", "scores or uses are not those of its tokens");
  for (size_t i = 0; i < m.scores.size(); ++i)
    if (!(std::fabs(m.scores[i]) <= 1e30))
      return bad("token " + std::to_string(i), "its score is no number");
  for (size_t i = 0; i < m.uses.size(); ++i)
    if (m.uses[i] > TokenUse::Last)
      return bad("token " + std::to_string(i), "its use is unknown");
  if (m.kind != ModelKind::Bpe && !m.merges.empty())
    return bad("model", "it has merges but is no BPE");
  if ((m.kind == ModelKind::Unigram) == m.scores.empty())
    return bad("model", "scores belong to Unigram, and to it alone");
  if (m.kind != ModelKind::Bpe && m.kind != ModelKind::LongestMatch &&
      m.unkId < 0)
    return bad("model", "it has no unknown token");
  if (m.kind == ModelKind::WordPiece && m.maxWordCharacters == 0)
    return bad("model", "its longest word has no characters");
  return isValidUtf8(m.continuingPrefix) && isValidUtf8(m.endOfWordSuffix)
             ? Status::ok()
             : bad("model", "a prefix or suffix is not UTF-8");
}

Status checkSteps(const TokenizerModel &m) {
  if (m.normalizer.size() > maxSteps || m.preTokenizer.size() > maxSteps ||
      m.decoder.size() > maxSteps)
    return bad("pipeline",
               "it has more than " + std::to_string(maxSteps) + " steps");
  using N = NormalizerStep::Kind;
  for (const NormalizerStep &s : m.normalizer) {
    bool needsPattern = s.kind == N::ReplaceLiteral ||
                        s.kind == N::ReplaceRegex || s.kind == N::TrimEnd;
    bool map = s.kind == N::Charsmap || s.kind == N::CharsmapGraphemes;
    if (!s.table.empty() && !s.table.isValid())
      return bad("normalizer", "the table of a pattern is not valid");
    if (s.kind > N::Last || (needsPattern && s.pattern.empty()) ||
        (!map && !isValidUtf8(s.pattern)) || !isValidUtf8(s.content))
      return bad("normalizer", "a step is unknown, or its text is not valid");
  }
  using P = PreTokenizerStep::Kind;
  for (const PreTokenizerStep &s : m.preTokenizer) {
    bool needsPattern = s.kind == P::SplitLiteral || s.kind == P::SplitRegex;
    if (!s.table.empty() && !s.table.isValid())
      return bad("pre-tokenizer", "the table of a pattern is not valid");
    if (s.kind > P::Last || s.behavior > SplitBehavior::Last ||
        s.scheme > PrependScheme::Last || (needsPattern && s.pattern.empty()) ||
        (s.kind == P::Metaspace && !isOneCharacter(s.pattern)) ||
        !isValidUtf8(s.pattern))
      return bad("pre-tokenizer",
                 "a step is unknown, or its text is not valid");
  }
  return Status::ok();
}

/// Bounds what replacements make of a text, each of the results of the last.
template <typename Step> bool growsTooMuch(const std::vector<Step> &steps) {
  size_t growth = 1;
  for (const Step &s : steps) {
    // A regular expression may match a single byte.
    bool literal = s.kind == Step::Kind::ReplaceLiteral;
    bool replaces = literal;
    if constexpr (std::is_same_v<Step, NormalizerStep>)
      replaces |= s.kind == Step::Kind::ReplaceRegex;
    if constexpr (std::is_same_v<Step, NormalizerStep>)
      if (s.kind == Step::Kind::Charsmap)
        continue; // It has a bound of its own, and content that is no text.
    if (replaces)
      growth *= std::max<size_t>(
          1, (s.content.size() + 1) /
                 std::max<size_t>(1, literal ? s.pattern.size() : 1));
    if (s.content.size() > 4096 || growth > maxGrowth)
      return true;
  }
  return false;
}

Status checkGrowth(const TokenizerModel &m) {
  auto unsupported = [](std::string where, std::string why) {
    return Error{Code::UnsupportedTokenizer, "cannot use the tokenizer",
                 std::move(where), std::move(why),
                 "leave tokenizer.json away: the model then takes --ids"};
  };
  std::string why = "its replacements make a text more than " +
                    std::to_string(maxGrowth) + " times as long";
  if (growsTooMuch(m.normalizer))
    return unsupported("normalizer", why);
  if (growsTooMuch(m.decoder))
    return unsupported("decoder", why);
  if (std::count_if(m.preTokenizer.begin(), m.preTokenizer.end(), [](auto &s) {
        return s.kind == PreTokenizerStep::Kind::ByteMap;
      }) > 1)
    return unsupported("pre-tokenizer", "it has more than one ByteLevel");
  return Status::ok();
}

Status checkDecoder(const TokenizerModel &m) {
  auto unsupported = [](std::string why) {
    return Error{Code::UnsupportedTokenizer, "cannot use the decoder",
                 "decoder", std::move(why),
                 "leave tokenizer.json away: the model then takes --ids"};
  };
  using D = DecoderStep::Kind;
  bool fused = false, bytes = false;
  for (const DecoderStep &s : m.decoder) {
    bool mark = s.kind == D::StripLeft || s.kind == D::Metaspace;
    if (s.kind > D::Last || (mark && !isOneCharacter(s.pattern)) ||
        ((s.kind == D::ReplaceLiteral || s.kind == D::WordEnd) &&
         s.pattern.empty()) ||
        !isValidUtf8(s.pattern) || !isValidUtf8(s.content))
      return bad("decoder", "a step is unknown, or its text is not valid");
    if (s.kind == D::ByteMap && m.decoder.size() != 1)
      return unsupported("ByteLevel stands beside other decoders");
    if (s.kind == D::WordEnd && m.decoder.size() != 1)
      return unsupported("BPEDecoder stands beside other decoders");
    if (fused && s.kind != D::StripLeft)
      return unsupported("behind Fuse stands something else than Strip");
    if (bytes && s.kind != D::Fuse && s.kind != D::StripLeft)
      return unsupported("behind ByteFallback stands something else than Fuse");
    if (bytes && !fused && s.kind == D::StripLeft)
      return unsupported("Strip stands behind ByteFallback without Fuse");
    fused |= s.kind == D::Fuse;
    bytes |= s.kind == D::ByteFallback;
  }
  return Status::ok();
}
} // namespace

Status checkModel(const TokenizerModel &model) {
  LLMC_CHECK(checkVocabulary(model));
  LLMC_CHECK(checkKind(model));
  LLMC_CHECK(checkSteps(model));
  LLMC_CHECK(checkGrowth(model));
  return checkDecoder(model);
}

} // namespace llmc::tokenizer
