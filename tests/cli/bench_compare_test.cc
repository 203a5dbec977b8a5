// SPDX-License-Identifier: Apache-2.0
//
// bench/compare with programs that only print: its arithmetic, the order of its runs, what it
// passes on, and what it makes of failures.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kScript = std::string(HEARTH_SOURCE_DIR) + "/bench/compare";

// A shell script of that name, in a folder of its own.
std::string fake(const std::string& folder, const std::string& name, const std::string& body) {
  const std::string path = scratch_folder() + "/" + folder;
  ::mkdir(path.c_str(), 0755);
  std::ofstream(path + "/" + name) << "#!/bin/sh\n" << body << "\n";
  ::chmod((path + "/" + name).c_str(), 0755);
  return path + "/" + name;
}

Outcome compare(std::vector<std::string> args) {
  return run(Invocation{.args = std::move(args), .program = kScript});
}

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A program that tells the speeds of a list, one a run, as hearth and llama-bench do.
std::string speeds(const std::string& folder, const std::string& name, const std::string& list) {
  const std::string state = scratch_folder() + "/" + folder + ".n";
  return fake(folder, name,
              "n=$(cat " + state + " 2>/dev/null || echo 0); n=$((n + 1)); echo $n >" + state +
                  "\nset -- " + list + "; shift $((n - 1))\n" +
                  R"(printf '[{"n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ts": %s}]\n' $1)");
}

// Ratios 3, 2, 2.5 and 10: median 2.75, whatever the order of the runs.
TEST(BenchCompare, TellsTheMedianOfPairedRatios) {
  const std::string a = speeds("m1", "hearth", "30 20 50 100");
  const std::string b = speeds("m2", "llama-bench", "10 10 20 10");
  const Outcome outcome = compare({"-N", "4", a, b, "-m", "x"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("A: " + a), HasSubstr("B: " + b)));
  EXPECT_THAT(
      outcome.out,
      HasSubstr("| pp512                        |      40.00 |      10.00 |  2.750 |  2.000 to "
                "10.000 |     4 |"));
}

TEST(BenchCompare, TheMiddleOfAnOddNumber) {
  const std::string a = speeds("o1", "hearth", "30 20 50"), b = speeds("o2", "hearth", "10 10 10");
  const Outcome outcome = compare({"-N", "3", a, b, "-m", "x"});
  EXPECT_THAT(outcome.out, HasSubstr("|  3.000 |  2.000 to  5.000 |     3 |"));
}

TEST(BenchCompare, WhoIsFirstChangesWithEveryPair) {
  const std::string log = scratch_folder() + "/order";
  const std::string row = "; echo '{\"n_prompt\": 1, \"n_gen\": 2, \"avg_ts\": 1.5}'";
  const std::string a = fake("f1", "hearth", "echo \"a $*\" >>" + log + row);
  const std::string b = fake("f2", "llama-bench", "echo \"b $*\" >>" + log + row);
  const Outcome outcome = compare({"-N", "3", "--a-flags", "--isa avx2", "--b-flags", "-rtr 1", a,
                                   b, "-m", "a b.gguf", "-p", "1"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string one = "a bench -m a b.gguf -p 1 --isa avx2 -r 1 -o json\n";
  const std::string two = "b -m a b.gguf -p 1 -rtr 1 -r 1 -o json\n";
  EXPECT_EQ(slurp(log), one + two + two + one + one + two);
  EXPECT_THAT(outcome.out, HasSubstr("| pp1+tg2  "));
}

// llama-bench's lines with one field each, and several tests, one of them on one side alone.
TEST(BenchCompare, PairsTestsByTheirNames) {
  const std::string a = fake("p1", "hearth", R"(cat <<'X'
[
{
  "n_prompt": 0,
  "n_gen": 64,
  "n_depth": 1024,
  "avg_ts": 4.0e1,
  "samples_ts": [ 40.0 ]
},
{"n_prompt": 8, "n_gen": 0, "n_depth": 0, "avg_ts": 7}
]
X)");
  const std::string b = fake("p2", "llama-bench", R"(cat <<'X'
a line that is no JSON
[ { "model_filename": "a, {b}.gguf", "n_prompt": 0, "n_gen": 64,
    "n_depth": 1024, "avg_ts": 20.000000, "test": "tg64" } ]
X)");
  const Outcome outcome = compare({"-N", "1", a, b, "-m", "x"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("| tg64 @ d1024                 |      40.00 |      20.00 |"
                                     "  2.000 |"));
  EXPECT_THAT(outcome.out,
              HasSubstr("| pp8                          | measured on one side alone"));
}

TEST(BenchCompare, ManySequencesAgainstTheTableOfLlamaBatchedBench) {
  const std::string log = scratch_folder() + "/batched";
  const std::string a = fake("b1", "hearth", R"(cat <<'X'
[{"n_prompt": 100, "n_gen": 48, "n_depth": 0, "avg_ts": 90.0, "pl": 8, "speed_pp": 300.0, "speed_tg": 60.0}]
X)");
  const std::string b = fake("b2", "llama-batched-bench", "echo \"$*\" >>" + log + R"(
cat >&2 <<'X'
main: n_kv_max = 1184

|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
|   100 |     48 |    8 |   1184 |    4.000 |   200.00 |    9.600 |    40.00 |   13.600 |    60.00 |

llama_perf_context_print:        load time =      10.00 ms
X)");
  const Outcome outcome =
      compare({"-N", "2", a, b, "-m", "x.gguf", "-p", "100", "-n", "48", "-np", "2,8", "-t", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(slurp(log),
            "-npp 100 -ntg 48 -npl 2,8 -c 1184 -m x.gguf -t 2\n"
            "-npp 100 -ntg 48 -npl 2,8 -c 1184 -m x.gguf -t 2\n");
  EXPECT_THAT(outcome.out, HasSubstr("| pp100+tg48 x8, prompts       |     300.00 |     200.00 |"
                                     "  1.500 |"));
  EXPECT_THAT(outcome.out, HasSubstr("| pp100+tg48 x8, generation    |      60.00 |      40.00 |"));
  EXPECT_THAT(outcome.out, HasSubstr("| pp100+tg48 x8, all           |      90.00 |      60.00 |"));
}

TEST(BenchCompare, FailuresAreTold) {
  const std::string good = speeds("g", "hearth", "1 1 1 1 1");
  const std::string bad = fake("x1", "llama-bench", "echo cannot load the model >&2; exit 1");
  const Outcome failed = compare({good, bad, "-m", "x"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("cannot load the model"), HasSubstr("failed")));
  EXPECT_THAT(failed.out, IsEmpty());

  const Outcome silent = compare({good, fake("x2", "llama-bench", "true"), "-m", "x"});
  EXPECT_EQ(silent.status, 1);
  EXPECT_THAT(silent.err, HasSubstr("told no speeds"));

  const Outcome unknown = compare({good, "no-such-revision", "-m", "x"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("neither a program nor a revision"));

  for (const std::vector<std::string>& args :
       {std::vector<std::string>{}, {good}, {good, "-m", "x"}, {"-N", "0", good, good}})
    EXPECT_EQ(compare(args).status, 2);
}

}  // namespace
}  // namespace hearth::test
