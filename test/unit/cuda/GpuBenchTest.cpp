#include "runtime/verbs/BenchReport.h"
#include "test/unit/cuda/GpuFixture.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

TEST(GpuBench, TellsNoLimitsThatItDoesNotMeasure) {
  GpuFile file;
  GpuDecoder f;
  f.open(file.path());
  ASSERT_TRUE(f.decoder) << f.failure.error().render();
  Session session;
  session.model = std::move(f.model);
  session.decoder = std::move(f.decoder);
  BenchPlan plan = {20, 5, 1, 1, fakeChunk};
  PeakMemory peak;
  OperatorTimes times(session.model->view());
  auto result = measureBench(session, plan, peak, &times);
  ASSERT_TRUE(result) << result.error().render();
  BenchReport report = {session, plan, *result, &times};
  for (const std::string &text : {report.text(), report.json(), report.csv()}) {
    EXPECT_NE(text.find("not measured on a GPU"), std::string::npos) << text;
    EXPECT_NE(text.find("Fake GPU, sm_80"), std::string::npos) << text;
    for (const char *none : {"matrix rate", "read bandwidth", "matrixFlopPerSecond",
                             "bandwidthShare", "matrixShare", "map of the file"})
      EXPECT_EQ(text.find(none), std::string::npos) << none << " in " << text;
  }
  EXPECT_NE(report.text().find("attention"), std::string::npos);
}
