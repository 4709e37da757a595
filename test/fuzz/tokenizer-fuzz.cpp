// The tokenizer against any bytes: what they begin with says which reader gets
// them (LTOK: the section of a model.bin, GGUF, "{": tokenizer.json; a line
// feed for SentencePiece; else the lists of tiktoken, RWKV and BERT in turn).
// What is accepted must serialize to bytes that load, and give text that is
// UTF-8.
//
// With libFuzzer (-fsanitize=fuzzer -DLLMC_LIBFUZZER) the entry alone is used.
// As a normal program it replays files, or all files beneath folders:
//   tokenizer-fuzz [--mutate N] PATH...
//   tokenizer-fuzz --section FOLDER FILE > SEED
// --mutate also tries N damaged copies of each, the same ones every time;
// --section writes what a model.bin holds of the vocabulary FOLDER/FILE.
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace llmc;
using namespace llmc::tokenizer;

static void use(const Tokenizer &tokenizer, std::string_view text) {
  for (bool parseSpecial : {false, true}) {
    auto ids = tokenizer.encode(text, {true, parseSpecial});
    if (!ids)
      continue;
    StreamDecoder decoder(tokenizer);
    for (int32_t id : *ids) {
      if (id < 0 || id >= tokenizer.vocabSize() ||
          !isValidUtf8(decoder.push(id)))
        std::abort();
      (void)tokenizer.tokenBytes(id);
    }
    if (!isValidUtf8(decoder.flush()) || !isValidUtf8(tokenizer.decode(*ids)))
      std::abort();
  }
}

static void check(const char *name, std::string_view text) {
  TokenizerFiles files;
  files.name = name;
  files.tokenizer = text;
  auto read = readTokenizer(files);
  if (!read)
    return;
  auto tokenizer = Tokenizer::load(serialize(read->model));
  if (!tokenizer)
    std::abort();
  use(*tokenizer, "Hello  world\n\t12 </s><s> \xE4\xB8\x96\xF0\x9F\x99\x82 "
                  "e\xCC\x81 a b c");
  use(*tokenizer, text.substr(text.size() - std::min<size_t>(text.size(), 64)));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  if (text.starts_with("LTOK")) {
    auto tokenizer =
        Tokenizer::load({reinterpret_cast<const std::byte *>(data), size});
    if (tokenizer)
      use(*tokenizer, text.substr(size - std::min<size_t>(size, 64)));
  } else if (text.starts_with("GGUF")) {
    check("x.gguf", text);
  } else if (text.starts_with("{")) {
    check("tokenizer.json", text);
  } else if (text.starts_with("\n")) {
    check("tokenizer.model", text);
  } else {
    check("r50k_base.tiktoken", text);
    check("rwkv_vocab.txt", text);
    check("vocab.txt", text);
  }
  return 0;
}

#ifndef LLMC_LIBFUZZER

/// Changes, cuts or repeats some bytes.
static void damage(std::string &bytes, std::mt19937_64 &random) {
  for (size_t edits = 1 + random() % 4; edits > 0 && !bytes.empty(); --edits) {
    size_t at = random() % bytes.size();
    switch (random() % 4) {
    case 0:
      bytes[at] = char(random());
      break;
    case 1:
      bytes.erase(at, 1 + random() % 16);
      break;
    case 2:
      bytes.insert(at, bytes.substr(random() % bytes.size(), 16));
      break;
    case 3:
      if (random() % 4 == 0)
        bytes.resize(at);
      break;
    }
  }
}

static int writeSection(const char *folder, const char *file) {
  auto read = readTokenizer(folder, file);
  if (!read) {
    std::fputs(read.error().render().c_str(), stderr);
    return 1;
  }
  std::vector<std::byte> bytes = serialize(read->model);
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() ? 0
                                                                            : 1;
}

int main(int argc, char **argv) {
  namespace fs = std::filesystem;
  if (argc == 4 && std::string_view(argv[1]) == "--section")
    return writeSection(argv[2], argv[3]);
  size_t mutations = 0;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--mutate" && i + 1 < argc) {
      mutations = std::strtoull(argv[++i], nullptr, 10);
    } else if (fs::is_directory(argv[i])) {
      for (const auto &entry : fs::recursive_directory_iterator(argv[i]))
        if (entry.is_regular_file())
          paths.push_back(entry.path());
    } else {
      paths.push_back(argv[i]);
    }
  }
  std::sort(paths.begin(), paths.end());
  auto feed = [](const std::string &bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()),
                           bytes.size());
  };
  for (const std::string &path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    feed(bytes);
    std::mt19937_64 random(bytes.size());
    for (size_t i = 0; i < mutations; ++i) {
      std::string damaged = bytes;
      damage(damaged, random);
      feed(damaged);
    }
  }
  std::printf("%zu files replayed\n", paths.size());
  return paths.empty() ? 2 : 0;
}

#endif
