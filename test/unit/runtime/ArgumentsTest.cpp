#include "runtime/verbs/Arguments.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace llmc;

namespace {

/// One flag of each kind, a positional and a list.
struct Everything {
  bool verbose = false;
  int64_t count = 3;
  double heat = 0.5;
  std::string name;
  std::optional<int64_t> maybe;
  std::vector<std::string> stops;
  std::string file;
  std::vector<std::string> rest;
  Arguments arguments;

  Everything() {
    arguments.flags = {
        {"verbose", 'v', "", "talk", &verbose},
        {"count", 'n', "N", "how many", &count, 0, true},
        {"heat", 0, "X", "how hot", &heat},
        {"name", 0, "NAME", "who", &name},
        {"maybe", 0, "N", "perhaps", &maybe},
        {"stop", 0, "TEXT", "where", &stops},
    };
    arguments.positionals = {{"FILE", "the file", &file, true},
                             {"REST", "the rest", &rest, false}};
  }
  Status parse(std::vector<std::string_view> words) {
    return arguments.parse(words);
  }
};

void expectError(std::vector<std::string_view> words, Code code,
                 std::string_view part = "") {
  Everything e;
  Status status = e.parse(words);
  ASSERT_FALSE(status) << words.back();
  EXPECT_EQ(status.error().code, code) << status.error().render();
  EXPECT_NE(status.error().render().find(part), std::string::npos)
      << status.error().render();
}

} // namespace

TEST(Arguments, EverySpellingOfAFlagIsRead) {
  Everything e;
  ASSERT_TRUE(e.parse({"--count=7", "--heat", "1.5", "-v", "f", "--name=a=b",
                       "--stop=x", "--stop", "y", "--maybe=2k"}));
  EXPECT_EQ(e.count, 7);
  EXPECT_EQ(e.heat, 1.5);
  EXPECT_TRUE(e.verbose);
  EXPECT_EQ(e.file, "f");
  EXPECT_EQ(e.name, "a=b");
  EXPECT_EQ(e.stops, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(e.maybe, 2048);
  Everything short1, short2;
  ASSERT_TRUE(short1.parse({"f", "-n", "9"}));
  ASSERT_TRUE(short2.parse({"f", "-n9"}));
  EXPECT_EQ(short1.count, 9);
  EXPECT_EQ(short2.count, 9);
}

TEST(Arguments, WordsBehindADoubleDashAreNoFlags) {
  Everything e;
  ASSERT_TRUE(e.parse({"f", "--", "-v", "--count=1", "-"}));
  EXPECT_FALSE(e.verbose);
  EXPECT_EQ(e.rest, (std::vector<std::string>{"-v", "--count=1", "-"}));
}

TEST(Arguments, ALoneDashIsAWord) {
  Everything e;
  ASSERT_TRUE(e.parse({"-"}));
  EXPECT_EQ(e.file, "-");
}

TEST(Arguments, FlagsGoOverTheEnvironment) {
  ::setenv("LLMC_COUNT", "11", 1);
  Everything fromVariable, fromFlag;
  ASSERT_TRUE(fromVariable.parse({"f"}));
  ASSERT_TRUE(fromFlag.parse({"f", "-n", "12"}));
  ::setenv("LLMC_COUNT", "many", 1);
  Everything bad;
  Status status = bad.parse({"f"});
  ::unsetenv("LLMC_COUNT");
  EXPECT_EQ(fromVariable.count, 11);
  EXPECT_EQ(fromFlag.count, 12);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().render().find("LLMC_COUNT"), std::string::npos);
}

TEST(Arguments, LaterErrorsNameTheVariableThatGaveTheValue) {
  ::setenv("LLMC_COUNT", "11", 1);
  Everything fromVariable, fromFlag;
  ASSERT_TRUE(fromVariable.parse({"f"}));
  ASSERT_TRUE(fromFlag.parse({"f", "-n", "12"}));
  ::unsetenv("LLMC_COUNT");
  auto named = [](const Everything &e, std::string where) {
    Error error = {Code::BadFlagValue, "", std::move(where), "", ""};
    nameVariables(error, e.arguments.fromEnvironment);
    return error.where;
  };
  EXPECT_EQ(named(fromVariable, "--count=11"), "LLMC_COUNT=11");
  EXPECT_EQ(named(fromVariable, "--count"), "LLMC_COUNT");
  EXPECT_EQ(named(fromVariable, "--counts=11"), "--counts=11");
  EXPECT_EQ(named(fromFlag, "--count=12"), "--count=12");
}

TEST(Arguments, HelpNamesTheVariableOfEachSetting) {
  Everything e;
  std::string help = e.arguments.describeFlags();
  EXPECT_NE(help.find("how many [LLMC_COUNT]\n"), std::string::npos) << help;
  EXPECT_NE(help.find("how hot\n"), std::string::npos) << help;
  EXPECT_NE(help.find("stands for its flag"), std::string::npos) << help;
  e.arguments.flags.resize(1);
  EXPECT_EQ(e.arguments.describeFlags().find("stands for its flag"), std::string::npos);
  Arguments::Flag flag;
  flag.name = "repetition-penalty";
  EXPECT_EQ(flag.variable(), "");
  flag.isSetting = true;
  EXPECT_EQ(flag.variable(), "LLMC_REPETITION_PENALTY");
}

TEST(Arguments, MistakesAreNamed) {
  expectError({"f", "--cuont=3"}, Code::UnknownFlag, "did you mean --count");
  expectError({"f", "--zzzzzz"}, Code::UnknownFlag, "--help lists");
  expectError({"f", "-x"}, Code::UnknownFlag, "-x");
  expectError({"f", "--count"}, Code::MissingArgument, "--count");
  expectError({"f", "--count=many"}, Code::BadFlagValue, "`many`");
  expectError({"f", "--count=-1"}, Code::BadFlagValue, "less than 0");
  expectError({"f", "--heat=warm"}, Code::BadFlagValue, "no number");
  expectError({"f", "--verbose=perhaps"}, Code::BadFlagValue, "neither");
  expectError({"f", "--count="}, Code::BadFlagValue, "is empty");
  expectError({"f", "--name="}, Code::BadFlagValue, "is empty");
  expectError({"f", "--name", ""}, Code::BadFlagValue, "is empty");
  expectError({"f", "--verbose="}, Code::BadFlagValue, "is empty");
  expectError({"--count=1"}, Code::MissingArgument, "FILE");
}

TEST(Arguments, HelpStopsTheParsing) {
  Everything e;
  ASSERT_TRUE(e.parse({"--help", "--nonsense"}));
  EXPECT_TRUE(e.arguments.help);
  EXPECT_EQ(e.arguments.usage(), " [FLAGS] FILE [REST...]");
  EXPECT_NE(e.arguments.describeFlags().find("-n, --count=N"), std::string::npos);
}

TEST(Arguments, IntegersTakeSuffixes) {
  EXPECT_EQ(parseInteger("0"), 0);
  EXPECT_EQ(parseInteger("-5"), -5);
  EXPECT_EQ(parseInteger("32k"), 32768);
  EXPECT_EQ(parseInteger("4G"), int64_t(4) << 30);
  EXPECT_EQ(parseInteger("2KiB"), 2048);
  EXPECT_EQ(parseInteger("3TiB"), int64_t(3) << 40);
  EXPECT_EQ(parseInteger("3T"), int64_t(3) << 40);
  for (const char *bad : {"", "iB", "5iB", "5KB", "5kb", "KiB", "8388608T", "5 K", "0x10"})
    EXPECT_EQ(parseInteger(bad), std::nullopt) << bad;
  EXPECT_EQ(parseInteger("k"), std::nullopt);
  EXPECT_EQ(parseInteger("1.5"), std::nullopt);
  EXPECT_EQ(parseInteger("9223372036854775807k"), std::nullopt);
}

TEST(Arguments, RealNumbersAreToldAsTheyWereWrittenWhereTheyAreOutOfRange) {
  Everything e;
  e.arguments.flags[2].reals = {0, 3e38, /*excludesLeast=*/true};
  for (auto [word, why] : std::initializer_list<std::pair<const char *, const char *>>{
           {"1e40", "`1e40` is more than 3e+38"},
           {"1e400", "`1e400` is more than 3e+38"},
           {"-1e400", "`-1e400` is less than 0"},
           {"-0.5", "`-0.5` is less than 0"},
           {"0", "`0` is not more than 0"},
           {"1e-50", "`1e-50` is too close to 0"},
           {"1e-400", "`1e-400` is too close to 0"},
           {"inf", "`inf` is no number"},
           {"nan", "`nan` is no number"},
           {"1,5", "`1,5` is no number"},
           {"0x10", "`0x10` is no number"}}) {
    Status status = e.parse({"f", "--heat", word});
    ASSERT_FALSE(status) << word;
    EXPECT_EQ(status.error().why, why);
    EXPECT_EQ(status.error().where, "--heat");
  }
  EXPECT_TRUE(e.parse({"f", "--heat=2.5e-3"}));
  EXPECT_EQ(e.heat, 2.5e-3);
  EXPECT_EQ((RealRange{0, 1, true}).advice(2), "give more than 0 and at most 1");
  // The largest float is told to whoever came upon it only.
  RealRange heat = {0, std::numeric_limits<float>::max()};
  EXPECT_EQ(heat.advice(-1), "give at least 0");
  EXPECT_EQ(heat.advice(1e308), "give at least 0 and at most 3.403e+38");
  EXPECT_EQ(heat.advice(1e-300), "give 0, or at least 1.175e-38");
}

TEST(Arguments, IdsAreAListOfIntegers) {
  auto ids = parseIds("1,403, 407");
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (std::vector<int32_t>{1, 403, 407}));
  for (const char *bad : {"", ",", "1,2,", ",1", "1,,2", "a", "1;2", "99999999999"}) {
    auto none = parseIds(bad);
    ASSERT_FALSE(none) << bad;
    EXPECT_EQ(none.error().code, Code::BadFlagValue);
  }
}

TEST(Arguments, NearestIsNearEnoughToBeMeant) {
  constexpr std::string_view words[] = {"run", "bench", "inspect"};
  EXPECT_EQ(nearest("bnech", words), "bench");
  EXPECT_EQ(nearest("inspct", words), "inspect");
  EXPECT_EQ(nearest("compile", words), "");
}
