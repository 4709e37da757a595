#include "runtime/support/TensorFile.h"
#include "test/unit/runtime/FakeBinary.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llmc;
using namespace llmc::test;

namespace {

/// `1,2,3` and what the fake model says after it.
std::string idsText(std::vector<int32_t> tokens, size_t more) {
  for (size_t i = 0; i < more; ++i)
    tokens.push_back(fakeNext(tokens));
  std::string text;
  for (int32_t token : tokens)
    text += (text.empty() ? "" : ",") + std::to_string(token);
  return text + "\n";
}

/// The text that the fake model makes of \p prompt.
std::string continued(const std::string &prompt, size_t more) {
  std::vector<int32_t> tokens = {0};
  for (char c : prompt)
    tokens.push_back(c == ' ' ? 2 : c - '!' + 3);
  std::string text = prompt;
  for (size_t i = 0; i < more; ++i) {
    int32_t token = fakeNext(tokens);
    if (token == 1)
      break;
    tokens.push_back(token);
    if (token >= 2)
      text += token == 2 ? ' ' : static_cast<char>(token - 3 + '!');
  }
  return text + "\n";
}

} // namespace

TEST(CommandLine, PromptAndContinuationAndNothingElseGoToStdout) {
  Binary program;
  Outcome plain = program.run("-n 20 'Once upon'");
  EXPECT_EQ(plain.exit, 0) << plain.err;
  EXPECT_EQ(plain.out, continued("Once upon", 20));
  EXPECT_EQ(plain.err, "");
  Outcome verb = program.run("run -n20 -v 'Once upon' --threads=1 --chunk=2");
  EXPECT_EQ(verb.out, plain.out);
  EXPECT_NE(verb.err.find("fake, f32, context 200"), std::string::npos) << verb.err;
}

TEST(CommandLine, IdsGoInAndOut) {
  Binary program(false);
  Outcome outcome = program.run("--ids=5,6,7 -n 30");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, idsText({5, 6, 7}, 30));
}

TEST(CommandLine, StopStringsEosAndContextEndTheText) {
  Binary program;
  std::string all = continued("Once upon", 40);
  std::string stop = all.substr(14, 2);
  Outcome stopped = program.run("-n 40 --stop='" + stop + "' 'Once upon'");
  EXPECT_EQ(stopped.out, all.substr(0, all.find(stop, 9)) + "\n");
  std::vector<int32_t> tokens = {5, 6};
  for (int i = 0; i < 4; ++i)
    tokens.push_back(fakeNext(tokens));
  Binary ending(false, tokens.back());
  EXPECT_EQ(ending.run("--ids=5,6 -n 30").out, idsText({5, 6}, 3));
  Outcome full = Binary(false).run("--ids=5,6 -n 0 --context=50");
  EXPECT_EQ(full.exit, 0) << full.err;
  EXPECT_EQ(full.out, idsText({5, 6}, 49));
}

TEST(CommandLine, PromptComesFromStdin) {
  Binary program;
  std::string command = "cd " + program.file.folder() +
                        " && printf 'Once upon\\n' | ./model.bin run -n 9 - >out.txt";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(readText(program.beside("out.txt")), continued("Once upon", 9));
}

TEST(CommandLine, JsonHoldsTokensAndTimes) {
  Binary program;
  Outcome outcome = program.run("--json -n 3 'Once upon'");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("{\"version\":1,\"prompt\":\"Once upon\",\"text\":\""))
      << outcome.out;
  EXPECT_NE(outcome.out.find("\"end\":\"length\""), std::string::npos);
  EXPECT_NE(outcome.out.find("\"tokensPerSecond\":"), std::string::npos);
}

TEST(CommandLine, SampledTextDependsOnTheSeedAlone) {
  Binary program;
  std::string flags = "--temperature=20 -n 30 ab --seed=";
  Outcome one = program.run(flags + "1"), again = program.run(flags + "1 -t 1 --chunk=1"),
          two = program.run(flags + "2");
  EXPECT_EQ(one.exit, 0) << one.err;
  EXPECT_EQ(one.out, again.out);
  EXPECT_NE(one.out, two.out);
}

TEST(CommandLine, MistakesHaveTheirExitCodes) {
  Binary program;
  struct Case {
    const char *words;
    int exit;
    const char *part;
  };
  for (const Case &c : std::initializer_list<Case>{
           {"", 2, "Verbs"},
           {"run --tempratur=1 x", 2, "did you mean --temperature"},
           {"run x y", 2, "LLMC-E101"},
           {"run --threads=0 x", 2, "LLMC-E102"},
           {"run --temperature=-1 x", 2, "`-1` is less than 0"},
           {"run --temperature=1e40 x", 2, "`1e40` is more than 3.4"},
           {"run --top-p=0 x", 2, "`0` is not more than 0"},
           {"run --top-p=1e-60 x", 2, "`1e-60` is too close to 0"},
           {"run --min-p=1.5 x", 2, "`1.5` is more than 1"},
           {"run --repetition-penalty=0 x", 2, "give more than 0"},
           {"infer --tolerance=-1", 2, "`-1` is less than 0"},
           {"run --chunk=17 x", 2, "LLMC-E102"},
           {"run --ids=1 x", 2, "two prompts"},
           {"--ids=1,97", 65, "LLMC-E502"},
           {"--ids=-4", 65, "LLMC-E502"},
           {"--ids=1,x", 2, "LLMC-E102"},
           {"--ids=", 2, "is empty"},
           {"--ids=1,2,", 2, "LLMC-E102"},
           {"eval --text=", 2, "is empty"},
           {"--device=cup x", 69, "did you mean cpu?"},
           {"--device=cuda x", 69, "LLMC-E405"},
           {"eval", 2, "LLMC-E103"},
           {"eval --text=none.txt", 66, "LLMC-E701"},
           {"infer x=y.npy", 65, "LLMC-E504"},
           {"infer a", 65, "LLMC-E504"},
           {"logits --ids=1 --out=/nonexistent/x.npy", 73, "LLMC-E704"}}) {
    Outcome outcome = program.run(c.words);
    EXPECT_EQ(outcome.exit, c.exit) << c.words << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << c.words;
    EXPECT_NE(outcome.err.find(c.part), std::string::npos)
        << c.words << "\n" << outcome.err;
  }
  std::string tooLong(300, 'a');
  Outcome outcome = program.run(tooLong);
  EXPECT_EQ(outcome.exit, 65);
  EXPECT_NE(outcome.err.find("LLMC-E501"), std::string::npos) << outcome.err;
}

TEST(CommandLine, AnAnswerThatCannotBeWrittenIsAnError) {
  Binary program;
  for (const char *words : {"--help", "--version", "run --help", "-n 3 abc", "doctor", "verify",
                            "inspect", "bench -r 1 -n 3", "eval --ids=5,6"}) {
    Outcome outcome = program.shell(std::string("./model.bin ") + words + " >/dev/full");
    EXPECT_EQ(outcome.exit, 74) << words;
    EXPECT_NE(outcome.err.find("LLMC-E703"), std::string::npos) << words << outcome.err;
  }
}

TEST(CommandLine, AWordTooManyIsToldWithWhatTheVerbTakes) {
  Binary program;
  EXPECT_NE(program.run("verify extra").err.find("leave it out"), std::string::npos);
  EXPECT_NE(program.run("run some words").err.find("in quotes"), std::string::npos);
}

TEST(CommandLine, TextNeedsATokenizer) {
  Outcome outcome = Binary(false).run("hello");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_NE(outcome.err.find("LLMC-E505"), std::string::npos) << outcome.err;
}

TEST(CommandLine, HelpHasExamplesFirst) {
  Binary program;
  for (const char *verb : {"run", "bench", "inspect", "verify", "eval", "logits", "infer", "doctor"}) {
    Outcome outcome = program.run(std::string(verb) + " --help");
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    size_t examples = outcome.out.find("Examples:");
    EXPECT_LT(examples, outcome.out.find("Flags:")) << outcome.out;
    EXPECT_NE(outcome.out.find(std::string("./model.bin ") + verb), std::string::npos);
  }
  EXPECT_EQ(program.run("--help").exit, 0);
  EXPECT_EQ(program.run("--version").out.substr(0, 5), "llmc ");
}

TEST(CommandLine, VerifyFindsChangedWeights) {
  Binary program(true);
  EXPECT_EQ(program.run("verify").exit, 0);
  std::vector<std::byte> bytes = readBytes(program.file.path());
  // The weights' only page holds 1.5f; the shift lies 64 bytes on.
  const float number = 1.5f;
  for (size_t i = bytes.size() & ~size_t(4095); i > 0; i -= 4096)
    if (std::memcmp(&bytes[i], &number, 4) == 0) {
      bytes[i + 1] ^= std::byte(1);
      break;
    }
  TemporaryFile changed("model.bin");
  FILE *stream = std::fopen(program.file.path().c_str(), "r+b");
  std::fwrite(bytes.data(), 1, bytes.size(), stream);
  std::fclose(stream);
  for (const char *words : {"verify", "-n 3 abc"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 65);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("LLMC-E403"), std::string::npos) << outcome.err;
  }
}

TEST(CommandLine, LogitsAreTheSameInStepsAndInChunks) {
  Binary program;
  std::string ids = "logits --ids=5,6,7,8,9,10,11 --out=";
  ASSERT_EQ(program.run(ids + "a.npy").exit, 0);
  ASSERT_EQ(program.run(ids + "b.npy --step").exit, 0);
  ASSERT_EQ(program.run(ids + "c.npy --chunk=2 --threads=1").exit, 0);
  ASSERT_EQ(program.run(ids + "d.npy --last").exit, 0);
  auto a = readNpy(program.beside("a.npy")), d = readNpy(program.beside("d.npy"));
  ASSERT_TRUE(a);
  ASSERT_TRUE(d);
  EXPECT_EQ(a->shape, (std::vector<int64_t>{7, fakeVocabulary}));
  EXPECT_EQ(d->shape, (std::vector<int64_t>{1, fakeVocabulary}));
  EXPECT_EQ(readBytes(program.beside("a.npy")), readBytes(program.beside("b.npy")));
  EXPECT_EQ(readBytes(program.beside("a.npy")), readBytes(program.beside("c.npy")));
  EXPECT_TRUE(std::equal(d->data.begin(), d->data.end(),
                         a->data.end() - static_cast<long>(d->data.size())));
}

TEST(CommandLine, EvalGivesAPerplexity) {
  Binary program;
  Outcome outcome = program.run("eval --ids=5,6,7 --per-token");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("perplexity "), std::string::npos);
  EXPECT_TRUE(outcome.out.starts_with("6\t")) << outcome.out;
  std::string text(500, 'a'); // more than one window
  writeBytes(program.beside("long.txt"), std::as_bytes(std::span(text)));
  Outcome windows = program.run("eval --text=long.txt --json");
  EXPECT_NE(windows.out.find("\"tokens\":498"), std::string::npos) << windows.out;
}

TEST(CommandLine, InferRunsTheGraph) {
  Binary program;
  Tensor tensor{ElementType::F32, {4}, std::vector<std::byte>(16)};
  ASSERT_TRUE(writeNpy(program.beside("x.npy"), tensor));
  Outcome outcome = program.run("infer a=x.npy b=x.npy --out-dir=results");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "out f32[4] results/out.npy\n");
  EXPECT_TRUE(readNpy(program.beside("results/out.npy")));
  Outcome missing = program.run("infer a=x.npy");
  EXPECT_EQ(missing.exit, 65);
}

TEST(CommandLine, InferTakesAndComparesTensorProtos) {
  Binary program;
  float numbers[2] = {1, 2}, sums[2] = {3, 6};
  Tensor tensor{ElementType::F32, {2}, std::vector<std::byte>(8)};
  std::memcpy(tensor.data.data(), numbers, 8);
  ASSERT_TRUE(writeTensor(program.beside("input_0.pb"), tensor, "a"));
  ASSERT_TRUE(writeTensor(program.beside("input_1.pb"), tensor, "b"));
  std::memcpy(tensor.data.data(), sums, 8);
  ASSERT_TRUE(writeTensor(program.beside("output_0.pb"), tensor, "out"));
  Outcome alone = program.run("infer input_0.pb b=input_1.pb --expect=output_0.pb --out=y.pb");
  EXPECT_EQ(alone.exit, 0) << alone.err;
  EXPECT_EQ(alone.out, "out f32[2] y.pb differs by 0\n");
  EXPECT_EQ(readBytes(program.beside("y.pb")), readBytes(program.beside("output_0.pb")));
  Outcome wrong = program.run("infer a=input_0.pb input_1.pb --expect out=input_0.pb");
  EXPECT_EQ(wrong.exit, 65);
  EXPECT_NE(wrong.err.find("LLMC-E507"), std::string::npos) << wrong.err;
  EXPECT_EQ(program.run("infer a=input_0.pb input_1.pb --expect=input_0.pb").exit, 65);
  EXPECT_EQ(program.run("infer input_0.pb input_1.pb -e out=input_0.pb --tolerance=9").exit, 0);
  Outcome twice = program.run("infer input_0.pb a=input_1.pb");
  EXPECT_NE(twice.err.find("two files"), std::string::npos) << twice.err;
  Outcome cut = program.run("infer input_0.pb b=input_2.pb");
  EXPECT_EQ(cut.exit, 66) << cut.err;
}

TEST(CommandLine, BenchInspectDoctorAndTraceSpeakJson) {
  Binary program;
  for (const char *words : {"bench -r 2 -n 5 -b 3 --json", "bench -r 1 -n 5 --kernels --json",
                            "inspect --json", "doctor --json", "verify --json"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_TRUE(outcome.out.starts_with("{\"version\":1,")) << outcome.out;
    EXPECT_TRUE(outcome.out.ends_with("}\n"));
  }
  EXPECT_EQ(program.run("bench -r 1 -n 5 --kernels").exit, 0);
  EXPECT_EQ(program.run("inspect --schedule --memory --weights --kernels").exit, 0);
  EXPECT_EQ(program.run("run -n 4 --trace=t.json abc").exit, 0);
  std::string trace = readText(program.beside("t.json"));
  EXPECT_TRUE(trace.starts_with("{\"traceEvents\":[{\"name\":\"embed\"")) << trace.substr(0, 80);
}

TEST(CommandLine, BenchTellsPercentilesMemoryAndBandwidthInEveryFormat) {
  Binary program;
  std::string json = program.run("bench -r 1 -n 5 -p 7 --format=json").out;
  for (const char *name : {"\"interTokenMs\":{\"p50\":", "\"peakMemoryBytes\":", "\"fileBytes\":",
                           "\"readBytesPerSecond\":", "nergy"})
    EXPECT_NE(json.find(name), std::string::npos) << name << json;
  std::string table = program.run("bench -r 1 -n 5 -p 7 --format=table").out;
  EXPECT_TRUE(table.starts_with("| model | type | size |")) << table;
  EXPECT_NE(table.find("| pp7 |"), std::string::npos) << table;
  std::string csv = program.run("bench -r 1 -n 5 -p 7 --format=csv").out;
  EXPECT_TRUE(csv.starts_with("\"model\",\"type\",")) << csv;
  EXPECT_NE(csv.find("\"tg5\","), std::string::npos) << csv;
  EXPECT_NE(program.run("bench -r 1 -n 5").out.find(" p99\n"), std::string::npos);
  EXPECT_EQ(program.run("bench --format=xml").exit, 2);
}

TEST(CommandLine, AFileThatWasCutInItsExecutableIsRefusedByTheSystem) {
  Binary program;
  uint64_t stub = readBytes(LLMC_STUB).size();
  // From the back: a file can be cut several times.
  for (uint64_t size : {stub + 100, stub, stub * 9 / 10, stub / 2, stub / 10, uint64_t(5000)}) {
    ASSERT_EQ(::truncate(program.file.path().c_str(), static_cast<off_t>(size)), 0);
    Outcome outcome = program.run("-n 1 abc");
    EXPECT_EQ(outcome.exit, size < stub ? 126 : 65) << size << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(CommandLine, WeightsAreLoadedAsAsked) {
  Binary program;
  std::string text = program.run("-n 10 abc").out;
  for (const char *mode : {"auto", "map", "copy"}) {
    Outcome one = program.run(std::string("--load=") + mode + " -n 10 abc");
    EXPECT_EQ(one.exit, 0) << one.err;
    EXPECT_EQ(one.out, text);
    std::string json = program.run(std::string("bench -r 1 -n 5 --json --load ") + mode).out;
    EXPECT_NE(json.find(std::string("\"load\":{\"mode\":\"") + mode + "\",\"from\":"),
              std::string::npos)
        << json;
  }
  Outcome wrong = program.run("--load=mmap abc");
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_NE(wrong.err.find("auto, map or copy"), std::string::npos);
  EXPECT_EQ(program.shell("LLMC_LOAD=mmap ./model.bin abc").exit, 2);
  program.run("--load=map --trace=t.json -n 5 abc");
  EXPECT_NE(readText(program.beside("t.json")).find("\"from\":\"map\""), std::string::npos);
}

TEST(CommandLine, ALineTellsThatNoCopyIsToBeHad) {
  Binary program;
  // Passed on to child processes; 2 MiB pages are then refused to them.
  if (::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
    GTEST_SKIP() << "this system cannot switch large pages off";
  Outcome outcome = program.run("--load=copy -n 10 abc");
  ::prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, program.run("-n 10 abc").out);
  EXPECT_TRUE(outcome.err.starts_with("note: the weights stay in the map of the file: ")) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
}

TEST(CommandLine, LackOfMemoryIsAnErrorAndNoCrash) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs the address space";
#endif
  Binary program(false);
  std::string command = "cd " + program.file.folder() +
                        " && (ulimit -v 30000; ./model.bin bench -b 4000 -t 1 >out.txt 2>err.txt)";
  int status = std::system(command.c_str());
  std::string text = readText(program.beside("err.txt"));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 69) << text;
  EXPECT_NE(text.find("LLMC-E503"), std::string::npos) << text;
}

TEST(CommandLine, SettingsAreTakenFromTheEnvironmentByEveryVerbThatHasThem) {
  Binary program;
  for (const char *verb : {"run", "chat", "bench", "eval", "logits"}) {
    std::string help = program.run(std::string(verb) + " --help").out;
    for (const char *variable : {"[LLMC_THREADS]\n", "[LLMC_DEVICE]\n", "[LLMC_CHUNK]\n",
                                 "[LLMC_CONTEXT]\n", "[LLMC_LOAD]\n"})
      EXPECT_NE(help.find(variable), std::string::npos) << verb << variable;
  }
  for (const char *verb : {"run", "chat"}) {
    std::string help = program.run(std::string(verb) + " --help").out;
    for (const char *variable : {"[LLMC_TEMPERATURE]\n", "[LLMC_TOP_K]\n", "[LLMC_TOP_P]\n",
                                 "[LLMC_MIN_P]\n", "[LLMC_REPETITION_PENALTY]\n", "[LLMC_SEED]\n",
                                 "[LLMC_MAX_TOKENS]\n"})
      EXPECT_NE(help.find(variable), std::string::npos) << verb << variable;
  }
  EXPECT_NE(program.run("infer --help").out.find("[LLMC_THREADS]\n"), std::string::npos);
  std::string sampled = program.run("run -n 30 --temperature=2 --seed=5 abc").out;
  EXPECT_NE(sampled, program.run("run -n 30 abc").out);
  EXPECT_EQ(program.shell("LLMC_TEMPERATURE=2 LLMC_SEED=5 LLMC_MAX_TOKENS=30 ./model.bin abc").out,
            sampled);
  EXPECT_EQ(program.shell("LLMC_TEMPERATURE=0 ./model.bin -n 30 --temperature=2 --seed=5 abc").out,
            sampled);
  Outcome wrong = program.shell("LLMC_TOP_K=many ./model.bin abc");
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_NE(wrong.err.find("LLMC_TOP_K"), std::string::npos) << wrong.err;
}

TEST(CommandLine, ErrorsNameTheVariableThatGaveTheValue) {
  Binary program;
  for (auto [setting, where] : {std::pair("LLMC_LOAD=zzz", "at:  LLMC_LOAD=zzz\n"),
                                std::pair("LLMC_DEVICE=bogus", "at:  LLMC_DEVICE=bogus\n"),
                                std::pair("LLMC_THREADS=5000", "at:  LLMC_THREADS=5000\n"),
                                std::pair("LLMC_CONTEXT=9999", "at:  LLMC_CONTEXT=9999\n")}) {
    Outcome outcome = program.shell(std::string(setting) + " ./model.bin abc");
    EXPECT_NE(outcome.err.find(where), std::string::npos) << outcome.err;
  }
  Outcome flag = program.shell("LLMC_CONTEXT=9999 ./model.bin abc --context=999");
  EXPECT_NE(flag.err.find("at:  --context=999\n"), std::string::npos) << flag.err;
}

TEST(CommandLine, AdviceOnTheContextIsWhatHelps) {
  Binary program;
  for (const char *words : {"run abcdef -c 2", "bench -c 4 -p 9"})
    EXPECT_NE(program.run(words).err.find("give a larger --context, up to the 200 of the file"),
              std::string::npos) << program.run(words).err;
  Outcome bench = program.run("bench -p 9999");
  EXPECT_NE(bench.err.find("at:  --prompt-tokens=9999\n"), std::string::npos) << bench.err;
  EXPECT_NE(bench.err.find("compile with a larger --max-context"), std::string::npos);
}

TEST(CommandLine, HugeNumbersAreOutOfRange) {
  Binary program;
  for (const char *words : {"run --threads=99999999999 abc", "run --chunk=99999999999999 abc",
                            "run --context=99999999999999 abc", "bench -p 999999999999999",
                            "bench -n 999999999999999", "bench -p 199 -n 2",
                            "bench -p 9223372036854775807 -n 9223372036854775807"}) {
    Outcome outcome = program.run(words);
    EXPECT_EQ(outcome.exit, 2) << words << outcome.err;
    EXPECT_NE(outcome.err.find("LLMC-E102"), std::string::npos) << words << outcome.err;
    EXPECT_NE(outcome.err.find("  at:  --"), std::string::npos) << words << outcome.err;
  }
  EXPECT_EQ(program.run("bench -r 1 -n 190").exit, 0);
  EXPECT_EQ(program.run("bench -r 1 -p 200").exit, 2);
  EXPECT_EQ(program.run("bench -r 1 -p 199").exit, 0);
}

TEST(CommandLine, TensorsAreWrittenInFormsThatTheirNamesTell) {
  Binary program;
  for (const char *name : {"x.txt", "x", "npy", "x.npy.gz"}) {
    Outcome outcome = program.run(std::string("logits --ids=5,6 --out=") + name);
    EXPECT_EQ(outcome.exit, 2) << name;
    EXPECT_NE(outcome.err.find(".npy or .pb"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(program.run("logits --ids=5,6 --out=x.npy").exit, 0);
}
