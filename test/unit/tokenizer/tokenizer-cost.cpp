/// What tokenizing costs: CPU time and memory for long hostile texts and for
/// ordinary ones, over vocabularies that are not part of the project.
///
///   tokenizer-cost DATA [--only NAME] [--megabytes N]
///                  [--characters | --every-character] [TEXT...]
///
/// DATA is the `tokenizers` group of test data, or the file of one vocabulary;
/// each TEXT is a file that is repeated to N megabytes (10). --characters
/// leaves out hostile texts of more than one character; --every-character looks
/// for the eight slowest of all characters (of ideographs and syllables, each
/// 61st) with short texts, and measures these. Each cell is seconds of CPU and,
/// behind the slash, the most bytes of memory for a byte of text, or why there
/// are no ids.
#include "ConformanceVocabularies.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llmc::tokenizer;

namespace {
struct Text {
  std::string name;
  std::string bytes;
};

std::string repeated(std::string_view unit, size_t size) {
  std::string out;
  out.reserve(size + unit.size());
  while (out.size() + unit.size() <= size)
    out += unit;
  return out;
}

std::vector<Text> hostileTexts(size_t size, bool charactersOnly) {
  std::vector<Text> all;
  auto add = [&](const char *name, std::string bytes) {
    all.push_back({name, std::move(bytes)});
  };
  for (auto [name, unit] : {std::pair{"a", "a"},
                            {"space", " "},
                            {"line feed", "\n"},
                            {"0", "0"},
                            {"U+E9", "\xC3\xA9"},
                            {"U+4E2D", "\xE4\xB8\xAD"},
                            {"U+1F600", "\xF0\x9F\x98\x80"},
                            {"U+301", "\xCC\x81"},
                            {".", "."},
                            {"A", "A"},
                            {"<", "<"},
                            {"U+FDFA", "\xEF\xB7\xBA"}, // 18 in NFKC.
                            {"U+3316", "\xE3\x8C\x96"}, // 6, no space.
                            {"U+1F82", "\xE1\xBE\x82"}, // 4 in NFD.
                            {"U+AC01", "\xEA\xB0\x81"}})
    add(name, repeated(unit, size));
  add("NUL", std::string(size, '\0'));
  add("not UTF-8", std::string(size / 3, '\xFF'));
  if (charactersOnly)
    return all;
  for (const char *unit :
       {"ab", "a ", " \n", "aA", "a1", "'s", "e\xCC\x81", "<|endoftext|", "<s",
        "\xE4\xB8\xAD"
        "a"})
    add(unit, repeated(unit, size));
  add("spaces, x", std::string(size - 1, ' ') + "x");
  add("line feed, spaces, x", "\n" + std::string(size - 2, ' ') + "x");
  std::mt19937 random(1);
  std::string letters(size, 'a'), bits(size, 'a');
  for (char &c : letters)
    c = char('a' + random() % 26);
  for (char &c : bits)
    c = char('a' + random() % 2);
  add("random letters", std::move(letters));
  add("random a and b", std::move(bits));
  return all;
}

struct Cost {
  double seconds = 0;
  double bytesPerByte = 0;
  char why[80] = "";
};

/// Encodes in a process of its own, whose memory can be told apart.
Cost measure(const Tokenizer &tokenizer, const std::string &text) {
  int ends[2];
  Cost cost;
  if (pipe(ends) != 0)
    return cost;
  pid_t child = fork();
  if (child == 0) {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    clock_t began = clock();
    auto ids = tokenizer.encode(text, {true, true});
    cost.seconds = double(clock() - began) / CLOCKS_PER_SEC;
    getrusage(RUSAGE_SELF, &after);
    cost.bytesPerByte =
        double(after.ru_maxrss - before.ru_maxrss) * 1024 / double(text.size());
    if (!ids)
      std::snprintf(cost.why, sizeof cost.why, "%s", ids.error().why.c_str());
    bool written = write(ends[1], &cost, sizeof cost) == sizeof cost;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &cost, sizeof cost) != sizeof cost)
    std::snprintf(cost.why, sizeof cost.why, "it crashed");
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return cost;
}

/// The texts of \p size of the characters that take longest.
std::vector<Text> slowestTexts(const Tokenizer &tokenizer, size_t size) {
  constexpr size_t shortSize = 60'000, wanted = 8;
  std::vector<std::pair<double, char32_t>> all;
  for (char32_t c = 0; c < 0xE1000; ++c) {
    bool dense = (c >= 0x3400 && c < 0xA000) || (c >= 0xAC00 && c < 0xD800) ||
                 (c >= 0xE000 && c < 0xF900) || c >= 0x17000;
    std::string category = categoryName(c);
    if (category == "Cn" || category == "Cs" || category == "Co" ||
        (dense && c % 61 != 0 && (c < 0x1D000 || c >= 0x20000)))
      continue;
    std::string unit;
    appendUtf8(unit, c);
    std::string text = repeated(unit, shortSize);
    clock_t began = clock();
    auto ids = tokenizer.encode(text, {true, true});
    all.push_back({ids ? double(clock() - began) : 1e9, c});
  }
  std::sort(all.rbegin(), all.rend());
  std::vector<Text> texts;
  for (size_t i = 0; i < std::min(wanted, all.size()); ++i) {
    std::string unit;
    appendUtf8(unit, all[i].second);
    char name[16];
    std::snprintf(name, sizeof name, "U+%04X", unsigned(all[i].second));
    texts.push_back({name, repeated(unit, size)});
  }
  return texts;
}

/// Measures all \p texts with the vocabulary \p file of \p folder; where there
/// are none, those of \p size that take longest.
void measureAll(const std::string &folder, const std::string &file,
                const char *kind, std::vector<Text> texts, size_t size) {
  auto read = readTokenizer(folder, file);
  auto tokenizer = read ? Tokenizer::create(std::move(read->model))
                        : llmc::Result<Tokenizer>(read.error());
  if (!tokenizer) {
    std::printf("%s: %s\n", file.c_str(), tokenizer.error().why.c_str());
    return;
  }
  std::printf("%s/%s %s\n", folder.c_str(), file.c_str(), kind);
  if (texts.empty())
    texts = slowestTexts(*tokenizer, size);
  for (const Text &text : texts) {
    Cost cost = measure(*tokenizer, text.bytes);
    std::printf("  %-22s %6.2f s /%5.1f  %s\n", text.name.c_str(), cost.seconds,
                cost.bytesPerByte, cost.why);
    std::fflush(stdout);
  }
}
} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fputs("tokenizer-cost DATA [--only NAME] [--megabytes N] "
               "[--characters | --every-character] [TEXT...]\n",
               stderr);
    return 2;
  }
  std::string data = argv[1], only;
  size_t size = 10'000'000;
  bool charactersOnly = false, everyCharacter = false;
  std::vector<Text> texts;
  for (int i = 2; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--only") && i + 1 < argc) {
      only = argv[++i];
    } else if (!std::strcmp(argv[i], "--megabytes") && i + 1 < argc) {
      size = std::strtoull(argv[++i], nullptr, 10) * 1'000'000;
    } else if (!std::strcmp(argv[i], "--characters")) {
      charactersOnly = true;
    } else if (!std::strcmp(argv[i], "--every-character")) {
      everyCharacter = true;
    } else {
      std::ifstream in(argv[i], std::ios::binary);
      std::stringstream bytes;
      bytes << in.rdbuf();
      texts.push_back({argv[i], repeated(bytes.str(), size)});
    }
  }
  if (texts.empty() && !everyCharacter)
    texts = hostileTexts(size, charactersOnly);
  namespace fs = std::filesystem;
  if (fs::path path(data); fs::is_regular_file(path)) {
    measureAll(path.parent_path(), path.filename(), "", texts, size);
    return 0;
  }
  for (const Vocabulary &v : vocabularies)
    if (*v.folder &&
        (std::string(v.folder) + "/" + v.file).find(only) != std::string::npos)
      measureAll(data + "/" + v.folder, v.file, v.kind, texts, size);
  return 0;
}
