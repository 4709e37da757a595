/// Compares encode() and decode() with text -> ids pairs that others publish.
///
///   tokenizer-conformance DATA          the `tokenizers` group of test data
///   tokenizer-conformance --cases FOLDER FILE
///       FILE holds one JSON object a line: text, ids, and where they differ
///       from false: add_special, parse_special; optionally decoded
///       (with special tokens) and streamed.
///
/// Prints a table on stdout and each mismatch on stderr; exits 1 where one was.
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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

struct Vocabulary {
  const char *folder;
  std::vector<const char *> iree;
  std::vector<const char *> inpOut;
};

const std::vector<Vocabulary> vocabularies = {
    {"rten-reftests/models/gpt2",
     {"gpt2", "distilbert/distilgpt2", "EleutherAI/gpt-neo-125M",
      "EleutherAI/gpt-neo-1.3B", "cerebras/Cerebras-GPT-111M",
      "cerebras/Cerebras-GPT-1.3B", "tiktoken/r50k_base"},
     {"ggml-vocab-gpt-2.gguf"}},
    {"gpt-neox-20b",
     {"EleutherAI/gpt-neox-20b", "EleutherAI/pythia-410m",
      "EleutherAI/pythia-1.4b", "EleutherAI/pythia-6.9b",
      "togethercomputer/RedPajama-INCITE-7B-Base"},
     {}},
    {"ort-ext/llama2",
     {"NousResearch/Llama-2-7b-hf", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"},
     {"ggml-vocab-llama-spm.gguf"}},
    {"ort-ext/phi-3-mini", {"microsoft/Phi-3-mini-4k-instruct"}, {}},
    {"ort-ext/roberta-base",
     {"FacebookAI/roberta-base", "FacebookAI/roberta-large",
      "facebook/bart-base", "sentence-transformers/all-distilroberta-v1",
      "allenai/longformer-base-4096"},
     {}},
    {"ort-ext/clip",
     {"openai/clip-vit-base-patch16", "openai/clip-vit-base-patch32",
      "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"},
     {}},
    {"ort-ext/added-tokens", {}, {}},
};

int runAll(const fs::path &data) {
  json corpus = json::parse(readText(data / "iree-golden/corpus.json"));
  int failures = 0;
  std::printf("%-28s %7s %7s %7s\n", "vocabulary", "size", "cases", "failed");
  for (const Vocabulary &v : vocabularies) {
    auto read = readTokenizer((data / v.folder).string());
    if (!read) {
      std::printf("%-28s skipped: %s\n", v.folder, read.error().why.c_str());
      continue;
    }
    std::vector<std::byte> bytes = serialize(read->model);
    auto tokenizer = Tokenizer::load(bytes);
    if (!tokenizer) {
      std::printf("%-28s %s\n", v.folder, tokenizer.error().render().c_str());
      ++failures;
      continue;
    }
    std::vector<Case> cases;
    for (const char *name : v.iree)
      addIree(corpus, name, cases);
    for (const char *stem : v.inpOut)
      addInpOut(data / "llama.cpp-vocab" / stem, cases);
    if (std::string(v.folder).ends_with("gpt2")) {
      fs::path base = data / "rten-reftests";
      json golden =
          json::parse(readText(base / "monty-python-credits-gpt2.json"));
      cases.push_back({"monty-python-credits",
                       readText(base / "monty-python-credits.txt"),
                       golden.at("token_ids").get<std::vector<int32_t>>(),
                       {false, false},
                       {}});
    }
    int failed = check(*tokenizer, cases);
    std::printf("%-28s %7d %7zu %7d\n", v.folder, tokenizer->vocabSize(),
                cases.size(), failed);
    failures += failed;
  }
  return failures != 0;
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
  if (argc != 2) {
    std::fputs("tokenizer-conformance DATA | --cases FOLDER FILE\n", stderr);
    return 2;
  }
  return runAll(argv[1]);
}
