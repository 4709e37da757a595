#include "runtime/verbs/Arguments.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace llmc {

std::optional<int64_t> parseInteger(std::string_view text) {
  // `4KiB` says the same as `4K`.
  std::string_view digits = text;
  if (digits.ends_with("iB"))
    digits.remove_suffix(2);
  int64_t factor = 1;
  if (!digits.empty()) {
    constexpr std::string_view letters = "kKmMgGtT";
    if (size_t at = letters.find(digits.back()); at != std::string_view::npos) {
      factor = int64_t(1) << 10 * (at / 2 + 1);
      digits.remove_suffix(1);
    }
  }
  if (factor == 1 && digits.size() < text.size())
    return std::nullopt;
  int64_t number = 0;
  auto [end, status] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (status != std::errc() || end != digits.data() + digits.size() ||
      __builtin_mul_overflow(number, factor, &number))
    return std::nullopt;
  return number;
}

std::optional<double> parseReal(std::string_view text) {
  double number = 0;
  auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  if (status == std::errc::result_out_of_range)
    // It does not tell which end was left; this gives 0 or an infinity.
    number = std::strtod(std::string(text).c_str(), nullptr);
  else if (status != std::errc())
    return std::nullopt;
  return status != std::errc() && std::abs(number) < 1
             ? std::copysign(std::numeric_limits<double>::denorm_min(), number)
             : number;
}

static std::string shortNumber(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

static constexpr const char *tooClose = "is too close to 0";

std::string RealRange::objection(double number) const {
  // Written so that NaN is refused.
  if (!(number >= least))
    return "is less than " + shortNumber(least);
  if (!(number <= most))
    return "is more than " + shortNumber(most);
  if (excludesLeast && number == least)
    return "is not more than " + shortNumber(least);
  if (number != 0 && static_cast<float>(number) == 0)
    return tooClose;
  return "";
}

std::string RealRange::advice(double number) const {
  if (objection(number) == tooClose)
    return (excludesLeast || least > 0 ? "give at least " : "give 0, or at least ") +
           shortNumber(std::numeric_limits<float>::min());
  std::string low = (excludesLeast ? "more than " : "at least ") + shortNumber(least);
  bool anyMost = number <= most && most >= std::numeric_limits<float>::max();
  return "give " + low + (anyMost ? "" : " and at most " + shortNumber(most));
}

Result<std::vector<int32_t>> parseIds(std::string_view text) {
  std::vector<int32_t> ids;
  for (bool more = true; more;) {
    size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(more ? comma + 1 : text.size());
    while (!word.empty() && word.front() == ' ')
      word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ')
      word.remove_suffix(1);
    int32_t id = 0;
    auto [end, status] =
        std::from_chars(word.data(), word.data() + word.size(), id);
    if (status != std::errc() || end != word.data() + word.size())
      return Error{Code::BadFlagValue, "a token id is no integer", "--ids",
                   word.empty() ? "there is nothing between two commas, or "
                                  "before or behind one"
                                : "`" + std::string(word) + "`",
                   "write ids as in --ids=1,403,407"};
    ids.push_back(id);
  }
  return ids;
}

std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    // Edits between prefixes, one row at a time; two neighbours that changed
    // places count as one (Damerau, CACM 1964).
    std::vector<size_t> row(candidate.size() + 1), before, twoBefore;
    for (size_t j = 0; j < row.size(); ++j)
      row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      twoBefore = std::exchange(before, row);
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        row[j] = std::min({before[j - 1] + (word[i - 1] != candidate[j - 1]),
                           before[j] + 1, row[j - 1] + 1});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] &&
            word[i - 2] == candidate[j - 1])
          row[j] = std::min(row[j], twoBefore[j - 2] + 1);
      }
    }
    if (row.back() < least) {
      least = row.back();
      best = candidate;
    }
  }
  return best;
}

namespace {

bool isSwitch(const Arguments::Flag &flag) {
  return std::holds_alternative<bool *>(flag.target);
}

/// Stores \p text in the flag's variable.
Status store(const Arguments::Flag &flag, std::string_view text,
             const std::string &where) {
  auto bad = [&](std::string why, std::string fix) {
    return Error{Code::BadFlagValue, "the value of a flag cannot be used",
                 where,
                 (text.empty() ? "it " : "`" + std::string(text) + "` ") +
                     std::move(why),
                 std::move(fix)};
  };
  if (text.empty())
    return bad("is empty", "give a value, or leave the flag out");
  if (auto *target = std::get_if<std::string *>(&flag.target)) {
    **target = text;
    return Status::ok();
  }
  if (auto *target = std::get_if<std::vector<std::string> *>(&flag.target)) {
    (*target)->emplace_back(text);
    return Status::ok();
  }
  if (auto *target = std::get_if<bool *>(&flag.target)) {
    if (text != "1" && text != "true" && text != "0" && text != "false")
      return bad("is neither true nor false", "write the flag alone");
    **target = text == "1" || text == "true";
    return Status::ok();
  }
  auto *real = std::get_if<double *>(&flag.target);
  auto *maybeReal = std::get_if<std::optional<double> *>(&flag.target);
  if (real || maybeReal) {
    std::optional<double> number = parseReal(text);
    if (!number)
      return bad("is no number", "write a number such as 0.8");
    if (std::string why = flag.reals.objection(*number); !why.empty())
      return bad(std::move(why), flag.reals.advice(*number));
    if (real)
      **real = *number;
    else
      **maybeReal = *number;
    return Status::ok();
  }
  std::optional<int64_t> number = parseInteger(text);
  if (!number)
    return bad("is no integer, or too large",
               "write a whole number; K, M, G and T (or KiB ... TiB) stand for "
               "powers of 1024");
  if (*number < flag.least)
    return bad("is less than " + std::to_string(flag.least),
               "give at least " + std::to_string(flag.least));
  if (auto *integer = std::get_if<int64_t *>(&flag.target))
    **integer = *number;
  else
    *std::get<std::optional<int64_t> *>(flag.target) = *number;
  return Status::ok();
}

} // namespace

std::string Arguments::Flag::variable() const {
  if (!isSetting)
    return "";
  std::string text = "LLMC_";
  for (char c : name)
    text += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

const Arguments::Flag *Arguments::find(std::string_view name) const {
  for (const Flag &flag : flags)
    if (flag.name == name)
      return &flag;
  return nullptr;
}

const Arguments::Flag *Arguments::find(char letter) const {
  for (const Flag &flag : flags)
    if (flag.letter == letter)
      return &flag;
  return nullptr;
}

Error Arguments::unknown(std::string_view name) const {
  std::vector<std::string_view> names = {"help"};
  for (const Flag &flag : flags)
    names.push_back(flag.name);
  std::string_view meant = nearest(name, names);
  return {Code::UnknownFlag, "there is no flag --" + std::string(name), "", "",
          meant.empty() ? "--help lists the flags"
                        : "did you mean --" + std::string(meant) + "?"};
}

Status Arguments::takeFlag(std::string_view word,
                           std::span<const std::string_view> rest,
                           size_t &used) {
  bool isLong = word.starts_with("--");
  std::string_view name, value;
  bool hasValue = false;
  const Flag *flag = nullptr;
  if (isLong) {
    name = word.substr(2);
    if (size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
      hasValue = true;
    }
    flag = find(name);
    if (!flag)
      return unknown(name);
  } else {
    flag = find(word[1]);
    if (!flag)
      return Error{Code::UnknownFlag, "there is no flag -" +
                       std::string(1, word[1]), "", "",
                   "--help lists the flags; a prompt that begins with a dash "
                   "stands behind --"};
    value = word.substr(2);
    hasValue = !value.empty();
  }
  std::erase_if(fromEnvironment, [&](const Setting &setting) {
    return setting.variable == flag->variable();
  });
  std::string where(isLong ? word.substr(0, 2 + name.size())
                           : word.substr(0, 2));
  if (isSwitch(*flag) && !hasValue) {
    *std::get<bool *>(flag->target) = true;
    return Status::ok();
  }
  if (!hasValue && !flag->alone.empty())
    return store(*flag, flag->alone, where);
  if (!hasValue) {
    if (rest.empty())
      return Error{Code::MissingArgument, "a flag lacks its value", where,
                   "it takes " + std::string(flag->valueName),
                   "write " + where + (isLong ? "=" : " ") +
                       std::string(flag->valueName)};
    value = rest[0];
    used = 1;
  }
  return store(*flag, value, where);
}

Status Arguments::takePositional(std::string_view word, size_t &count) {
  if (count >= positionals.size() &&
      (positionals.empty() || !std::holds_alternative<std::vector<std::string> *>(
                                  positionals.back().target)))
    return Error{Code::UnknownFlag, "there is one argument too many",
                 std::string(word), "",
                 positionals.empty() ? "leave it out; --help shows examples"
                                     : "put a text of several words in quotes"};
  const Positional &slot = positionals[std::min(count, positionals.size() - 1)];
  ++count;
  if (auto *list = std::get_if<std::vector<std::string> *>(&slot.target))
    (*list)->emplace_back(word);
  else
    *std::get<std::string *>(slot.target) = word;
  return Status::ok();
}

Status Arguments::parse(std::span<const std::string_view> words) {
  for (const Flag &flag : flags)
    if (flag.isSetting) {
      std::string variable = flag.variable();
      if (const char *value = std::getenv(variable.c_str()); value && *value) {
        LLMC_CHECK(store(flag, value, variable));
        fromEnvironment.push_back({"--" + std::string(flag.name), variable});
      }
    }
  size_t count = 0;
  bool onlyPositionals = false;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (onlyPositionals || word.size() < 2 || word[0] != '-') {
      LLMC_CHECK(takePositional(word, count));
      continue;
    }
    if (word == "--") {
      onlyPositionals = true;
      continue;
    }
    if (word == "--help" || word == "-h") {
      help = true;
      return Status::ok();
    }
    size_t used = 0;
    LLMC_CHECK(takeFlag(word, words.subspan(i + 1), used));
    i += used;
  }
  if (count < positionals.size() && positionals[count].required)
    return Error{Code::MissingArgument,
                 std::string(positionals[count].name) + " is missing", "",
                 std::string(positionals[count].help),
                 "--help shows examples"};
  return Status::ok();
}

void nameVariables(Error &error, std::span<const Arguments::Setting> settings) {
  for (const Arguments::Setting &setting : settings)
    if (error.where.substr(0, error.where.find('=')) == setting.flag)
      error.where.replace(0, setting.flag.size(), setting.variable);
}

std::string Arguments::usage() const {
  std::string text = flags.empty() ? "" : " [FLAGS]";
  for (const Positional &slot : positionals) {
    text += slot.required ? " " : " [";
    text += slot.name;
    if (std::holds_alternative<std::vector<std::string> *>(slot.target))
      text += "...";
    text += slot.required ? "" : "]";
  }
  return text;
}

std::string Arguments::describeFlags() const {
  std::string text;
  bool anySetting = false;
  for (const Flag &flag : flags) {
    std::string left = "  ";
    left += flag.letter ? std::string("-") + flag.letter + ", " : "    ";
    left += "--" + std::string(flag.name);
    if (!flag.valueName.empty())
      left += (flag.alone.empty() ? "=" : "[=") + std::string(flag.valueName) +
              (flag.alone.empty() ? "" : "]");
    left.resize(std::max<size_t>(left.size() + 2, 32), ' ');
    text += left + std::string(flag.help);
    anySetting |= flag.isSetting;
    text += (flag.isSetting ? " [" + flag.variable() + "]" : "") + "\n";
  }
  if (anySetting)
    text += "\nA variable in the environment stands for its flag where that is not given.\n";
  return text;
}

} // namespace llmc
