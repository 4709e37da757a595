#include "test/unit/tokenizer/ConformanceCases.h"

#include "runtime/tokenizer/Unicode.h"

#include <fstream>
#include <sstream>

namespace llmc::tokenizer {

using nlohmann::json;
namespace fs = std::filesystem;

static std::string readBytes(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Case> readCases(const fs::path &file) {
  std::vector<Case> cases;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    json j = json::parse(line);
    auto optional = [&](const char *key) {
      return j.contains(key) ? std::optional(j.at(key).get<std::string>())
                             : std::nullopt;
    };
    cases.push_back(
        {file.parent_path().filename().string() + ", line " +
             std::to_string(cases.size() + 1),
         j.at("text").get<std::string>(),
         j.at("ids").get<std::vector<int32_t>>(),
         {j.value("add_special", false), j.value("parse_special", false)},
         optional("decoded"),
         optional("plain")});
  }
  return cases;
}

/// The `.inp`/`.out` pairs of llama.cpp: no special tokens are added.
static void addInpOut(const fs::path &stem, std::vector<Case> &cases) {
  std::string inputs = readBytes(stem.string() + ".inp");
  std::istringstream outputs(readBytes(stem.string() + ".out"));
  const std::string mark = "\n__ggml_vocab_test__\n";
  std::string line;
  for (size_t from = 0; from < inputs.size() && std::getline(outputs, line);) {
    size_t end = std::min(inputs.find(mark, from), inputs.size());
    Case c{stem.filename(), inputs.substr(from, end - from), {}};
    std::istringstream numbers(line);
    for (int32_t id; numbers >> id;)
      c.ids.push_back(id);
    cases.push_back(std::move(c));
    from = end + mark.size();
  }
}

/// The vocabulary of GPT-2 as a file of tiktoken, which its r50k_base is.
static std::string tiktokenOf(const TokenizerModel &gpt2) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t id = 0; id + 1 < gpt2.tokens.size(); ++id) {
    std::string bytes, line;
    for (std::string_view rest = gpt2.tokens[id]; !rest.empty();) {
      Utf8Head head = decodeOne(rest);
      bytes += char(letterToByte(head.codePoint));
      rest.remove_prefix(head.length);
    }
    for (size_t i = 0; i < bytes.size(); i += 3) {
      uint32_t group = 0;
      size_t n = std::min<size_t>(3, bytes.size() - i);
      for (size_t k = 0; k < 3; ++k)
        group = group << 8 | (k < n ? uint8_t(bytes[i + k]) : 0u);
      for (size_t k = 0; k < 4; ++k)
        line += k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    out += line + " " + std::to_string(id) + "\n";
  }
  return out;
}

static constexpr const char *gpt2Folder = "rten-reftests/models/gpt2";
static bool isTiktoken(const Vocabulary &v) {
  return std::string_view(v.file).ends_with(".tiktoken");
}

SharedData::SharedData(fs::path path) : folder(std::move(path)) {
  fs::path golden = folder / "iree-golden/corpus.json";
  if (fs::exists(golden))
    corpus = json::parse(readBytes(golden));
}

bool SharedData::has(const Vocabulary &v) const {
  return fs::exists(isTiktoken(v) ? folder / gpt2Folder / "tokenizer.json"
                                  : folder / v.folder / v.file);
}

std::string SharedData::nameOf(const Vocabulary &v) {
  return isTiktoken(v) ? std::string(v.file) + " (made from GPT-2's)"
                       : std::string(v.folder) + "/" + v.file;
}

Result<ReadTokenizer> SharedData::read(const Vocabulary &v) const {
  std::string bytes;
  TokenizerFiles files;
  files.name = v.file;
  if (isTiktoken(v)) {
    LLMC_TRY(ReadTokenizer gpt2, readTokenizer((folder / gpt2Folder).string()));
    bytes = tiktokenOf(gpt2.model);
  } else if (std::string_view(v.file).ends_with(".model")) {
    // What SentencePiece models lack is in a file that is not there.
    bytes = readBytes(folder / v.folder / v.file);
    files.tokenizerConfig = R"({"add_bos_token":true})";
  } else {
    return readTokenizer((folder / v.folder).string(), v.file);
  }
  files.tokenizer = bytes;
  return readTokenizer(files);
}

std::vector<Case> SharedData::ireeCases(const std::string &name) const {
  std::vector<Case> cases;
  if (!corpus.contains("models") || !corpus.at("models").contains(name))
    return cases;
  for (const json &test : corpus.at("models").at(name).at("tests"))
    cases.push_back({name + "/" + test.at("name").get<std::string>(),
                     test.at("input").get<std::string>(),
                     test.at("golden_ids").get<std::vector<int32_t>>(),
                     {test.value("add_special_tokens", true), true}});
  return cases;
}

std::vector<Case> SharedData::casesOf(const Vocabulary &v) const {
  std::vector<Case> cases;
  for (const char *name : v.iree)
    for (Case &c : ireeCases(name))
      cases.push_back(std::move(c));
  for (const char *stem : v.inpOut)
    addInpOut(folder / "llama.cpp-vocab" / stem, cases);
  for (auto [text, ids] : v.texts) {
    json golden = json::parse(readBytes(folder / "rten-reftests" / ids));
    cases.push_back({ids,
                     readBytes(folder / "rten-reftests" / text),
                     golden.at("token_ids").get<std::vector<int32_t>>(),
                     {true, false}});
  }
  return cases;
}

static std::string quoted(const std::string &text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string differenceOf(const Tokenizer &tokenizer, const Case &c) {
  std::string out;
  auto compare = [&](const char *what, const std::string &expected,
                     const std::string &got) {
    if (expected != got)
      out += std::string("  ") + what + " expected " + expected.substr(0, 400) +
             "\n  " + what + " got      " + got.substr(0, 400) + "\n";
  };
  auto ids = tokenizer.encode(c.text, c.options);
  if (!ids)
    out += "  " + ids.error().render();
  else if (*ids != c.ids)
    compare("ids", json(c.ids).dump(), json(*ids).dump());
  if (c.decoded)
    compare("text", quoted(*c.decoded),
            quoted(tokenizer.decode(c.ids, {false})));
  if (c.plain)
    compare("plain text", quoted(*c.plain), quoted(tokenizer.decode(c.ids)));
  return out.empty()
             ? out
             : c.source + ": " + quoted(c.text.substr(0, 200)) + "\n" + out;
}

std::string tableHead() {
  return "| vocabulary | kind | pairs | passed | why not |\n"
         "|---|---|---|---|---|\n";
}

std::string tableRow(const std::string &name, const std::string &kind,
                     size_t pairs, size_t passed, const std::string &why) {
  return "| " + name + " | " + kind + " | " + std::to_string(pairs) + " | " +
         std::to_string(passed) + " | " + why + " |\n";
}

} // namespace llmc::tokenizer
