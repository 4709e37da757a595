#include "frontends/tokenizer/PieceVocabulary.h"

#include "frontends/tokenizer/Advice.h"
#include "frontends/tokenizer/LowerSteps.h"
#include "frontends/tokenizer/RankMerges.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_set>

namespace llmc::tokenizer {

static void lowerText(const PieceVocabulary &v, TokenizerModel &m) {
  using N = NormalizerStep::Kind;
  const std::string mark(metaspaceMark);
  const std::string space = v.escapeWhitespaces ? mark : " ";
  if (!v.charsmap.empty()) {
    std::string kept;
    for (const Piece &p : v.pieces)
      if (p.type == PieceType::UserDefined)
        kept += p.text + '\0';
    m.normalizer.push_back({N::Charsmap, v.charsmap, kept});
  }
  if (v.removeExtraWhitespaces)
    m.normalizer.push_back({N::CollapseSpaces, "", ""});
  if (v.addDummyPrefix)
    m.normalizer.push_back({N::PrependAlways, "", space});
  if (v.escapeWhitespaces)
    m.normalizer.push_back({N::ReplaceLiteral, " ", mark});
  if (v.removeExtraWhitespaces)
    m.normalizer.push_back({N::TrimEnd, space, ""});

  using D = DecoderStep::Kind;
  m.decoder.push_back({D::ReplaceLiteral, 0, mark, " "});
  if (v.byteFallback)
    m.decoder.push_back({D::ByteFallback, 0, "", ""});
  m.decoder.push_back({D::Fuse, 0, "", ""});
  if (v.removeExtraWhitespaces)
    m.decoder.push_back({D::StripLeft, UINT32_MAX, " ", ""});
  else if (v.addDummyPrefix)
    m.decoder.push_back({D::StripLeft, 1, " ", ""});
}

static Status lowerTokens(PieceVocabulary &v, TokenizerModel &m,
                          const std::string &file) {
  auto bad = [&](size_t id, std::string why) {
    return Error{Code::BadTokenizer,
                 "the vocabulary contradicts itself",
                 file + ": piece " + std::to_string(id),
                 std::move(why),
                 {}};
  };
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < v.pieces.size(); ++i) {
    const Piece &p = v.pieces[i];
    if (p.text.empty() || p.text.find('\0') != p.text.npos)
      return bad(i, "it is empty or has a zero byte");
    if (!(std::fabs(p.score) <= 1e30f))
      return bad(i, "its score is no number");
    if (!seen.insert(p.text).second)
      return bad(i, "\"" + p.text + "\" stands twice");
    bool unknown = p.type == PieceType::Unknown;
    if (unknown && m.unkId >= 0)
      return bad(i, "there is a second unknown piece");
    if (unknown)
      m.unkId = int32_t(i);
    if (p.type == PieceType::Unused && !v.unigram)
      return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                   file + ": piece " + std::to_string(i),
                   "a BPE vocabulary has pieces out of use", addJson};
    TokenUse use = p.type == PieceType::Normal ? TokenUse::Text
                   : p.type == PieceType::UserDefined && v.unigram
                       ? TokenUse::UserDefined
                       : TokenUse::Never;
    m.uses.push_back(use);
    AddedToken added{int32_t(i), false, false, false, false, false, true};
    if (unknown || p.type == PieceType::Control) {
      added.special = true;
      m.added.push_back(added);
    } else if (p.type == PieceType::UserDefined && !v.unigram) {
      added.normalized = added.verbatim = true;
      m.added.push_back(added);
    }
  }
  if (m.unkId < 0)
    return bad(0, "there is no unknown piece");
  return Status::ok();
}

Result<TokenizerModel> lowerPieces(PieceVocabulary v, const std::string &file) {
  TokenizerModel m;
  LLMC_CHECK(lowerTokens(v, m, file));
  m.kind = v.unigram ? ModelKind::Unigram : ModelKind::Bpe;
  m.byteFallback = v.byteFallback;
  m.fuseUnk = true;
  m.floatScores = v.unigram;
  lowerText(v, m);

  std::vector<int64_t> ranks(v.pieces.size(), -1);
  if (!v.unigram) {
    // Equal scores are equal ranks.
    std::vector<float> scores;
    for (const Piece &p : v.pieces)
      if (p.type == PieceType::Normal)
        scores.push_back(p.score);
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
    for (size_t i = 0; i < v.pieces.size(); ++i)
      if (v.pieces[i].type == PieceType::Normal)
        ranks[i] = std::lower_bound(scores.begin(), scores.end(),
                                    v.pieces[i].score, std::greater<>()) -
                   scores.begin();
  }
  for (Piece &p : v.pieces) {
    if (v.unigram)
      m.scores.push_back(double(p.score));
    m.tokens.push_back(std::move(p.text));
  }
  if (!v.unigram) {
    LLMC_TRY(m.merges, rankMerges(m.tokens, ranks, file));
  }
  auto known = [&](int32_t id) {
    return id >= 0 && size_t(id) < m.tokens.size() ? id : -1;
  };
  m.bosId = known(v.bosId);
  m.padId = known(v.padId);
  if (known(v.eosId) >= 0)
    m.eosIds = {v.eosId};
  return m;
}

} // namespace llmc::tokenizer
