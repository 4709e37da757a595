/// Compares encode() and decode() with text -> ids pairs that others publish.
///
///   tokenizer-conformance DATA          the `tokenizers` group of test data
///   tokenizer-conformance --match DATA  which models agree with a vocabulary
///   tokenizer-conformance --cases FOLDER[/FILE] CASES
///       CASES as readCases() takes them.
///
/// Prints a table on stdout and mismatches on stderr; exits 1 where one was.
#include "test/unit/tokenizer/ConformanceCases.h"

#include <cstdio>
#include <set>

using namespace llmc::tokenizer;
namespace fs = std::filesystem;

namespace {
/// Runs \p cases; returns how many failed.
size_t check(const Tokenizer &tokenizer, const std::vector<Case> &cases) {
  size_t failed = 0;
  for (const Case &c : cases)
    if (std::string difference = differenceOf(tokenizer, c);
        !difference.empty() && ++failed <= 5)
      std::fputs(difference.c_str(), stderr);
  return failed;
}

/// Checks one vocabulary, through the bytes of the section, and prints its row;
/// returns whether all is well.
bool runOne(const SharedData &data, const Vocabulary &v) {
  auto row = [&](size_t pairs, size_t passed, const std::string &why) {
    std::fputs(
        tableRow(SharedData::nameOf(v), v.kind, pairs, passed, why).c_str(),
        stdout);
  };
  if (!data.has(v)) {
    row(0, 0, "not there");
    return true;
  }
  std::vector<Case> cases = data.casesOf(v);
  auto read = data.read(v);
  if (!read) {
    row(cases.size(), 0, read.error().why);
    return false;
  }
  auto tokenizer = Tokenizer::load(serialize(read->model));
  if (!tokenizer) {
    row(cases.size(), 0, tokenizer.error().why);
    return false;
  }
  size_t failed = check(*tokenizer, cases);
  row(cases.size(), cases.size() - failed,
      cases.empty() ? "read; no pairs" : "");
  return failed == 0;
}

int runAll(const SharedData &data) {
  bool good = true;
  std::fputs(tableHead().c_str(), stdout);
  std::set<std::string> used;
  for (const Vocabulary &v : vocabularies) {
    used.insert(v.iree.begin(), v.iree.end());
    good &= runOne(data, v);
  }
  size_t models = 0, pairs = 0;
  for (auto &[name, model] : data.corpus.at("models").items())
    if (!used.contains(name))
      ++models, pairs += model.at("tests").size();
  std::printf("\n%zu models of iree-golden (%zu pairs) have no vocabulary "
              "there.\n",
              models, pairs);
  return good ? 0 : 1;
}

/// Says for each vocabulary which models of the corpus it agrees with.
int runMatch(const SharedData &data) {
  for (const Vocabulary &v : vocabularies) {
    auto read = data.read(v);
    if (!read)
      continue;
    auto tokenizer = Tokenizer::create(read->model);
    std::printf("%s\n", SharedData::nameOf(v).c_str());
    for (auto &[name, model] : data.corpus.at("models").items()) {
      std::vector<Case> cases = data.ireeCases(name);
      size_t same = 0;
      for (const Case &c : cases)
        same += differenceOf(*tokenizer, c).empty();
      if (same != 0)
        std::printf("  %s %zu of %zu\n", name.c_str(), same, cases.size());
    }
  }
  return 0;
}

int runCases(const fs::path &path, const char *file) {
  auto read = fs::is_directory(path)
                  ? readTokenizer(path.string())
                  : readTokenizer(path.parent_path().string(),
                                  path.filename().string());
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
  std::vector<Case> cases = readCases(file);
  size_t failed = check(*tokenizer, cases);
  std::printf("%zu cases, %zu failed\n", cases.size(), failed);
  return failed != 0;
}
} // namespace

int main(int argc, char **argv) {
  if (argc == 4 && std::string(argv[1]) == "--cases")
    return runCases(argv[2], argv[3]);
  bool match = argc == 3 && std::string(argv[1]) == "--match";
  if (argc != 2 && !match) {
    std::fputs("tokenizer-conformance DATA | --match DATA | "
               "--cases FOLDER[/FILE] CASES\n",
               stderr);
    return 2;
  }
  SharedData data(argv[argc - 1]);
  if (data.corpus.is_null()) {
    std::fprintf(stderr, "%s holds no iree-golden/corpus.json\n",
                 argv[argc - 1]);
    return 2;
  }
  return match ? runMatch(data) : runAll(data);
}
