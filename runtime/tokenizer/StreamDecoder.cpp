#include "runtime/tokenizer/StreamDecoder.h"

#include "runtime/tokenizer/CharacterSteps.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::tokenizer {

using Kind = DecoderStep::Kind;

StreamDecoder::StreamDecoder(const Tokenizer &tokenizer,
                             std::span<const int32_t> prompt,
                             DecodeOptions options)
    : model(tokenizer.model()), tokenizer(tokenizer), options(options),
      fuseAt(model.decoder.size()) {
  for (size_t i = 0; i < model.decoder.size(); ++i) {
    const DecoderStep &step = model.decoder[i];
    byteMap |= step.kind == Kind::ByteMap;
    byteFallback |= step.kind == Kind::ByteFallback;
    if (step.kind == Kind::WordEnd)
      wordEnd = step.pattern;
    if (step.kind == Kind::Fuse && fuseAt == model.decoder.size())
      fuseAt = i;
    stripsLeft.push_back(step.kind == Kind::StripLeft ? step.count : 0);
  }
  for (int32_t id : prompt)
    push(id);
}

/// \p text without up to \p count leading \p mark; returns how many went.
static uint32_t stripLeft(std::string &text, const std::string &mark,
                          uint32_t count) {
  uint32_t n = 0;
  while (n < count && text.compare(n * mark.size(), mark.size(), mark) == 0)
    ++n;
  text.erase(0, n * mark.size());
  return n;
}

/// What the tokenizers library calls cleanup, in the same order.
static std::string cleanUp(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (auto [from, to] : rules)
    text = replaceAll(text, from, to);
  return text;
}

std::string StreamDecoder::tokenText(std::string_view token) const {
  std::string text(token);
  for (size_t i = 0; i < fuseAt; ++i) {
    const DecoderStep &step = model.decoder[i];
    switch (step.kind) {
    case Kind::ReplaceLiteral:
      text = replaceAll(text, step.pattern, step.content);
      break;
    case Kind::Metaspace:
      text = replaceAll(text, step.pattern,
                        step.count != 0 && tokenCount == 0 ? "" : " ");
      break;
    case Kind::StripLeft:
      stripLeft(text, step.pattern, step.count);
      break;
    case Kind::JoinSpace:
      if (tokenCount != 0)
        text.insert(size_t(0), 1, ' ');
      break;
    case Kind::WordPiece:
      if (tokenCount != 0 && text.starts_with(step.pattern))
        text.erase(0, step.pattern.size());
      else if (tokenCount != 0)
        text.insert(size_t(0), 1, ' ');
      break;
    case Kind::CleanUp:
      text = cleanUp(std::move(text));
      break;
    case Kind::WordEnd:
    case Kind::ByteFallback:
    case Kind::ByteMap:
    case Kind::Fuse:
      break;
    }
  }
  return text;
}

/// The byte that "<0xHH>" spells, or -1.
static int fallbackByte(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  };
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>')
    return -1;
  int high = digit(text[3]), low = digit(text[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// The bytes of a token of a byte-level vocabulary; a text that is not of its
/// alphabet stands for itself.
static std::string mappedBytes(std::string_view text) {
  std::string bytes;
  for (std::string_view rest = text; !rest.empty();) {
    Utf8Head head = decodeOne(rest);
    rest.remove_prefix(head.length);
    int byte = letterToByte(head.codePoint);
    if (byte < 0)
      return std::string(text);
    bytes += char(byte);
  }
  return bytes;
}

/// Moves whole characters from pending to \p out.
void StreamDecoder::takeBytes(std::string &out, bool atEnd) {
  std::string_view rest = pending;
  while (!rest.empty()) {
    Utf8Head head = decodeOne(rest);
    if (head.state == Utf8Head::State::Incomplete && !atEnd)
      break;
    if (head.state == Utf8Head::State::Valid) {
      out.append(rest.substr(0, head.length));
    } else {
      // Byte tokens are replaced one by one, byte-level text by subparts.
      for (uint32_t i = 0; i < (byteMap ? 1 : head.length); ++i)
        out.append(replacementUtf8);
    }
    rest.remove_prefix(head.length);
  }
  pending.erase(0, pending.size() - rest.size());
}

void StreamDecoder::endByteRun(std::string &out) {
  if (wholeRuns && !isValidUtf8(pending)) {
    for (size_t i = 0; i < pending.size(); ++i)
      out.append(replacementUtf8);
    pending.clear();
  }
  takeBytes(out, /*atEnd=*/true);
}

/// Applies the strips behind Fuse, which see the beginning of the text only.
void StreamDecoder::strip(std::string &text) {
  for (size_t i = fuseAt; i < model.decoder.size(); ++i) {
    if (stripsLeft[i] == 0 || text.empty())
      continue;
    stripsLeft[i] -= stripLeft(text, model.decoder[i].pattern, stripsLeft[i]);
    if (!text.empty())
      stripsLeft[i] = 0;
  }
}

/// The bytes of \p id as it reads behind other tokens.
std::string StreamDecoder::bytesInside(int32_t id) {
  tokenCount = 1;
  bool joins =
      !model.decoder.empty() && model.decoder[0].kind == Kind::JoinSpace;
  std::string text = joins ? std::string(tokenizer.tokenText(id))
                           : tokenText(tokenizer.tokenText(id));
  if (byteMap)
    return mappedBytes(text);
  if (!wordEnd.empty())
    return replaceAll(text, wordEnd, " ");
  int byte = byteFallback ? fallbackByte(text) : -1;
  return byte >= 0 ? std::string(1, char(byte)) : text;
}

std::string StreamDecoder::push(int32_t id) {
  std::string_view token = tokenizer.tokenText(id);
  if (token.empty() || (options.skipSpecial && tokenizer.isSpecial(id)))
    return {};
  std::string out;
  std::string text = tokenText(token);
  ++tokenCount;
  if (byteMap) {
    pending += mappedBytes(text);
    takeBytes(out, /*atEnd=*/false);
    return out;
  }
  if (!wordEnd.empty()) {
    // What a word's end becomes is known when another token comes.
    out = replaceAll(pending, wordEnd, " ");
    size_t whole = std::min(text.find(wordEnd), text.size());
    pending = text.substr(whole);
    return out + text.substr(0, whole);
  }
  int byte = byteFallback ? fallbackByte(text) : -1;
  if (byte >= 0) {
    pending += char(byte);
    if (!wholeRuns)
      takeBytes(out, /*atEnd=*/false);
  } else {
    endByteRun(out);
    out += text;
  }
  strip(out);
  return out;
}

std::string StreamDecoder::flush() {
  std::string out;
  if (!wordEnd.empty()) {
    out = replaceAll(pending, wordEnd, "");
    pending.clear();
    return out;
  }
  endByteRun(out);
  strip(out);
  return out;
}

} // namespace llmc::tokenizer
