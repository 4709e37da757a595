#include "runtime/verbs/MemoryPicture.h"
#include "runtime/verbs/report/FoldLaunches.h"
#include "runtime/verbs/report/Html.h"
#include "runtime/verbs/report/Parts.h"
#include "runtime/verbs/report/Roofline.h"
#include "runtime/verbs/report/Treemap.h"
#include "test/unit/runtime/FakeBinary.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <regex>

using namespace llmc;
using namespace llmc::page;
using namespace llmc::test;

namespace {

bool isClose(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), 1.0); }

size_t occurrences(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
    ++count;
  return count;
}

} // namespace

TEST(Escaping, LeavesNothingThatIsMarkup) {
  EXPECT_EQ(escape("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
  EXPECT_EQ(escape("größer 🙂"), "größer 🙂");
  EXPECT_EQ(escape("two\nlines\tand\rmore"), "two lines and more");
}

TEST(Escaping, ReplacesBytesThatAreNoTextAndCharactersThatReorderIt) {
  EXPECT_EQ(escape("a\x01z\x7f"), "a�z�");
  EXPECT_EQ(escape("\xff\xc3"), "��");
  EXPECT_EQ(escape("\xc0\xbc"), "��") << "overlong";
  EXPECT_EQ(escape("\xed\xa0\x80"), "���") << "half of a pair";
  EXPECT_EQ(escape("\xf4\x90\x80\x80"), "����") << "beyond the last character";
  EXPECT_EQ(escape("a\u202eb\u2066c\ufeff"), "a�b�c�");
  EXPECT_EQ(escape("\uffff"), "�");
}

TEST(Escaping, IsDoneForAllThatIsNoConstant) {
  Html page;
  page << "<b>" << std::string("<i>") << std::string_view("&") << "</b>";
  EXPECT_EQ(page.text(), "<b>&lt;i&gt;&amp;</b>");
}

TEST(Shortening, CutsBetweenCharacters) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "abc…");
  EXPECT_EQ(shorten("aää", 2), "a…");
}

TEST(Figures, AreWrittenForPeople) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(1234567), "1\u202f234\u202f567");
  EXPECT_EQ(scaled(1.236e9, "FLOP/s"), "1.24\u00a0GFLOP/s");
  EXPECT_EQ(scaled(999.6, ""), "1.00\u00a0k");
  EXPECT_EQ(scaled(7, "B/s"), "7\u00a0B/s");
  EXPECT_EQ(duration(12345), "12.3\u00a0µs");
  EXPECT_EQ(percent(0.5), "50.0\u00a0%");
  EXPECT_EQ(percent(0), "0.0\u00a0%");
  EXPECT_EQ(percent(1e-9), "<\u20090.01\u00a0%");
  EXPECT_EQ(percent(0.9999), ">\u200999.9\u00a0%");
  EXPECT_EQ(percent(1), "100.0\u00a0%");
  EXPECT_EQ(place(-0.01), "0");
}

TEST(Folding, FindsEqualLayersBetweenOtherLaunches) {
  std::vector<uint32_t> kinds = {9};
  for (int layer = 0; layer < 16; ++layer)
    kinds.insert(kinds.end(), {1, 2, 1, 3});
  kinds.push_back(8);
  EXPECT_EQ(foldRepeats(kinds), (std::vector<Fold>{{0, 1, 1}, {1, 4, 16}, {65, 1, 1}}));
}

TEST(Folding, TakesTheLongestRepetitionAndOfThoseTheShortestPeriod) {
  // Two kinds of layers in turn; the two equal launches within are not folded.
  std::vector<uint32_t> kinds = {1, 1, 2, 3, 1, 1, 2, 3, 1, 1, 2, 3};
  EXPECT_EQ(foldRepeats(kinds), (std::vector<Fold>{{0, 4, 3}}));
  EXPECT_EQ(foldRepeats(std::vector<uint32_t>(6, 5)), (std::vector<Fold>{{0, 1, 6}}));
}

TEST(Folding, CoversEveryLaunchOnce) {
  uint64_t state = 7;
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<uint32_t> kinds(sample % 40);
    for (uint32_t &kind : kinds)
      kind = (state = state * 6364136223846793005u + 1) >> 62;
    std::vector<uint32_t> unfolded;
    for (const Fold &fold : foldRepeats(kinds)) {
      ASSERT_EQ(fold.first, unfolded.size());
      for (size_t repeat = 0; repeat < fold.repeats; ++repeat)
        for (size_t i = 0; i < fold.length; ++i)
          unfolded.push_back(kinds[fold.first + i]);
    }
    EXPECT_EQ(unfolded, kinds);
  }
}

TEST(LaunchKinds, AreEqualWherePlaceWeightAndLayerAloneDiffer) {
  Model model = fakeModel();
  std::vector<uint32_t> kinds = launchKinds(model, model.modules[0].programs[0]);
  ASSERT_EQ(kinds.size(), 6u);
  EXPECT_EQ(kinds[1], kinds[2]) << "appends of two layers";
  EXPECT_EQ(kinds[3], kinds[4]) << "attention of two layers";
  EXPECT_NE(kinds[1], kinds[3]);
  EXPECT_NE(kinds[0], kinds[5]);
}

TEST(Roofline, IsTheLowerOfBothLimits) {
  MachineLimits limits{1e10, 1e12, ""};
  EXPECT_TRUE(isClose(limits.ridge(), 100));
  EXPECT_TRUE(isClose(limits.attainable(1), 1e10));
  EXPECT_TRUE(isClose(limits.attainable(100), 1e12));
  EXPECT_TRUE(isClose(limits.attainable(1000), 1e12));
  EXPECT_TRUE(isClose(limits.leastTime({1e12, 1e9, 1e9, 1e9}), 1e9));
  EXPECT_TRUE(isClose(limits.leastTime({1e9, 1e10, 0, 0}), 1e9));
  EXPECT_FALSE((MachineLimits{1, 0, ""}).known());
}

TEST(Roofline, HoldsWhatStaysInCachesAgainstTheirRate) {
  MachineLimits limits{1e10, 1e12, "", {{1e4, 1e11}, {1e6, 5e10}, {1e8, 1.1e10}}};
  EXPECT_EQ(limits.bandwidthOf(1), 1e11) << "smaller than any that was measured";
  EXPECT_EQ(limits.bandwidthOf(9e5), 1e11) << "never less than what it may get";
  EXPECT_EQ(limits.bandwidthOf(1e6), 5e10);
  EXPECT_EQ(limits.bandwidthOf(1.9e8), 1.1e10);
  EXPECT_EQ(limits.bandwidthOf(2e8), 1e10) << "memory";
  EXPECT_TRUE(limits.isCached(1e6));
  EXPECT_FALSE(limits.isCached(1e8)) << "hardly faster than memory";
  EXPECT_EQ((MachineLimits{1e10, 1e12, ""}).bandwidthOf(1), 1e10) << "caches are not known";

  Demand small{1e3, 1e5, 1e5, 1e6}, large{1e3, 1e5, 1e5, 1e9}, handed{1e3, 1e5, 0, 1e9};
  EXPECT_TRUE(isClose(limits.leastTime(small), 1e9 * 1e5 / 5e10));
  EXPECT_TRUE(isClose(limits.leastTime(large), 1e9 * 1e5 / 1e10));
  EXPECT_TRUE(isClose(limits.leastTime(handed), 1e9 * 1e5 / 1e11));
  EXPECT_EQ(limits.boundOf(small), Bound::Caches);
  EXPECT_EQ(limits.boundOf(large), Bound::Memory);
  EXPECT_EQ(limits.boundOf(handed), Bound::Caches);
  EXPECT_EQ(limits.boundOf({1e9, 1e5, 1e5, 1e6}), Bound::Compute);
}

TEST(Roofline, LimitsOfTwoMeasurementsAreTheBetterOfEach) {
  MachineLimits limits{1, 20, "", {{8, 3}}}, again{2, 10, "", {{8, 4}}};
  limits.takeBetter(again);
  EXPECT_EQ(limits.bytesPerSecond, 2);
  EXPECT_EQ(limits.operationsPerSecond, 20);
  EXPECT_EQ(limits.sets[0].bytesPerSecond, 4);
}

TEST(Roofline, RangesAreWholeDecades) {
  auto range = [](std::vector<double> numbers) {
    LogRange found = rangeOf(numbers);
    return std::pair(found.least, found.most);
  };
  EXPECT_EQ(range({0.3, 40}), std::pair(-1, 2));
  EXPECT_EQ(range({10, 1000}), std::pair(1, 3));
  EXPECT_EQ(range({10}), std::pair(1, 2));
  EXPECT_EQ(range({}), std::pair(0, 1));
  EXPECT_EQ(range({0, -1, NAN, INFINITY}), std::pair(0, 1));
  LogRange decades{0, 2};
  EXPECT_TRUE(isClose(decades.place(10), 0.5));
  EXPECT_EQ(decades.place(0), 0);
  EXPECT_EQ(decades.place(1e9), 1);
}

TEST(Roofline, PlotHasAPointForEachKernelAndARoofWhereLimitsAreKnown) {
  std::vector<RooflinePoint> points = {{"linear<0>", "1 row", 0, 1, 5e9, 1e10, "tip & more"},
                                       {"linear<0>", "1 row", 0, 1, 5e9, 1e10, "again"},
                                       {"attend", "128 rows", 1, 50, 0, 5e11, "unmeasured"}};
  std::string with = drawRoofline({1e10, 1e12, ""}, points).text();
  EXPECT_EQ(occurrences(with, "<g class='point"), 3u);
  EXPECT_EQ(occurrences(with, "class='roofmark'"), 2u) << "where achieved and attainable differ";
  EXPECT_NE(with.find("class='roof'"), std::string::npos);
  EXPECT_NE(with.find("linear&lt;0&gt;, linear&lt;0&gt;"), std::string::npos) << with;
  EXPECT_NE(with.find("<title>tip &amp; more</title>"), std::string::npos);
  EXPECT_EQ(with.find("roof caches"), std::string::npos) << "all are held against memory";
  points.push_back({"cached", "1 row", 0, 1, 2e10, 4e10, "faster than memory"});
  std::string both = drawRoofline({1e10, 1e12, ""}, points).text();
  EXPECT_NE(both.find("class='roof caches'"), std::string::npos) << both;
  EXPECT_NE(both.find("caches, 40.0\u00a0GB/s"), std::string::npos) << both;
  for (RooflinePoint &point : points)
    point.attainable = 0;
  std::string without = drawRoofline({}, points).text();
  EXPECT_EQ(without.find("class='roof'"), std::string::npos);
  EXPECT_EQ(without.find("nan"), std::string::npos) << without;
  EXPECT_EQ(without.find("inf"), std::string::npos) << without;
}

TEST(Roofline, NamesKeepClearOfTheRoof) {
  std::vector<RooflinePoint> points;
  for (double intensity : {300.0, 500.0, 2000.0}) // where the roof is flat
    points.push_back({"linear_" + std::to_string(int(intensity)), "rows", 0, intensity, 0, 1e12, ""});
  std::string svg = drawRoofline({1e10, 1e12, ""}, points).text();
  std::smatch match;
  std::regex roof("<polyline class='roof' points='[^ ]* [^ ]* [^,]*,([0-9.]+)'");
  ASSERT_TRUE(std::regex_search(svg, match, roof)) << svg;
  double flat = std::stod(match[1]);
  std::regex name("<text class='name' [^>]*y='([0-9.]+)'");
  size_t names = 0;
  for (std::sregex_iterator i(svg.begin(), svg.end(), name), end; i != end; ++i, ++names) {
    double base = std::stod((*i)[1]); // letters stand on it, some 9 units high
    EXPECT_TRUE(base < flat - 1 || base - 9 > flat) << base << " at " << flat;
  }
  EXPECT_EQ(names, 3u) << svg;
}

TEST(Treemap, FillsItsAreaInProportionWithoutOverlaps) {
  std::vector<uint64_t> sizes = {6, 0, 1, 6, 2, 4, 2, 3};
  std::vector<Box> boxes = treemap(sizes, {10, 20, 60, 40});
  double unit = 60 * 40 / double(std::accumulate(sizes.begin(), sizes.end(), uint64_t(0)));
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Box &a = boxes[i];
    EXPECT_TRUE(isClose(a.width * a.height, unit * double(sizes[i])));
    EXPECT_TRUE(a.x >= 10 && a.y >= 20 && a.x + a.width < 70.001 && a.y + a.height < 60.001);
    for (size_t j = 0; j < i; ++j) {
      const Box &b = boxes[j];
      double across = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
      double down = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
      EXPECT_TRUE(across < 1e-9 || down < 1e-9) << i << " over " << j;
    }
  }
  EXPECT_EQ(treemap(std::vector<uint64_t>{0, 0}, {0, 0, 1, 1})[1].width, 0);
}

/// No two boxes of a picture share a byte at a launch.
static void expectNoOverlap(const MemoryPlan &plan) {
  for (size_t i = 0; i < plan.lives.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const BufferLife &a = plan.lives[i], &b = plan.lives[j];
      bool meet = a.first <= b.last && b.first <= a.last;
      EXPECT_FALSE(meet && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes)
          << "buffers " << a.buffer << " and " << b.buffer;
    }
}

TEST(MemoryPlan, NeedsAtLeastWhatLivesAtOnce) {
  Model model = fakeModel();
  for (const Program &program : model.modules[0].programs) {
    std::vector<int64_t> symbols(program.symbols.size(), program.maxRows);
    Result<MemoryPlan> plan = memoryPlan(program, symbols);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->lives.size(), 3u);
    EXPECT_GT(plan->mostLive, 0);
    EXPECT_LE(plan->mostLive, plan->arena);
    expectNoOverlap(*plan);
    std::string svg = drawMemory(model, program, *plan, 500);
    EXPECT_EQ(occurrences(svg, "<rect "), plan->lives.size());
  }
}

TEST(MemoryPlan, ABufferThatIsNoOperandLivesAsItsViewsDo) {
  Model model = fakeModel();
  Program &program = model.modules[0].programs[0];
  // `embedded`, padded, is used through a view alone; then an older buffer, dead by
  // now, begins where it does.
  BufferId embedded = program.launches[0].buffers[2];
  Buffer view = program.buffers[embedded];
  view.viewOf = embedded;
  program.buffers.push_back(view);
  BufferId viewed = BufferId(program.buffers.size() - 1);
  program.launches[0].buffers[2] = viewed;
  Buffer older = program.buffers[embedded];
  program.buffers.push_back(older);
  Launch launch = program.launches[0];
  launch.buffers[2] = BufferId(program.buffers.size() - 1);
  program.launches.insert(program.launches.begin(), launch);
  std::vector<int64_t> symbols(program.symbols.size(), program.maxRows);
  Result<MemoryPlan> plan = memoryPlan(program, symbols);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->lives.size(), 4u);
  EXPECT_EQ(plan->lives[0].last, 0u);
  EXPECT_EQ(plan->lives[1].buffer, embedded);
  EXPECT_EQ(plan->lives[1].first, 1u);
  EXPECT_EQ(plan->lives[1].last, 3u) << "its views are the appends'";
  expectNoOverlap(*plan);
}

TEST(StepPoints, AreOfEveryProgramAndGraph) {
  Model model = fakeModel();
  Result<std::vector<StepPoint>> points = stepPoints(model, 5);
  ASSERT_TRUE(points);
  std::vector<std::string> texts;
  for (const StepPoint &point : *points)
    texts.push_back(point.text(model));
  EXPECT_EQ(texts, (std::vector<std::string>{"16 rows of a prompt", "1 row behind 16 positions",
                                             "4 rows behind 16 positions", "open extents of 5"}));
}

TEST(Report, IsOnePageThatNamesNothingOutside) {
  Binary program;
  for (const char *words : {"inspect --report", "inspect --report=p.html --measure --threads=2 --flops=9 --bandwidth=0.5",
                            "inspect --report=p.html --bandwidth=20 --flops=500.5 --extent=3"}) {
    Outcome outcome = program.run(words);
    ASSERT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("wrote "), std::string::npos);
    bool isPlain = std::string(words) == "inspect --report";
    std::string page = readText(program.beside(isPlain ? "report.html" : "p.html"));
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>")) << page.substr(0, 80);
    EXPECT_TRUE(page.ends_with("</html>\n"));
    for (const char *kernel : {"embed", "append", "attend", "logits", "addTwice"})
      EXPECT_NE(page.find("<code>" + std::string(kernel) + "</code>"), std::string::npos) << kernel;
    std::regex outside(R"((src|href)\s*=\s*['"]?[^'"#\s]|url\(|@import|<script|<link|<iframe)");
    std::smatch match;
    EXPECT_FALSE(std::regex_search(page, match, outside)) << match.str();
    EXPECT_EQ(page.find("NaN"), std::string::npos);
    EXPECT_EQ(page.find("id='devices'"), std::string::npos) << "the file has no GPU's";
    bool measured = std::string(words).find("--measure") != std::string::npos;
    EXPECT_EQ(page.find("<th class='n'>measured") != std::string::npos, measured);
  }
}

TEST(Report, LeavesNoKernelAboveItsLimitWithoutAWord) {
  Binary program;
  // Of a machine that hardly computes.
  program.run("inspect --report=p.html --measure --bandwidth=0.000001 --flops=0.000001");
  std::string page = readText(program.beside("p.html"));
  EXPECT_NE(page.find("\u00a0%\u00a0†"), std::string::npos);
  EXPECT_NE(page.find("ran faster than what is given here as their limit"), std::string::npos);
  EXPECT_NE(page.find("as given; what caches give is measured"), std::string::npos);
  // Every share of a limit beyond it has its mark.
  std::regex share("<td class='n'>(\\d+\\.\\d)\u00a0%(\u00a0†)?<td class='bar'");
  size_t marked = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), share), end; it != end; ++it) {
    EXPECT_EQ(std::stod((*it)[1]) > 100.5, (*it)[2].matched) << it->str();
    marked += (*it)[2].matched;
  }
  EXPECT_GT(marked, 0u);
}

TEST(Report, SaysWhereTheDataOfAStepStays) {
  Binary program;
  program.run("inspect --report");
  std::string page = readText(program.beside("report.html"));
  EXPECT_NE(page.find("A step touches "), std::string::npos);
  // The sets of another machine are not known.
  program.run("inspect --report --bandwidth=20 --flops=500");
  page = readText(program.beside("report.html"));
  EXPECT_EQ(page.find("A step touches "), std::string::npos);
  EXPECT_EQ(page.find("caches<td"), std::string::npos);
}

TEST(Report, RefusesFlagsThatCannotBeUsed) {
  Binary program;
  for (const char *words : {"inspect --measure", "inspect --flops=3", "inspect --report --flops=0",
                            "inspect --report --bandwidth=-1", "inspect --report --threads=0",
                            "inspect --report=model.bin", "inspect --report="})
    EXPECT_EQ(program.run(words).exit, 2) << words;
  EXPECT_EQ(program.run("inspect --report=none/p.html --flops=1 --bandwidth=1").exit, 73);
}

TEST(Report, EscapesNamesThatAreHostile) {
  std::string evil = "</title><script>alert(1)</script><b onmouseover='x' \"\xff\u202e";
  ArtifactContent content = fakeContent();
  Model &model = content.model;
  model.name = model.producer = model.quantization = model.source = evil;
  model.report = {evil, evil + " 1/2", evil + " 1/0", evil + " 7/5", "rope 3/4"};
  for (Module &module : model.modules) {
    module.name = evil;
    for (Program &program : module.programs) {
      program.name = evil;
      for (Launch &launch : program.launches)
        launch.name = evil;
      if (module.kind == Module::Kind::Graph)
        program.inputs[0].name = program.outputs[0].name = evil;
    }
  }
  for (Weight &weight : model.weights)
    weight.name = weight.layout = evil;
  for (Kernel &kernel : model.kernels)
    kernel.name = kernel.op = evil;
  addFakeDevice(model);
  for (size_t i = 0; i < model.devices[0].kernels.size(); ++i) {
    DeviceKernel &kernel = model.devices[0].kernels[i];
    kernel.entry = "k" + std::to_string(i);
    kernel.matrix = evil;
    kernel.registers = 77;
    kernel.spillBytes = 12;
  }
  content.devices = {{".version 7.0\n.target sm_80\n", {}}};
  TemporaryFile file("evil.bin");
  Status written = writeArtifact(file.path(), content);
  ASSERT_TRUE(written) << written.error().render();
  Result<Artifact> artifact = Artifact::open(file.path());
  ASSERT_TRUE(artifact) << artifact.error().render();
  Subject subject{*artifact, evil, {1e10, 1e12, evil}, {}, evil, evil, 16};
  Result<std::vector<StepPoint>> points = stepPoints(artifact->model(), 16);
  ASSERT_TRUE(points);
  subject.points = *points;
  std::string page = writePage(subject);
  for (const char *part : {"<script", "<b onmouse", "\xff", "\u202e", "alert(1)</script"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  // No attribute is left by a quote of a name.
  EXPECT_EQ(page.find("onmouseover='"), std::string::npos);
  EXPECT_EQ(occurrences(page, "</title>"), 1 + occurrences(page, "<title>") - 1);
  // The GPU's kernels, schedules and memory are told beside the CPU's.
  size_t gpus = page.find("<section id='devices'>");
  ASSERT_NE(gpus, std::string::npos);
  std::string part = page.substr(gpus, page.find("</section>", gpus) - gpus);
  EXPECT_NE(part.find("<summary>sm_80: "), std::string::npos) << part;
  EXPECT_EQ(occurrences(part, "<td class='n'>77<td class='n'>12 B<td class='n'>1.00 KiB"),
            model.devices[0].kernels.size()) << part;
  EXPECT_EQ(occurrences(part, "<table class='schedule'>"), 4u);
  EXPECT_EQ(occurrences(part, "class=\"memory\""), 3u);
}
