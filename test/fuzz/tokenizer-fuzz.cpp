// The tokenizer against any bytes: a tokenizer.json, or where they begin with
// LTOK the section of a model.bin. What is accepted must serialize to bytes
// that load, and give text that is UTF-8.
//
//   clang++-22 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I. \
//     test/fuzz/tokenizer-fuzz.cpp frontends/tokenizer/*.cpp \
//     runtime/tokenizer/*.cpp runtime/support/{Error,File}.cpp \
//     -lpcre2-8 -lutf8proc -o fuzz && ./fuzz -max_len=20000 CORPUS
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <cstdlib>

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

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  std::vector<std::byte> section;
  if (text.starts_with("LTOK")) {
    auto bytes = reinterpret_cast<const std::byte *>(data);
    section.assign(bytes, bytes + size);
  } else {
    TokenizerFiles files;
    files.tokenizer = text;
    auto read = readTokenizer(files);
    if (!read)
      return 0;
    section = serialize(read->model);
  }
  auto tokenizer = Tokenizer::load(section);
  if (!tokenizer) {
    if (!text.starts_with("LTOK"))
      std::abort();
    return 0;
  }
  use(*tokenizer, "Hello  world\n\t12 </s><s> \xE4\xB8\x96\xF0\x9F\x99\x82 "
                  "e\xCC\x81 a b c");
  use(*tokenizer, text.substr(size - std::min<size_t>(size, 64)));
  return 0;
}
