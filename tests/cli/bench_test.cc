// SPDX-License-Identifier: Apache-2.0
//
// hearth bench as somebody drives it who knows llama-bench. No speed is asserted anywhere.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>

#include "base/json.h"
#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kModel = fixture("tiny-llama-q8_0.gguf");

Outcome bench(std::vector<std::string> args) {
  args.insert(args.begin(), "bench");
  return run(args);
}

// The first CPU that this process may use.
unsigned a_cpu_of_ours() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  unsigned cpu = 0;
  while (cpu + 1 < CPU_SETSIZE && !CPU_ISSET(cpu, &set)) ++cpu;
  return cpu;
}

std::vector<Json> rows_of(std::vector<std::string> args) {
  args.insert(args.end(), {"--json", "-t", "1"});
  const Outcome outcome = bench(args);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto parsed = parse_json(outcome.out);
  EXPECT_TRUE(parsed.has_value()) << outcome.out;
  return parsed ? std::vector<Json>(parsed->begin(), parsed->end()) : std::vector<Json>{};
}

TEST(Bench, MeasuresPromptsGenerationAndBoth) {
  const auto rows = rows_of(
      {"-m", kModel, "-p", "16", "-n", "4", "-pg", "8,2", "-d", "0,70", "-r", "2", "-ub", "8"});
  ASSERT_EQ(rows.size(), 6u);
  const int expected[][3] = {{16, 0, 0}, {0, 4, 0}, {8, 2, 0}, {16, 0, 70}, {0, 4, 70}, {8, 2, 70}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& row = rows[i];
    EXPECT_EQ(row["n_prompt"], expected[i][0]);
    EXPECT_EQ(row["n_gen"], expected[i][1]);
    EXPECT_EQ(row["n_depth"], expected[i][2]);
    EXPECT_EQ(row["n_ubatch"], 8);
    EXPECT_EQ(row["n_batch"], 2048);
    EXPECT_EQ(row["n_threads"], 1);
    EXPECT_EQ(row["type_k"], "f16");
    EXPECT_EQ(row["model_filename"], kModel);
    EXPECT_EQ(row["model_type"], "llama 0M Q8_0");
    EXPECT_EQ(row["model_n_params"], 98624);
    EXPECT_EQ(row["backends"], "CPU");
    ASSERT_EQ(row["samples_ns"].size(), 2u);
    ASSERT_EQ(row["samples_ts"].size(), 2u);
    EXPECT_GT(row["avg_ts"].get<double>(), 0);
    EXPECT_GT(row["share"].get<double>(), 0);
    EXPECT_GT(row["ceiling_read"].get<double>(), 0);
    EXPECT_THAT(row["bound"].get<std::string>(), testing::AnyOf("int8", "float", "read"));
    const double n_tokens = row["n_prompt"].get<double>() + row["n_gen"].get<double>();
    for (int sample = 0; sample < 2; ++sample)
      EXPECT_NEAR(row["samples_ts"][sample].get<double>(),
                  n_tokens * 1e9 / row["samples_ns"][sample].get<double>(), 1e-6 * n_tokens * 1e9);
  }
}

TEST(Bench, TellsWhatThreadsWereAskedFor) {
  const std::vector<std::string> small = {kModel, "-p", "4", "-n", "0", "-r", "1", "--no-warmup"};
  const Json usual = rows_of(small).at(0);
  EXPECT_EQ(usual["cpu_mask"], "0x0");
  EXPECT_EQ(usual["cpu_strict"], false);
  EXPECT_EQ(usual["poll"], 50);
  EXPECT_EQ(usual["load_mode"], "mmap");
  std::vector<std::string> args = small;
  const unsigned cpu = a_cpu_of_ours();
  args.insert(args.end(),
              {"-Cr", fmt::format("{}-{}", cpu, cpu), "--cpu-strict", "1", "--poll", "7"});
  const Json asked = rows_of(args).at(0);
  const std::string zeros(cpu / 4, '0');
  EXPECT_EQ(asked["cpu_mask"], fmt::format("0x{}{}", 1u << cpu % 4, zeros));
  EXPECT_EQ(asked["cpu_strict"], true);
  EXPECT_EQ(asked["poll"], 7);
}

TEST(Bench, ManySequencesAtOnce) {
  const auto rows = rows_of({kModel, "-p", "8", "-n", "4", "-np", "1-2", "-r", "1"});
  ASSERT_EQ(rows.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const Json& row = rows[static_cast<std::size_t>(i)];
    EXPECT_EQ(row["pl"], i + 1);
    EXPECT_EQ(row["n_kv"], (i + 1) * 12);
    EXPECT_GT(row["speed_pp"].get<double>(), 0);
    EXPECT_GT(row["speed_tg"].get<double>(), 0);
    // All tokens of both phases by the time of both.
    const double seconds = row["t_pp"].get<double>() + row["t_tg"].get<double>();
    EXPECT_NEAR(row["avg_ts"].get<double>() * seconds, (i + 1) * 12, 1e-6);
  }
}

TEST(Bench, ListsAddUpAndModelsToo) {
  const std::string other = fixture("tiny-llama3-q8_0.gguf");
  const auto rows = rows_of({"-m", kModel + "," + other, "-p", "4", "-p", "5,6", "-n", "0", "-ctk",
                             "f16,f32", "-r", "1", "--no-warmup"});
  ASSERT_EQ(rows.size(), 2u * 2 * 3);
  EXPECT_EQ(rows[0]["model_filename"], kModel);
  EXPECT_EQ(rows[3]["type_k"], "f32");
  EXPECT_EQ(rows[5]["n_prompt"], 6);
  EXPECT_EQ(rows[6]["model_filename"], other);
}

TEST(Bench, ATableIsTheDefault) {
  const Outcome outcome = bench({kModel, "-p", "4", "-n", "2", "-r", "1", "-t", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("| model "), HasSubstr(" pp4 |"), HasSubstr(" tg2 |"),
                                 HasSubstr("ceilings with 1 thread:"), HasSubstr("build: ")));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(Bench, EveryFormatIsPrinted) {
  const std::vector<std::string> small = {kModel, "-p", "4", "-n", "0", "-r", "1", "-t", "1", "-o"};
  const std::pair<const char*, const char*> starts[] = {{"csv", "build_commit,build_number,"},
                                                        {"json", "["},
                                                        {"jsonl", "{\"build_commit\":"},
                                                        {"sql", "CREATE TABLE"},
                                                        {"md", "|"}};
  for (const auto& [format, start] : starts) {
    std::vector<std::string> args = small;
    args.emplace_back(format);
    EXPECT_THAT(bench(args).out, testing::StartsWith(start)) << format;
  }
}

TEST(Bench, ProgressIsSaidWhereAskedFor) {
  const Outcome outcome =
      bench({kModel, "-p", "4", "-n", "0", "-d", "8", "-r", "2", "-t", "1", "--progress"});
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("[1/1] pp4 @ d8: filling up to the depth\n"),
                                 HasSubstr("repetition 2 of 2\n")));
}

TEST(Bench, FlagsOfLlamaBenchThatMeanNothingHereAreSaidToHaveNoEffect) {
  const Outcome outcome =
      bench({"-m",   kModel, "-p",  "4", "-n",     "0",  "-r",  "1",    "-t",     "1",
             "-ngl", "99",   "-fa", "1", "--poll", "50", "-sm", "none", "--numa", "distribute"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("no effect here: -ngl, -fa"));

  const Outcome switches = bench({"-nkvo", "0", "-mmp", "1", "-embd", "0", "-p", "4", "-n", "0",
                                  "-r", "1", "-t", "1", "-m", kModel});
  EXPECT_EQ(switches.status, 0) << switches.err;
  EXPECT_THAT(switches.err, HasSubstr("no effect here"));
}

TEST(Bench, RefusesWhatMakesNoSense) {
  const std::vector<std::vector<std::string>> bad = {
      {kModel, "-p", "x"},         {kModel, "-p", "5-3"},          {kModel, "-pg", "5"},
      {kModel, "-b", "0"},         {kModel, "-ub", "0-4"},         {kModel, "-np", "0"},
      {kModel, "-t", "5000"},      {kModel, "-ctk", "f8"},         {kModel, "-o", "xml"},
      {kModel, "-r", "0"},         {kModel, "-p", "0", "-n", "0"}, {},
      {kModel, "--isa", "mmx"},    {kModel, "-d", "1-2+0"},        {"--roofline", "-o", "csv"},
      {kModel, "--delay", "99999"}};
  for (const auto& args : bad) {
    const Outcome outcome = bench(args);
    EXPECT_EQ(outcome.status, 2) << testing::PrintToString(args) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_EQ(bench({"no-such-model.gguf", "-t", "1"}).status, 3);
}

TEST(Bench, ControlCEndsItAndWhatWasMeasuredCanBeRead) {
  const Outcome outcome = run(Invocation{.args = {"bench", kModel, "-p", "4,8192", "-n", "0", "-r",
                                                  "100", "-t", "1", "-o", "json", "--no-warmup"},
                                         .interrupt_after = 1.5});
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  if (!outcome.out.empty()) {
    EXPECT_TRUE(parse_json(outcome.out).has_value()) << outcome.out;
  }
}

TEST(BenchRoofline, TellsEveryInstructionSet) {
  const Outcome outcome = bench({"--roofline", "--json", "-r", "1", "-t", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto parsed = parse_json(outcome.out);
  ASSERT_TRUE(parsed.has_value());
  std::vector<std::string> usable_kinds;
  for (const Json& ceiling : (*parsed)["ceilings"]) {
    if (!ceiling["usable"].get<bool>()) {
      EXPECT_THAT(ceiling["missing"].get<std::string>(), Not(IsEmpty()));
      EXPECT_THAT(ceiling["rates"], IsEmpty());
      continue;
    }
    usable_kinds.push_back(ceiling["kind"].get<std::string>());
    ASSERT_GE(ceiling["rates"].size(), 1u);
    EXPECT_EQ(ceiling["rates"][0]["n_threads"], 1);
    for (const Json& rate : ceiling["rates"]) EXPECT_GT(rate["best"].get<double>(), 1e6);
  }
  EXPECT_THAT(usable_kinds, AllOf(Contains("int8"), Contains("float"), Contains("read")));
}

}  // namespace
}  // namespace hearth::test
