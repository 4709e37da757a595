/// Compares encode() and decode() with text -> ids pairs that others publish.
///
///   tokenizer-conformance DATA          the `tokenizers` group of test data
///   tokenizer-conformance --match DATA  which models agree with a vocabulary
///   tokenizer-conformance --cases FOLDER FILE
///       FILE holds one JSON object a line: text, ids, and where they differ
///       from false: add_special, parse_special; optionally decoded
///       (with special tokens) and streamed.
///
/// Prints a table on stdout and each mismatch on stderr; exits 1 where one was.
#include "ConformanceVocabularies.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

using namespace llmc::tokenizer;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {
struct Case {
  std::string source;
  std::string text;
  std::vector<int32_t> ids;
  EncodeOptions options{false, false};
  json decoded;
};

std::string readText(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Runs \p cases; returns how many failed.
int check(const Tokenizer &tokenizer, const std::vector<Case> &cases) {
  int failed = 0;
  for (const Case &c : cases) {
    auto ids = tokenizer.encode(c.text, c.options);
    bool same = ids && *ids == c.ids;
    std::string decoded = tokenizer.decode(c.ids, {false});
    bool sameText =
        c.decoded.is_null() || decoded == c.decoded.get<std::string>();
    if (same && sameText)
      continue;
    ++failed;
    if (failed > 5)
      continue;
    std::fprintf(stderr, "%s: %s\n", c.source.c_str(),
                 json(c.text.substr(0, 200))
                     .dump(-1, ' ', false, json::error_handler_t::replace)
                     .c_str());
    if (!ids)
      std::fprintf(stderr, "  %s\n", ids.error().render().c_str());
    else if (!same)
      std::fprintf(stderr, "  expected %s\n  got      %s\n",
                   json(c.ids).dump().substr(0, 400).c_str(),
                   json(*ids).dump().substr(0, 400).c_str());
    if (!sameText)
      std::fprintf(stderr, "  expected text %s\n  got      text %s\n",
                   c.decoded.dump().c_str(),
                   json(decoded)
                       .dump(-1, ' ', false, json::error_handler_t::replace)
                       .c_str());
  }
  return failed;
}

/// The `.inp`/`.out` pairs of llama.cpp: no special tokens are added.
void addInpOut(const fs::path &stem, std::vector<Case> &cases) {
  std::string inputs = readText(stem.string() + ".inp");
  std::istringstream outputs(readText(stem.string() + ".out"));
  const std::string mark = "\n__ggml_vocab_test__\n";
  std::string line;
  for (size_t from = 0; from < inputs.size() && std::getline(outputs, line);) {
    size_t end = std::min(inputs.find(mark, from), inputs.size());
    Case c{stem.filename(), inputs.substr(from, end - from), {}, {}, {}};
    c.options.addSpecial = false;
    std::istringstream numbers(line);
    for (int32_t id; numbers >> id;)
      c.ids.push_back(id);
    cases.push_back(std::move(c));
    from = end + mark.size();
  }
}

void addIree(const json &corpus, const std::string &name,
             std::vector<Case> &cases) {
  auto model = corpus.at("models").find(name);
  if (model == corpus.at("models").end())
    return;
  for (const json &test : model->at("tests"))
    cases.push_back({name + "/" + test.at("name").get<std::string>(),
                     test.at("input").get<std::string>(),
                     test.at("golden_ids").get<std::vector<int32_t>>(),
                     {test.value("add_special_tokens", true), true},
                     {}});
}

std::vector<Case> casesOf(const Vocabulary &v, const fs::path &data,
                          const json &corpus) {
  std::vector<Case> cases;
  for (const char *name : v.iree)
    addIree(corpus, name, cases);
  for (const char *stem : v.inpOut)
    addInpOut(data / "llama.cpp-vocab" / stem, cases);
  for (auto [text, ids] : v.texts) {
    json golden = json::parse(readText(data / "rten-reftests" / ids));
    cases.push_back({ids,
                     readText(data / "rten-reftests" / text),
                     golden.at("token_ids").get<std::vector<int32_t>>(),
                     {true, false},
                     {}});
  }
  return cases;
}

/// The vocabulary of GPT-2 as a file of tiktoken, which its r50k_base is.
std::string tiktokenOf(const TokenizerModel &gpt2) {
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

void printRow(const std::string &name, const char *kind, size_t pairs,
              size_t passed, const std::string &why) {
  std::printf("| %s | %s | %zu | %zu | %s |\n", name.c_str(), kind, pairs,
              passed, why.c_str());
}

/// Checks one vocabulary, through the bytes of the section, and prints its row;
/// returns whether all is well.
bool runOne(const std::string &name, const char *kind,
            const llmc::Result<ReadTokenizer> &read,
            const std::vector<Case> &cases) {
  if (!read) {
    printRow(name, kind, cases.size(), 0, read.error().why);
    return false;
  }
  auto tokenizer = Tokenizer::load(serialize(read->model));
  if (!tokenizer) {
    printRow(name, kind, cases.size(), 0, tokenizer.error().why);
    return false;
  }
  auto failed = size_t(check(*tokenizer, cases));
  printRow(name, kind, cases.size(), cases.size() - failed,
           cases.empty() ? "read; no pairs" : "");
  return failed == 0;
}

llmc::Result<ReadTokenizer> readVocabulary(const fs::path &data,
                                           const Vocabulary &v) {
  if (!std::string_view(v.file).ends_with(".model"))
    return readTokenizer((data / v.folder).string(), v.file);
  // What SentencePiece models lack is in a file that is not there.
  std::string bytes = readText(data / v.folder / v.file);
  TokenizerFiles files;
  files.name = v.file;
  files.tokenizer = bytes;
  files.tokenizerConfig = R"({"add_bos_token":true})";
  return readTokenizer(files);
}

int runAll(const fs::path &data) {
  json corpus = json::parse(readText(data / "iree-golden/corpus.json"));
  bool good = true;
  std::printf("| vocabulary | kind | pairs | passed | why not |\n"
              "|---|---|---|---|---|\n");
  std::set<std::string> used;
  for (const Vocabulary &v : vocabularies) {
    used.insert(v.iree.begin(), v.iree.end());
    good &= runOne(std::string(v.folder) + "/" + v.file, v.kind,
                   readVocabulary(data, v), casesOf(v, data, corpus));
  }
  auto gpt2 = readTokenizer((data / "rten-reftests/models/gpt2").string());
  if (gpt2) {
    Vocabulary v{"", "", "", {"tiktoken/r50k_base"}, {}};
    used.insert("tiktoken/r50k_base");
    std::string text = tiktokenOf(gpt2->model);
    TokenizerFiles files;
    files.name = "r50k_base.tiktoken";
    files.tokenizer = text;
    good &= runOne("r50k_base.tiktoken (made from GPT-2's)", "tiktoken",
                   readTokenizer(files), casesOf(v, data, corpus));
  }
  size_t models = 0, pairs = 0;
  for (auto &[name, model] : corpus.at("models").items())
    if (!used.contains(name))
      ++models, pairs += model.at("tests").size();
  std::printf("\n%zu models of iree-golden (%zu pairs) have no vocabulary "
              "there.\n",
              models, pairs);
  return good ? 0 : 1;
}

/// Says for each vocabulary which models of the corpus it agrees with.
int runMatch(const fs::path &data) {
  json corpus = json::parse(readText(data / "iree-golden/corpus.json"));
  for (const Vocabulary &v : vocabularies) {
    auto read = readVocabulary(data, v);
    if (!read)
      continue;
    auto tokenizer = Tokenizer::create(read->model);
    std::printf("%s/%s\n", v.folder, v.file);
    for (auto &[name, model] : corpus.at("models").items()) {
      std::vector<Case> cases;
      addIree(corpus, name, cases);
      size_t same = 0;
      for (const Case &c : cases) {
        auto ids = tokenizer->encode(c.text, c.options);
        same += ids && *ids == c.ids;
      }
      if (same != 0)
        std::printf("  %s %zu of %zu\n", name.c_str(), same, cases.size());
    }
  }
  return 0;
}

int runCases(const std::string &folder, const char *file) {
  auto read = readTokenizer(folder);
  if (!read) {
    std::fputs(read.error().render().c_str(), stderr);
    return 1;
  }
  for (const std::string &note : read->notes)
    std::fprintf(stderr, "note: %s\n", note.c_str());
  auto tokenizer = Tokenizer::load(serialize(read->model));
  if (!tokenizer) {
    std::fputs(tokenizer.error().render().c_str(), stderr);
    return 1;
  }
  std::vector<Case> cases;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    json j = json::parse(line);
    cases.push_back(
        {"line " + std::to_string(cases.size() + 1),
         j.at("text").get<std::string>(),
         j.at("ids").get<std::vector<int32_t>>(),
         {j.value("add_special", false), j.value("parse_special", false)},
         j.value("decoded", json())});
  }
  int failed = check(*tokenizer, cases);
  std::printf("%zu cases, %d failed\n", cases.size(), failed);
  return failed != 0;
}
} // namespace

int main(int argc, char **argv) {
  if (argc == 4 && std::string(argv[1]) == "--cases")
    return runCases(argv[2], argv[3]);
  if (argc == 3 && std::string(argv[1]) == "--match")
    return runMatch(argv[2]);
  if (argc != 2) {
    std::fputs("tokenizer-conformance DATA | --match DATA | "
               "--cases FOLDER FILE\n",
               stderr);
    return 2;
  }
  return runAll(argv[1]);
}
