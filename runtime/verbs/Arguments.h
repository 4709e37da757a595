/// The command line of a run-time verb: a table of flags bound to variables.
#ifndef LLMC_RUNTIME_VERBS_ARGUMENTS_H
#define LLMC_RUNTIME_VERBS_ARGUMENTS_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace llmc {

/// The numbers that a flag for real ones takes.
struct RealRange {
  double least = std::numeric_limits<double>::lowest();
  double most = std::numeric_limits<double>::max();
  bool excludesLeast = false;

  /// What is wrong with \p number, to stand behind it: `is more than 1`; empty
  /// where it may be taken. What a float would round to 0 is no other number.
  std::string objection(double number) const;
  /// What to give instead of \p number: `give more than 0 and at most 1`.
  std::string advice(double number) const;
};

/// Takes `--flag=value`, `--flag value`, `-n 5`, `-n5`, switches without a
/// value, positionals between flags, and `--`, behind which all is positional.
/// Integers take the suffixes K, M, G, T or KiB ... TiB (powers of 1024). No
/// value may be empty. A flag given twice keeps its last value, a list grows.
class Arguments {
public:
  /// Where a value goes; the variable's initial value is the default. Numbers
  /// in an optional tell whether they were given.
  using Target = std::variant<bool *, int64_t *, double *, std::string *,
                              std::optional<int64_t> *, std::optional<double> *,
                              std::vector<std::string> *>;
  struct Flag {
    std::string_view name;      ///< Without the dashes.
    char letter = 0;            ///< `-n`; 0: none.
    std::string_view valueName; ///< `N`, `FILE`; empty for a switch.
    std::string_view help;      ///< One line.
    Target target;
    int64_t least = INT64_MIN;      ///< Integers only.
    /// One of the settings, which say how a model is run and sampled: a
    /// variable in the environment, LLMC_ and its name in capitals, stands for it
    /// where it is not given. Flags that say what is asked have none.
    bool isSetting = false;
    /// What the flag means where it stands alone; another value is then given
    /// by `--flag=value` only.
    std::string_view alone = {};
    RealRange reals = {}; ///< Real numbers only.

    /// `LLMC_MAX_TOKENS`; empty where it is no setting.
    std::string variable() const;
  };

  /// The words that are no flags, in order. At most one of them, the last, is a
  /// list.
  struct Positional {
    std::string_view name;
    std::string_view help;
    Target target; ///< A string or a list of strings.
    bool required = true;
  };

  /// A flag whose value the environment gives.
  struct Setting {
    std::string flag;     ///< `--threads`
    std::string variable; ///< `LLMC_THREADS`
  };

  std::vector<Flag> flags;
  std::vector<Positional> positionals;

  /// Reads the environment, then \p words. Sets `help` for --help and stops
  /// there. Errors: UnknownFlag, BadFlagValue, MissingArgument.
  Status parse(std::span<const std::string_view> words);
  bool help = false;
  std::vector<Setting> fromEnvironment; ///< After parse.

  /// `[FLAGS] FILE [PROMPT]`.
  std::string usage() const;
  /// A line per flag.
  std::string describeFlags() const;

private:
  const Flag *find(std::string_view name) const;
  const Flag *find(char letter) const;
  Status takeFlag(std::string_view word, std::span<const std::string_view> rest,
                  size_t &used);
  Status takePositional(std::string_view word, size_t &count);
  Error unknown(std::string_view name) const;
};

/// Where \p error is at the flag of one of \p settings, as `--threads=5`, it is
/// at its variable from now on: the flag was not given.
void nameVariables(Error &error, std::span<const Arguments::Setting> settings);
/// `32k`, `32KiB` → 32768. nullopt where it is no integer or does not fit.
std::optional<int64_t> parseInteger(std::string_view text);
/// nullopt where it is no number, as for `inf` and `nan`. What no double holds
/// becomes an infinity, or the number nearest to 0: no range takes either.
std::optional<double> parseReal(std::string_view text);
/// `1,2,3`; at least one. Error: BadFlagValue.
Result<std::vector<int32_t>> parseIds(std::string_view text);
/// The candidate nearest to \p word by edits, if it is near enough to be meant;
/// empty otherwise.
std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> candidates);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_ARGUMENTS_H
