#include "runtime/verbs/LineBuffer.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <utf8proc.h>

namespace llmc {

using tokenizer::decodeOne;
using tokenizer::Utf8Head;

namespace {
constexpr size_t maxLine = 1 << 20;
constexpr size_t maxHistory = 500;

bool continues(char byte) { return (uint8_t(byte) & 0xC0) == 0x80; }
} // namespace

size_t displayWidth(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    columns += size_t(
        std::max(0, utf8proc_charwidth(utf8proc_int32_t(head.codePoint))));
    text.remove_prefix(head.length);
  }
  return columns;
}

std::string displayed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    Utf8Head head = decodeOne(text);
    char32_t c = head.codePoint;
    if (c == '\n')
      out += "\xE2\x86\xB5"; // Arrow of the return key.
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
      out += ' ';
    else
      tokenizer::appendUtf8(out, c);
    text.remove_prefix(head.length);
  }
  return out;
}

Key KeyReader::control(char byte) {
  switch (byte) {
  case 1:
    return Key::Home;
  case 2:
    return Key::Left;
  case 3:
    return Key::Interrupt;
  case 4:
    return Key::EndOfInput;
  case 5:
    return Key::End;
  case 6:
    return Key::Right;
  case 8:
  case 127:
    return Key::Backspace;
  case 11:
    return Key::KillToEnd;
  case 12:
    return Key::Clear;
  case 10:
  case 13:
    return Key::Enter;
  case 14:
    return Key::Down;
  case 16:
    return Key::Up;
  case 21:
    return Key::KillToStart;
  case 23:
    return Key::KillWord;
  case 25:
    return Key::Yank;
  case 26:
    return Key::Suspend;
  default:
    return Key::None;
  }
}

/// Sequences as terminals since the VT220 send them (xterm, "ctlseqs").
Key KeyReader::escape(char byte) {
  sequence += byte;
  std::string_view rest = std::string_view(sequence).substr(1);
  if (rest == "[" || rest == "O")
    return Key::None;
  bool csi = rest[0] == '[';
  if (csi && (byte < '@' || byte > '~') && sequence.size() < 16)
    return Key::None;
  std::string whole = std::move(sequence);
  sequence.clear();
  rest = std::string_view(whole).substr(1);
  if (rest == "[200~") {
    pasting = true;
    return Key::None;
  }
  constexpr std::pair<std::string_view, Key> known[] = {
      {"[A", Key::Up},          {"OA", Key::Up},
      {"[B", Key::Down},        {"OB", Key::Down},
      {"[C", Key::Right},       {"OC", Key::Right},
      {"[D", Key::Left},        {"OD", Key::Left},
      {"[H", Key::Home},        {"OH", Key::Home},
      {"[1~", Key::Home},       {"[7~", Key::Home},
      {"[F", Key::End},         {"OF", Key::End},
      {"[4~", Key::End},        {"[8~", Key::End},
      {"[3~", Key::Delete},     {"[1;5C", Key::WordRight},
      {"[1;3C", Key::WordRight}, {"f", Key::WordRight},
      {"[1;5D", Key::WordLeft}, {"[1;3D", Key::WordLeft},
      {"b", Key::WordLeft},     {"\x7f", Key::KillWord},
  };
  for (auto [text, key] : known)
    if (rest == text)
      return key;
  return Key::None;
}

Key KeyReader::push(char byte) {
  if (pasting) {
    constexpr std::string_view end = "\x1b[201~";
    // Terminals send a line break as a return; some text has both.
    if (byte != '\n' || !afterReturn)
      pasted += byte == '\r' ? '\n' : byte;
    afterReturn = byte == '\r';
    if (!pasted.ends_with(end) && pasted.size() < maxLine)
      return Key::None;
    if (pasted.ends_with(end))
      pasted.resize(pasted.size() - end.size());
    pasting = false;
    typed = tokenizer::sanitizeUtf8(pasted);
    pasted.clear();
    return Key::Character;
  }
  if (!sequence.empty() && sequence[0] == '\x1b')
    return escape(byte);
  if (byte == '\x1b') {
    sequence = byte;
    return Key::None;
  }
  if (uint8_t(byte) < 0x20 || byte == 0x7f) {
    sequence.clear();
    return control(byte);
  }
  sequence += byte;
  Utf8Head head = decodeOne(sequence);
  if (head.state == Utf8Head::State::Incomplete)
    return Key::None;
  typed = head.state == Utf8Head::State::Valid
              ? sequence
              : std::string(tokenizer::replacementUtf8);
  sequence.clear();
  return Key::Character;
}

size_t LineBuffer::before(size_t place) const {
  if (place > 0)
    for (--place; place > 0 && continues(text[place]);)
      --place;
  return place;
}

size_t LineBuffer::behind(size_t place) const {
  if (place < text.size())
    for (++place; place < text.size() && continues(text[place]);)
      ++place;
  return place;
}

size_t LineBuffer::wordBefore(size_t place) const {
  while (place > 0 && text[place - 1] == ' ')
    --place;
  while (place > 0 && text[place - 1] != ' ')
    --place;
  return place;
}

size_t LineBuffer::wordBehind(size_t place) const {
  while (place < text.size() && text[place] == ' ')
    ++place;
  while (place < text.size() && text[place] != ' ')
    ++place;
  return place;
}

void LineBuffer::cut(size_t begin, size_t end) {
  if (begin < end)
    killed = text.substr(begin, end - begin);
  text.erase(begin, end - begin);
  at = begin;
}

void LineBuffer::recall(size_t place) {
  if (place > history.size())
    return;
  if (shown == history.size())
    unfinished = text;
  shown = place;
  text = place == history.size() ? unfinished : history[place];
  at = text.size();
}

void LineBuffer::apply(Key key, std::string_view typed) {
  switch (key) {
  case Key::Character:
    if (text.size() + typed.size() > maxLine)
      return;
    text.insert(at, typed);
    at += typed.size();
    return;
  case Key::Yank:
    return apply(Key::Character, std::string(killed));
  case Key::Backspace: {
    size_t begin = before(at);
    text.erase(begin, at - begin);
    at = begin;
    return;
  }
  case Key::Delete:
    text.erase(at, behind(at) - at);
    return;
  case Key::Left:
    at = before(at);
    return;
  case Key::Right:
    at = behind(at);
    return;
  case Key::WordLeft:
    at = wordBefore(at);
    return;
  case Key::WordRight:
    at = wordBehind(at);
    return;
  case Key::Home:
    at = 0;
    return;
  case Key::End:
    at = text.size();
    return;
  case Key::KillToEnd:
    return cut(at, text.size());
  case Key::KillToStart:
    return cut(0, at);
  case Key::KillWord:
    return cut(wordBefore(at), at);
  case Key::Up:
    return shown > 0 ? recall(shown - 1) : void();
  case Key::Down:
    return recall(shown + 1);
  default:
    return;
  }
}

LineRow LineBuffer::row(size_t columns) const {
  // From the cursor on, because a paste may be much longer than a row.
  LineRow row;
  size_t begin = at, room = columns - 1; // One is the cursor's, behind all.
  while (begin > 0) {
    size_t next = before(begin);
    std::string shown = displayed(std::string_view(text).substr(next, begin - next));
    if (displayWidth(shown) > room)
      break;
    room -= displayWidth(shown);
    begin = next;
  }
  row.left = displayed(std::string_view(text).substr(begin, at - begin));
  size_t end = at;
  for (++room; end < text.size();) {
    size_t next = behind(end);
    std::string shown = displayed(std::string_view(text).substr(end, next - end));
    if (displayWidth(shown) > room)
      break;
    room -= displayWidth(shown);
    end = next;
  }
  row.right = displayed(std::string_view(text).substr(at, end - at));
  return row;
}

void LineBuffer::clear() {
  text.clear();
  at = 0;
  shown = history.size();
}

std::string LineBuffer::take() {
  std::string line = text;
  if (!line.empty() && (history.empty() || history.back() != line))
    history.push_back(line);
  if (history.size() > maxHistory)
    history.erase(history.begin());
  unfinished.clear();
  clear();
  return line;
}

} // namespace llmc
