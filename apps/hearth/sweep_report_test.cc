// SPDX-License-Identifier: Apache-2.0
//
// Tables, fields and pictures of a sweep and of minutes, against sums by hand.
#include "sweep_report.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/json.h"
#include "bench_minutes.h"
#include "bench_sweep.h"
#include "write_picture.h"

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two depths, a peer that could not do one of the tests and failed at the second depth.
SweepReport sweep_of_two() {
  SweepReport report;
  report.what = {.model = "x.gguf",
                 .n_batch = 2048,
                 .n_ubatch = 512,
                 .n_threads = 2,
                 .test = {.n_prompt = 512, .n_gen = 32}};
  report.model = {.file = "x.gguf", .type = "llama 1.2B Q4_K", .size_bytes = 7, .n_params = 8};
  report.date = "2026-11-21T17:00:00Z";
  report.programs = {{"hearth", "abc (1)"}, {"<peer>", "def (2)"}};
  SweepDepth first{.depth = 0,
                   .test_time = "t",
                   .ceilings = {400, 50},
                   .bounds = {"int8", "read"},
                   .figures = {{{{{190, 210}, ""}, {{40}, ""}}}, {{{{100}, ""}, {{20, 30}, ""}}}}};
  SweepDepth second = first;
  second.depth = 512;
  second.figures[1] = {{{{}, "failed"}, {{}, "failed"}}};
  report.depths = {first, second};
  return report;
}

TEST(SweepReport, TableOfADepth) {
  const SweepReport report = sweep_of_two();
  EXPECT_EQ(
      sweep_table_lines(report, report.depths[0]),
      "|      0 |   pp512 |         200.00 ± 14.14 |   50.0 % int8 |          100.00 ± 0.00 |   "
      "25.0 % int8 |   2.00 |\n"
      "|      0 |    tg32 |           40.00 ± 0.00 |   80.0 % read |           25.00 ± 7.07 |   "
      "50.0 % read |   1.60 |\n");
  const std::string failed = sweep_table_lines(report, report.depths[1]);
  EXPECT_THAT(failed, HasSubstr("|                 failed |               |        |\n"));
  const std::string head = sweep_table_head(report);
  for (const char* part :
       {"|  depth |    test |", "hearth t/s |", "<peer> t/s |", "2 threads",
        "x.gguf; cache f16/f16, batch 2048/512", "hearth abc (1), <peer> def (2)"})
    EXPECT_THAT(head, HasSubstr(part));
}

TEST(SweepReport, WhatIsNotMeasuredHasNoLine) {
  SweepReport report = sweep_of_two();
  report.what.test.n_prompt = 0;
  EXPECT_THAT(sweep_table_lines(report, report.depths[0]), Not(HasSubstr("pp")));
  EXPECT_EQ(sweep_chart(report).panels.size(), 1u);
}

TEST(SweepReport, RowsHaveOneOfEachFigureThatIsThere) {
  const SweepReport report = sweep_of_two();
  const auto rows = sweep_rows(report, report.depths[0]);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(sweep_rows(report, report.depths[1]).size(), 2u);
  const Json& row = rows[3];
  EXPECT_EQ(row["program"], "<peer>");
  EXPECT_EQ(row["version"], "def (2)");
  EXPECT_EQ(row["n_prompt"], 0);
  EXPECT_EQ(row["n_gen"], 32);
  EXPECT_EQ(row["avg_ts"], 25);
  EXPECT_DOUBLE_EQ(row["stddev_ts"].get<double>(), std::sqrt(50));
  EXPECT_EQ(row["ceiling_ts"], 50);
  EXPECT_EQ(row["share"], 0.5);
  EXPECT_EQ(row["bound"], "read");
  EXPECT_EQ(row["samples_ts"], Json::parse("[20.0, 30.0]"));
}

// The ceiling of generation is drawn; that of prompts, three times what was reached, is too far up.
TEST(SweepReport, ChartHasAPanelForEachTest) {
  SweepReport report = sweep_of_two();
  report.depths[0].ceilings[sweep_prompt] = 700;
  const LineChart chart = sweep_chart(report);
  ASSERT_EQ(chart.panels.size(), 2u);
  EXPECT_EQ(chart.panels[0].series.size(), 2u);
  ASSERT_EQ(chart.panels[1].series.size(), 3u);
  EXPECT_TRUE(chart.panels[1].series[2].is_reference);
  EXPECT_EQ(chart.panels[0].series[0].points[0].y, 200);
  EXPECT_EQ(chart.panels[0].series[0].points[1].x, 512);
  EXPECT_TRUE(std::isnan(chart.panels[0].series[1].points[1].y));
  EXPECT_EQ(chart.panels[1].series[0].points[0].note,
            "hearth, tg32 at depth 0: 40.00 ± 0.00 tokens/s, 80.0 % read");
  EXPECT_THAT(to_svg(chart), HasSubstr("&lt;peer&gt;"));
}

TEST(AutomaticDepths, DoubleUpToTheContext) {
  EXPECT_THAT(automatic_depths(2048, 512), ElementsAre(0, 512, 1024));
  EXPECT_THAT(automatic_depths(2560, 512), ElementsAre(0, 512, 1024, 2048));
  EXPECT_THAT(automatic_depths(100, 512), ElementsAre(0));
  EXPECT_EQ(automatic_depths(1u << 31, 512).back(), 16384u);
}

TEST(PictureName, IsPlainWhateverTheModelIsCalled) {
  EXPECT_EQ(picture_name("smollm2", "-sweep"), "smollm2-sweep.svg");
  EXPECT_EQ(picture_name("/a/b c.d.gguf", "-sweep"), "b_c.d-sweep.svg");
  EXPECT_EQ(picture_name("hf:org/Repo:Q4_K_M", "-x"), "Repo_Q4_K_M-x.svg");
  EXPECT_EQ(picture_name("..", "-x"), "_.-x.svg");
  EXPECT_EQ(picture_name("-rf", "-x"), "_rf-x.svg");
  EXPECT_EQ(picture_name("a/", "-x"), "model-x.svg");
  EXPECT_EQ(picture_name("\"$(x)\n", "-x"), "___x__-x.svg");
}

MinutesReport minutes_of(std::vector<double> speeds) {
  MinutesReport report;
  report.what.test.n_gen = 16;
  for (std::size_t i = 0; i < speeds.size(); ++i)
    report.windows.push_back({.seconds = 10.0 * static_cast<double>(i) + 5,
                              .speed = speeds[i],
                              .spread = 1,
                              .ceiling = 2 * speeds[i],
                              .sensors = {}});
  return report;
}

TEST(Minutes, FirstAgainstLast) {
  EXPECT_FALSE(ratio_of(minutes_of({})).has_value());
  EXPECT_FALSE(ratio_of(minutes_of({5})).has_value());
  const auto three = ratio_of(minutes_of({10, 7, 5}));
  ASSERT_TRUE(three.has_value());
  EXPECT_EQ(three->n_windows, 1u);
  EXPECT_EQ(three->ratio, 0.5);
  std::vector<double> speeds(14, 100);
  for (std::size_t i = 0; i < 6; ++i) speeds[i] = 10 + static_cast<double>(i);  // mean 12.5
  for (std::size_t i = 8; i < 14; ++i) speeds[i] = 10;
  const auto long_run = ratio_of(minutes_of(speeds));
  ASSERT_TRUE(long_run.has_value());
  EXPECT_EQ(long_run->n_windows, 6u);
  EXPECT_DOUBLE_EQ(long_run->ratio, 0.8);
  EXPECT_DOUBLE_EQ(long_run->ceiling_ratio, 0.8);
  EXPECT_THAT(minutes_summary(minutes_of(speeds)),
              HasSubstr("the first minute: 12.50 t/s; the last: 10.00 t/s; ratio 0.800"));
}

TEST(Minutes, WhatTheSystemDoesNotTellIsSaidAndNotDrawn) {
  MinutesReport report = minutes_of({10, 9});
  const LineChart silent = minutes_chart(report);
  EXPECT_EQ(silent.panels.size(), 1u);
  EXPECT_THAT(silent.notes, testing::Contains(HasSubstr("does not tell the CPU clock")));
  for (MinutesWindow& window : report.windows) window.sensors = {.mhz = 3000, .celsius = 60};
  const LineChart chart = minutes_chart(report);
  ASSERT_EQ(chart.panels.size(), 3u);
  EXPECT_EQ(chart.panels[2].series[0].points[1].y, 60);
}

}  // namespace
}  // namespace hearth::app
