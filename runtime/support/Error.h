/// Errors as values, for the runtime, the readers and the tools alike.
///
/// An Error says what failed, where, why, and what to do about it. Its code is
/// stable across versions (`LLMC-E201`), chooses the process exit code, and is
/// expanded by `llmc explain`. The table of codes is ErrorCodes.def.
///
/// This library links nothing but libstdc++: no LLVM, no exceptions needed.
#ifndef LLMC_RUNTIME_SUPPORT_ERROR_H
#define LLMC_RUNTIME_SUPPORT_ERROR_H

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace llmc {

/// Process exit codes (after sysexits.h, which users' scripts already know).
enum class Exit : int {
  Ok = 0,
  Usage = 2,
  BadData = 65,
  NoInput = 66,
  Unavailable = 69,
  Internal = 70,
  CannotCreate = 73,
  IoError = 74,
  NoPermission = 77,
  Interrupted = 130,
};

/// Stable error codes. The enumerator's value is the number in `LLMC-Ennn`.
enum class Code : uint16_t {
#define LLMC_ERROR(NUMBER, NAME, EXIT, TITLE, EXPLANATION) NAME = NUMBER,
#include "runtime/support/ErrorCodes.def"
};

/// One row of the table of codes.
struct CodeInfo {
  Code code;
  Exit exit;
  std::string_view title;       ///< A few words, no full stop.
  std::string_view explanation; ///< Paragraphs for `llmc explain`.
};

/// The row of \p code; every enumerator has one.
const CodeInfo &codeInfo(Code code);
/// All rows in ascending order of number.
const std::vector<CodeInfo> &allCodes();
/// Parses `LLMC-E201`, `E201` or `201`; nullopt where no such code exists.
std::optional<Code> parseCode(std::string_view text);
/// `LLMC-E201`.
std::string codeName(Code code);

/// What went wrong, for a person first and a program second.
struct Error {
  Code code = Code::Internal;
  std::string what;  ///< One sentence: what could not be done.
  std::string where; ///< File, node, tensor, byte; may be empty.
  std::string why;   ///< The observed fact that made it fail; may be empty.
  std::string fix;   ///< What the user can do; may be empty.

  Exit exit() const { return codeInfo(code).exit; }
  /// The fix; where it is empty, who knows more. Empty for Interrupted.
  std::string advice() const;
  /// Several lines for stderr, without colour:
  ///   error: WHAT [LLMC-E201]
  ///     at: WHERE
  ///     why: WHY
  ///     try: FIX
  std::string render() const;
};

/// A value or an Error, in the manner of std::expected (not in C++20).
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() & { return std::get<0>(state); }
  const T &operator*() const & { return std::get<0>(state); }
  T &&operator*() && { return std::get<0>(std::move(state)); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  Error &error() { return std::get<1>(state); }
  const Error &error() const { return std::get<1>(state); }
  /// Moves the error out, to return it as another Result's.
  Error takeError() { return std::get<1>(std::move(state)); }

private:
  std::variant<T, Error> state;
};

/// Success or an Error.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : failure(std::move(error)) {}
  static Status ok() { return {}; }

  explicit operator bool() const { return !failure; }
  Error &error() { return *failure; }
  const Error &error() const { return *failure; }
  Error takeError() { return std::move(*failure); }

private:
  std::optional<Error> failure;
};

/// Evaluates a Result expression; returns its error from the enclosing
/// function, or binds the value: `LLMC_TRY(auto file, File::open(path));`
#define LLMC_TRY(DECL, EXPR) LLMC_TRY_IMPL(DECL, EXPR, __COUNTER__)
#define LLMC_TRY_IMPL(DECL, EXPR, N) LLMC_TRY_IMPL2(DECL, EXPR, N)
#define LLMC_TRY_IMPL2(DECL, EXPR, N)                                          \
  auto llmcTry##N = (EXPR);                                                    \
  if (!llmcTry##N)                                                             \
    return llmcTry##N.takeError();                                             \
  DECL = *std::move(llmcTry##N)

/// The same for a Status expression.
#define LLMC_CHECK(EXPR)                                                       \
  do {                                                                         \
    if (auto llmcCheck = (EXPR); !llmcCheck)                                   \
      return llmcCheck.takeError();                                            \
  } while (false)

} // namespace llmc

#endif // LLMC_RUNTIME_SUPPORT_ERROR_H
