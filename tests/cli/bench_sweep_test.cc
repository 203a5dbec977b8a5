// SPDX-License-Identifier: Apache-2.0
//
// hearth bench --sweep and --minutes as a user runs them, with peers that only print. No speed is
// asserted but the peers', which they make up.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kModel = fixture("tiny-llama-q8_0.gguf");

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A shell script that is a program of that name.
std::string fake(const std::string& name, const std::string& body) {
  const std::string path = scratch_folder() + "/" + name;
  std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
  ::chmod(path.c_str(), 0755);
  return path;
}

// A llama-bench that logs its flags and is at 64 and 16 tokens a second, less 8 and 2 at any depth.
std::string llama_bench(const std::string& name) {
  return fake(name, "log=" + scratch_folder() + "/" + name + R"(.log
if [ "$1" = --help ]; then echo "  -d, --n-depth <n>"; exit 0; fi
echo "$*" >>"$log"
pp=64 tg=16
case " $* " in *" -d "*) pp=56 tg=14 ;; esac
row='"build_commit": "abc", "build_number": 5'
echo "[{$row, \"n_prompt\": 8, \"n_gen\": 0, \"samples_ts\": [$pp, $pp]},"
echo " {$row, \"n_prompt\": 0, \"n_gen\": 4, \"samples_ts\": [$tg, $tg]}]")");
}

Outcome sweep(std::vector<std::string> args) {
  args.insert(args.begin(), {"bench", "-m", kModel, "-t", "1", "-r", "2"});
  return run(Invocation{.args = std::move(args), .folder = scratch_folder()});
}

TEST(Sweep, OursAndAPeersFiguresAtEveryDepth) {
  const std::string peer = llama_bench("llama-bench");
  const Outcome outcome = sweep({"--sweep", "--sweep-depths", "70,0", "-p", "8", "-n", "4", "-ub",
                                 "16", "--peer", "other=" + peer + " -x 1", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto rows = parse_json(outcome.out);
  ASSERT_TRUE(rows.has_value()) << outcome.out;
  ASSERT_EQ(rows->size(), 8u);
  std::size_t i = 0;
  for (const int depth : {0, 70})
    for (const char* program : {"hearth", "other"})
      for (const bool is_prompt : {true, false}) {
        const Json& row = (*rows)[i++];
        EXPECT_EQ(row["program"], program);
        EXPECT_EQ(row["n_depth"], depth);
        EXPECT_EQ(row["n_prompt"], is_prompt ? 8 : 0);
        EXPECT_EQ(row["n_gen"], is_prompt ? 0 : 4);
        EXPECT_EQ(row["samples_ts"].size(), 2u);
        EXPECT_GT(row["ceiling_ts"].get<double>(), 0);
        EXPECT_DOUBLE_EQ(row["share"].get<double>(),
                         row["avg_ts"].get<double>() / row["ceiling_ts"].get<double>());
        if (row["program"] != "other") continue;
        EXPECT_EQ(row["version"], "abc (5)");
        EXPECT_EQ(row["avg_ts"], depth == 0 ? (is_prompt ? 64 : 16) : (is_prompt ? 56 : 14));
      }
  const std::string flags =
      "-m " + kModel + " -t 1 -b 2048 -ub 16 -ctk f16 -ctv f16 -fa 1 -r 2 -o json -p 8 -n 4";
  EXPECT_EQ(slurp(peer + ".log"), flags + " -x 1\n" + flags + " -d 70 -x 1\n");
}

// The model was made for 128 tokens: no depth but 0 is left for a prompt of 8.
TEST(Sweep, ATableAndAPictureAfterTheModel) {
  const Outcome outcome = sweep({"--sweep", "-p", "8", "-n", "4", "--svg"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("|  depth |"), HasSubstr("|      0 |     pp8 |"),
                                 HasSubstr("|      0 |     tg4 |"), HasSubstr("cache f16/f16")));
  EXPECT_THAT(outcome.err, HasSubstr("picture: tiny-llama-q8_0-sweep.svg"));
  const std::string svg = slurp(scratch_folder() + "/tiny-llama-q8_0-sweep.svg");
  EXPECT_THAT(svg, AllOf(testing::StartsWith("<svg "), testing::EndsWith("</svg>\n"),
                         HasSubstr("prefers-color-scheme: dark"), HasSubstr("(pp8)")));
}

TEST(Sweep, APeerThatFailsIsNamedAndTheSweepGoesOn) {
  const std::string bad = fake("bad", "echo ' -d, --n-depth'; echo no such luck >&2; exit 3");
  const std::string odd = fake("odd", "echo --n-depth");
  const std::string good = llama_bench("good");
  const std::string picture = scratch_folder() + "/<a>.svg";
  const Outcome outcome = sweep({"--sweep", "--sweep-depths", "0,16", "-p", "8", "-n", "4",
                                 "--peer", bad, "--peer", odd, "--peer", good, "--svg", picture});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("bad at depth 0: exit status 3: no such luck"),
                                 HasSubstr("bad at depth 16: exit status 3: no such luck"),
                                 HasSubstr("odd at depth 16: it printed no list of tests")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(" failed |"), HasSubstr(" 64.00 ± 0.00 |"),
                                 HasSubstr(" 14.00 ± 0.00 |")));
  EXPECT_THAT(slurp(picture), AllOf(HasSubstr("good"), HasSubstr("good, tg4 at depth 16: 14.00")));
}

// The peer itself presses Ctrl-C, so that this does not depend on how long anything takes.
TEST(Sweep, ControlCEndsThePeerToo) {
  const std::string mark = scratch_folder() + "/ended";
  const std::string slow =
      fake("slow", "[ \"$1\" = --help ] && exit 0\ntrap 'echo yes >" + mark +
                       "; exit 1' TERM\nkill -INT $PPID\nwhile :; do sleep 0.1; done");
  const Outcome outcome =
      sweep({"--sweep", "--sweep-depths", "0", "-p", "4", "-n", "0", "--peer", slow, "--json"});
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  EXPECT_LT(outcome.seconds, 60);
  EXPECT_EQ(slurp(mark), "yes\n");
  // One of our two repetitions lies before the peer's, and is not lost.
  const auto rows = parse_json(outcome.out);
  ASSERT_TRUE(rows.has_value()) << outcome.out;
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0]["samples_ts"].size(), 1u);
  EXPECT_GT((*rows)[0]["ceiling_ts"].get<double>(), 0);
}

TEST(Minutes, WindowsAndTheirRatio) {
  const Outcome outcome = sweep({"--minutes", "0.02", "-d", "8", "--svg"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("| seconds |"), HasSubstr("the first half: "),
                                 HasSubstr("tg16 at depth 8 over and over")));
  EXPECT_THAT(slurp(scratch_folder() + "/tiny-llama-q8_0-minutes.svg"), HasSubstr("</svg>"));
  const Outcome lines = sweep({"--minutes", "0.01", "-n", "4", "-o", "jsonl"});
  ASSERT_EQ(lines.status, 0) << lines.err;
  const auto row = parse_json(lines.out.substr(0, lines.out.find('\n')));
  ASSERT_TRUE(row.has_value()) << lines.out;
  EXPECT_EQ((*row)["n_gen"], 4);
  EXPECT_GT((*row)["avg_ts"].get<double>(), 0);
  EXPECT_TRUE(row->contains("cpu_mhz"));
}

TEST(Sweep, RefusesWhatMakesNoSense) {
  const std::vector<std::vector<std::string>> bad = {{"--sweep", "-d", "5"},
                                                     {"--sweep", "-np", "2"},
                                                     {"--sweep", "-pg", "4,4"},
                                                     {"--sweep", "-p", "4,8"},
                                                     {"--sweep", "-p", "0", "-n", "0"},
                                                     {"--sweep", "--sweep-depths", "x"},
                                                     {"--sweep", "--peer", "/no/such"},
                                                     {"--sweep", "--minutes", "1"},
                                                     {"--sweep", "-m", kModel},
                                                     {"--peer", "/bin/true"},
                                                     {"--sweep-depths", "4"},
                                                     {"--svg"},
                                                     {"--minutes", "-1"},
                                                     {"--minutes", "5000"},
                                                     {"--minutes", "nan"},
                                                     {"--minutes", "1", "-n", "0"},
                                                     {"--minutes", "1", "-d", "1,2"},
                                                     {"--sweep", "-o", "xml"}};
  for (const auto& args : bad) {
    const Outcome outcome = sweep(args);
    EXPECT_EQ(outcome.status, 2) << testing::PrintToString(args) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

}  // namespace
}  // namespace hearth::test
