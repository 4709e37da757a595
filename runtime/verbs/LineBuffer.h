/// A line that is being edited: text, cursor and history, without a terminal.
#ifndef LLMC_RUNTIME_VERBS_LINEBUFFER_H
#define LLMC_RUNTIME_VERBS_LINEBUFFER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

enum class Key : uint8_t {
  None,
  Character, ///< Text to insert.
  Enter,
  EndOfInput, ///< Ctrl-D.
  Interrupt,  ///< Ctrl-C.
  Backspace,
  Delete,
  Left,
  Right,
  WordLeft,
  WordRight,
  Home,
  End,
  Up,
  Down,
  KillToEnd,   ///< Ctrl-K
  KillToStart, ///< Ctrl-U
  KillWord,    ///< Ctrl-W
  Yank,        ///< Ctrl-Y
  Clear,       ///< Ctrl-L: of the screen.
  Suspend,     ///< Ctrl-Z: of the program.
};

/// Bytes of a terminal to keys; a paste in brackets is one text, whatever line
/// breaks are in it.
class KeyReader {
public:
  /// Takes a byte. Where it completes a key, that; its text is in text().
  Key push(char byte);
  const std::string &text() const { return typed; }

private:
  Key escape(char byte);
  Key control(char byte);
  std::string sequence; // Of an escape, or of a character that is not whole.
  std::string typed;
  bool pasting = false, afterReturn = false;
  std::string pasted;
};

/// What one row shows of a line.
struct LineRow {
  std::string left, right; ///< Before the cursor and behind it, as displayed().
};

class LineBuffer {
public:
  /// Applies any key but Enter, EndOfInput, Interrupt, Clear and Suspend.
  void apply(Key key, std::string_view text = {});
  const std::string &line() const { return text; }
  size_t cursor() const { return at; } ///< In bytes.
  /// Whole characters around the cursor, which stands in one of \p columns
  /// columns, at least 1: those before it come first.
  LineRow row(size_t columns) const;
  /// The line is done: it is remembered, and a new one begins.
  std::string take();
  void clear();

private:
  size_t before(size_t place) const;
  size_t behind(size_t place) const;
  size_t wordBefore(size_t place) const;
  size_t wordBehind(size_t place) const;
  void cut(size_t begin, size_t end);
  void recall(size_t place);

  std::string text, killed, unfinished;
  size_t at = 0;
  std::vector<std::string> history; // oldest first
  size_t shown = 0;                 // history.size(): the line itself
};

/// Columns of \p text on a terminal.
size_t displayWidth(std::string_view text);
/// What is shown of \p text, as characters that move no cursor: line breaks
/// and other controls as signs.
std::string displayed(std::string_view text);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_LINEBUFFER_H
