#include "frontends/tokenizer/ModelReader.h"

#include "frontends/tokenizer/Advice.h"
#include "frontends/tokenizer/JsonFields.h"

#include <algorithm>
#include <unordered_map>

namespace llmc::tokenizer {

namespace {
Error bad(std::string where, std::string why) {
  return Error{Code::BadTokenizer,
               "tokenizer.json contradicts itself",
               std::move(where),
               std::move(why),
               {}};
}

const char notAVocabulary[] =
    "model.vocab is neither a map of texts to ids nor a list of texts and "
    "scores";

/// Texts end to end in one buffer.
struct TextPool {
  std::string bytes;
  std::vector<size_t> ends;

  void push(std::string_view text) {
    bytes += text;
    ends.push_back(bytes.size());
  }
  size_t size() const { return ends.size(); }
  std::string_view operator[](size_t i) const {
    size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(bytes).substr(begin, ends[i] - begin);
  }
};
} // namespace

struct ModelReader::State {
  bool inVocabulary = false;
  bool sawVocabulary = false;
  bool sawMerges = false;
  TextPool texts; // [vocabulary], and its ids.
  std::vector<int32_t> ids;
  std::vector<double> scores; // Where the vocabulary is a list, [vocabulary].
  TextPool parts;             // [2 * merges] left and right in turn.
  size_t partsOfItem = 0;

  std::unordered_map<std::string_view, int32_t> byText;

  std::string scored(const JsonValue &value);
  Status fillTokens(const JsonValue &root, TokenizerModel &model,
                    std::vector<std::string> &notes);
  bool splitLine(std::string_view line, std::string_view &left,
                 std::string_view &right) const;
  Status fillMerges(TokenizerModel &model);
};

ModelReader::ModelReader() : state(std::make_unique<State>()) {}
ModelReader::~ModelReader() = default;

bool ModelReader::wants(std::string_view path) {
  state->inVocabulary = path == "/model/vocab";
  state->sawVocabulary |= state->inVocabulary;
  bool merges = path == "/model/merges";
  state->sawMerges |= merges;
  return state->inVocabulary || merges;
}

/// One half of ["text", score]; the id is the place in the list.
std::string ModelReader::State::scored(const JsonValue &value) {
  bool number = value.isInteger() || value.kind == JsonValue::Kind::Real;
  ++partsOfItem;
  if (partsOfItem == 1 && value.isString() && scores.size() == texts.size()) {
    texts.push(value.string);
    ids.push_back(int32_t(ids.size()));
    return {};
  }
  if (partsOfItem == 2 && number) {
    scores.push_back(value.isInteger() ? double(value.integer) : value.real);
    return {};
  }
  return notAVocabulary;
}

std::string ModelReader::scalar(const std::string &key, int depth,
                                const JsonValue &value) {
  State &s = *state;
  if (s.inVocabulary && depth == 2)
    return s.scored(value);
  if (s.inVocabulary) {
    if (depth != 1 || !value.isInteger() || !s.scores.empty())
      return notAVocabulary;
    if (value.integer < 0 || value.integer > INT32_MAX)
      return "model.vocab gives the token \"" + key + "\" the id " +
             std::to_string(value.integer) + ", which is not from 0 to " +
             std::to_string(INT32_MAX);
    s.texts.push(key);
    s.ids.push_back(int32_t(value.integer));
    return {};
  }
  std::string wrong = "model.merges[" + std::to_string(s.parts.size() / 2) +
                      "] is not a pair of tokens";
  if (!value.isString())
    return wrong;
  if (depth == 2) {
    ++s.partsOfItem;
    s.parts.push(value.string);
    return {};
  }
  if (depth != 1)
    return wrong;
  std::string_view line = value.string;
  if (line.starts_with("#version"))
    return {};
  size_t space = line.find(' ');
  if (space == line.npos)
    return wrong;
  if (line.find(' ', space + 1) != line.npos) {
    // Which space parts the two is for the vocabulary to say.
    s.parts.push(line);
    s.parts.push("");
    return {};
  }
  s.parts.push(line.substr(0, space));
  s.parts.push(line.substr(space + 1));
  return {};
}

void ModelReader::beginItem() { state->partsOfItem = 0; }

std::string ModelReader::endItem() {
  if (state->inVocabulary)
    return state->partsOfItem == 2 ? "" : notAVocabulary;
  return state->partsOfItem == 2 ? "" : "model.merges is not a list of pairs";
}

Status ModelReader::State::fillTokens(const JsonValue &root,
                                      TokenizerModel &model,
                                      std::vector<std::string> &notes) {
  Fields fields(&root, "tokenizer.json");
  const std::vector<JsonValue> &addedList = fields.items("added_tokens");
  if (!fields.problem.empty())
    return bad("tokenizer.json", fields.problem);

  for (size_t i = 0; i < texts.size(); ++i)
    if (!byText.emplace(texts[i], ids[i]).second)
      return bad("model.vocab",
                 "\"" + std::string(texts[i]) + "\" stands twice");

  struct Added {
    std::string text;
    AddedToken token;
  };
  std::vector<Added> added;
  for (size_t i = 0; i < addedList.size(); ++i) {
    Fields f(&addedList[i], "added_tokens[" + std::to_string(i) + "]");
    int64_t id = f.integer("id", -1);
    std::string text = f.text("content");
    if (!f.problem.empty() || id < 0 || id > INT32_MAX || text.empty())
      return bad("added_tokens[" + std::to_string(i) + "]",
                 f.problem.empty() ? "it has no id or no content" : f.problem);
    auto known = byText.find(text);
    bool inModel = known != byText.end();
    if (inModel && known->second != id) {
      notes.push_back("added token " + text + " has id " + std::to_string(id) +
                      ", but " + std::to_string(known->second) +
                      " in the vocabulary, which is used");
      id = known->second;
    }
    // Defaults of the tokenizers library.
    bool special = f.flag("special", false);
    added.push_back({std::move(text),
                     {int32_t(id), special, f.flag("single_word", false),
                      f.flag("lstrip", false), f.flag("rstrip", false),
                      f.flag("normalized", !special), inModel}});
    if (!f.problem.empty())
      return bad("added_tokens", f.problem);
  }

  // A sparse vocabulary would make a small file ask for much memory.
  int64_t last = -1;
  for (int32_t id : ids)
    last = std::max<int64_t>(last, id);
  for (const Added &a : added)
    last = std::max<int64_t>(last, a.token.id);
  size_t count = ids.size() + added.size();
  if (last >= int64_t(count) * 2 + 65536)
    return bad("model.vocab", "its largest id is " + std::to_string(last) +
                                  " but it has " + std::to_string(count) +
                                  " tokens");
  model.tokens.resize(size_t(last + 1));
  for (size_t i = 0; i < ids.size(); ++i) {
    std::string &slot = model.tokens[size_t(ids[i])];
    if (!slot.empty())
      return bad("model.vocab",
                 "id " + std::to_string(ids[i]) + " belongs to two tokens");
    slot = texts[i];
  }
  std::vector<bool> seen(model.tokens.size());
  for (Added &a : added) {
    auto id = size_t(a.token.id);
    if (seen[id] && model.tokens[id] == a.text)
      continue; // Repeated as it is.
    if (!a.token.inModel && !model.tokens[id].empty())
      return bad("added_tokens", "id " + std::to_string(id) + " of " + a.text +
                                     " belongs to " + model.tokens[id]);
    seen[id] = true;
    model.tokens[id] = std::move(a.text);
    model.added.push_back(a.token);
  }
  return Status::ok();
}

/// Finds the one space of \p line at which two tokens meet that make a third.
bool ModelReader::State::splitLine(std::string_view line,
                                   std::string_view &left,
                                   std::string_view &right) const {
  size_t ways = 0;
  for (size_t at = line.find(' '); at != line.npos;
       at = line.find(' ', at + 1)) {
    std::string joined(line.substr(0, at));
    joined += line.substr(at + 1);
    if (!byText.contains(line.substr(0, at)) ||
        !byText.contains(line.substr(at + 1)) || !byText.contains(joined))
      continue;
    left = line.substr(0, at);
    right = line.substr(at + 1);
    ++ways;
  }
  return ways == 1;
}

Status ModelReader::State::fillMerges(TokenizerModel &model) {
  model.merges.reserve(parts.size() / 2);
  std::string joined;
  for (size_t i = 0; i + 1 < parts.size(); i += 2) {
    std::string_view left = parts[i], right = parts[i + 1];
    if (right.empty() && !splitLine(left, left, right))
      return bad("model.merges[" + std::to_string(i / 2) + "]",
                 "merges need two tokens, and one way to tell them: \"" +
                     std::string(left) + "\"");
    joined = left;
    joined += right;
    Merge merge;
    for (auto [text, id] :
         {std::pair{left, &merge.left}, std::pair{right, &merge.right},
          std::pair{std::string_view(joined), &merge.result}}) {
      auto it = byText.find(text);
      if (it == byText.end())
        return bad("model.merges[" + std::to_string(i / 2) + "]",
                   "\"" + std::string(text) + "\" is not in the vocabulary");
      *id = it->second;
    }
    model.merges.push_back(merge);
  }
  return Status::ok();
}

Status ModelReader::finish(const JsonValue &root, TokenizerModel &model,
                           std::vector<std::string> &notes) {
  auto unsupported = [](std::string why, std::string fix = otherThanJson) {
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 "tokenizer.json: model", std::move(why), std::move(fix)};
  };
  Fields f(root.find("model"), "model");
  // Old files leave the type out; only BPE has merges.
  std::string type = f.text("type", state->sawMerges ? "BPE" : "");
  bool scored = !state->scores.empty();
  if (!state->sawVocabulary)
    return bad("tokenizer.json", "the model has no vocab");
  if (type == "BPE") {
    if (!state->sawMerges)
      return bad("tokenizer.json", "the model has no merges");
    model.kind = ModelKind::Bpe;
    const JsonValue *dropout = f.find("dropout");
    if (dropout && (dropout->real != 0 || dropout->integer != 0))
      return unsupported("dropout makes the ids random",
                         "set model.dropout to null: it is for training");
    if (!f.text("continuing_subword_prefix").empty())
      return unsupported("continuing_subword_prefix is set");
    model.endOfWordSuffix = f.text("end_of_word_suffix");
    model.fuseUnk = f.flag("fuse_unk", false);
    model.byteFallback = f.flag("byte_fallback", false);
    model.ignoreMerges = f.flag("ignore_merges", false);
  } else if (type == "Unigram") {
    model.kind = ModelKind::Unigram;
    model.byteFallback = f.flag("byte_fallback", false);
  } else if (type == "WordPiece") {
    model.kind = ModelKind::WordPiece;
    model.continuingPrefix = f.text("continuing_subword_prefix", "##");
    int64_t longest = f.integer("max_input_chars_per_word", 100);
    if (longest < 1 || longest > UINT32_MAX)
      return bad("model", "max_input_chars_per_word is out of range");
    model.maxWordCharacters = uint32_t(longest);
  } else if (type == "WordLevel") {
    model.kind = ModelKind::WordLevel;
  } else {
    return unsupported(type.empty()
                           ? "the model has no type"
                           : "the model " + type + " is not supported");
  }
  if (scored != (model.kind == ModelKind::Unigram))
    return bad("model.vocab", scored ? "only Unigram has scores"
                                     : "Unigram needs texts and scores");
  std::string unk;
  if (model.kind == ModelKind::Unigram) {
    int64_t id = f.integer("unk_id", -1);
    if (id < 0 || size_t(id) >= state->texts.size())
      return unsupported("Unigram without an unknown token",
                         "set model.unk_id to the place in model.vocab of the "
                         "token for unknown text");
    model.unkId = int32_t(id);
  } else {
    unk = f.text("unk_token", model.kind == ModelKind::WordPiece   ? "[UNK]"
                              : model.kind == ModelKind::WordLevel ? "<unk>"
                                                                   : "");
  }
  if (!f.problem.empty())
    return bad("tokenizer.json", f.problem);

  LLMC_CHECK(state->fillTokens(root, model, notes));
  if (scored) {
    model.scores = std::move(state->scores);
    model.scores.resize(model.tokens.size());
  }
  if (!unk.empty()) {
    auto it = state->byText.find(unk);
    if (it == state->byText.end())
      return bad("model.unk_token", unk + " is not in the vocabulary");
    model.unkId = it->second;
  }
  return state->fillMerges(model);
}

} // namespace llmc::tokenizer
