#include "frontends/tokenizer/Advice.h"
#include "frontends/tokenizer/GgufVocabulary.h"
#include "frontends/tokenizer/PieceVocabulary.h"
#include "frontends/tokenizer/SplitPatterns.h"
#include "frontends/tokenizer/VocabularyFiles.h"

#include <unordered_map>

namespace llmc::tokenizer {

namespace {
class Lowering {
public:
  Lowering(GgufVocabulary &v, const std::string &file) : v(v), file(file) {}

  Result<TokenizerModel> run() {
    if (v.model == "llama" || v.model == "t5")
      return pieces();
    if (v.model == "gpt2")
      return byteLevel();
    if (v.model == "bert")
      return bert();
    return unsupported("the vocabulary is of the kind " + v.model);
  }

private:
  GgufVocabulary &v;
  const std::string &file;

  Error unsupported(std::string why) {
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 file, std::move(why), addJson};
  }
  Error bad(std::string where, std::string why) {
    return Error{Code::BadTokenizer,
                 "the vocabulary contradicts itself",
                 file + ": " + where,
                 std::move(why),
                 {}};
  }
  PieceType typeOf(size_t i) const {
    return v.types.empty() ? PieceType::Normal : PieceType(v.types[i]);
  }
  int32_t known(int64_t id) const {
    return id >= 0 && size_t(id) < v.tokens.size() ? int32_t(id) : -1;
  }
  Status checkTypes() {
    for (size_t i = 0; i < v.types.size(); ++i)
      if (v.types[i] < 1 || v.types[i] > 6)
        return bad("token " + std::to_string(i),
                   "its type is " + std::to_string(v.types[i]));
    return Status::ok();
  }
  /// bos, eos, pad, and what is put around a text.
  void addIds(TokenizerModel &m, bool bosByDefault, bool eosByDefault) {
    m.bosId = known(v.bosId);
    m.padId = known(v.padId);
    if (int32_t eos = known(v.eosId); eos >= 0)
      m.eosIds = {eos};
    if (v.addBos.value_or(bosByDefault) && m.bosId >= 0)
      m.prefixIds = {m.bosId};
    if (v.addEos.value_or(eosByDefault) && !m.eosIds.empty())
      m.suffixIds = {m.eosIds[0]};
  }

  Result<TokenizerModel> pieces() {
    LLMC_CHECK(checkTypes());
    if (v.scores.empty() || v.types.empty())
      return bad("metadata", "the vocabulary lacks scores or types");
    PieceVocabulary p;
    p.unigram = v.model == "t5";
    p.addDummyPrefix = v.addSpacePrefix.value_or(true);
    // Files of before the key was there are of models that keep all spaces.
    p.removeExtraWhitespaces = v.removeExtraWhitespaces.value_or(false);
    p.charsmap = std::move(v.charsmap);
    for (size_t i = 0; i < v.tokens.size(); ++i) {
      p.byteFallback |= typeOf(i) == PieceType::Byte;
      p.pieces.push_back({v.tokens[i], v.scores[i], typeOf(i)});
    }
    LLMC_TRY(TokenizerModel m, lowerPieces(std::move(p), file));
    bool unigram = m.kind == ModelKind::Unigram;
    addIds(m, !unigram, unigram);
    return m;
  }

  Result<TokenizerModel> byteLevel() {
    LLMC_CHECK(checkTypes());
    TokenizerModel m;
    // Files of before 2024 do not name the pattern; of two architectures it is
    // known that there was but one.
    bool neox = v.architecture == "gptneox";
    if (v.pre.empty() && (neox || v.architecture == "gpt2")) {
      v.pre = "gpt-2";
      if (neox)
        m.normalizer.push_back({NormalizerStep::Kind::Nfc, "", ""});
    }
    if (!appendGgufSplits(v.pre, m))
      return unsupported(v.pre.empty()
                             ? "it does not name its split pattern"
                             : "the split pattern " + v.pre + " is not known");
    addIds(m, false, false);
    std::unordered_map<std::string_view, int32_t> byText;
    for (size_t i = 0; i < v.tokens.size(); ++i) {
      PieceType type = typeOf(i);
      bool special = type == PieceType::Control || type == PieceType::Unknown;
      if (v.tokens[i].empty())
        return bad("token " + std::to_string(i), "it is empty");
      // An added token is looked for in the text; the first of a spelling is
      // the one that is found.
      if (!byText.emplace(v.tokens[i], int32_t(i)).second)
        return bad("token " + std::to_string(i),
                   "\"" + v.tokens[i] + "\" stands twice");
      if (special || type == PieceType::UserDefined)
        m.added.push_back(
            {int32_t(i), special, false, false, false, false, false});
    }
    std::string joined;
    for (size_t i = 0; i < v.merges.size(); ++i) {
      std::string_view line = v.merges[i];
      // A token may hold a space, but not begin with one.
      size_t space = line.find(' ', 1);
      auto find = [&](std::string_view text) {
        auto it = byText.find(text);
        return it == byText.end() ? -1 : it->second;
      };
      if (space == line.npos)
        return bad("merge " + std::to_string(i), "it is no pair");
      joined = line.substr(0, space);
      joined += line.substr(space + 1);
      Merge merge{find(line.substr(0, space)), find(line.substr(space + 1)),
                  find(joined)};
      if (merge.left < 0 || merge.right < 0 || merge.result < 0)
        return bad("merge " + std::to_string(i),
                   "it names what is no token: " + v.merges[i]);
      m.merges.push_back(merge);
    }
    m.tokens = std::move(v.tokens);
    m.decoder.push_back({DecoderStep::Kind::ByteMap, 0, "", ""});
    return m;
  }

  /// The format marks where a word begins ("▁"), vocab.txt where it goes on.
  Result<TokenizerModel> bert() {
    for (std::string &t : v.tokens) {
      if (t.starts_with("\xE2\x96\x81"))
        t.erase(0, 3);
      else if (!(t.starts_with('[') && t.ends_with(']')))
        t.insert(0, "##");
    }
    return bertModel(std::move(v.tokens), {}, file);
  }
};
} // namespace

Result<TokenizerModel> lowerGguf(GgufVocabulary v, const std::string &file) {
  return Lowering(v, file).run();
}

} // namespace llmc::tokenizer
