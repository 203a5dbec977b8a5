// SPDX-License-Identifier: Apache-2.0
//
// What people type: llama.cpp's flags and variables, help, completions and the manual. No model is
// needed: a line that was understood ends with "there is no such model".
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kUsage = 2, kNotFound = 3;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(std::string(HEARTH_SOURCE_DIR) + "/" + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  return lines;
}

// Divided by blanks; "..." is one word.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  bool in_word = false, quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c != '"') words.back() += c;
  }
  return words;
}

// An empty store, and no network.
Outcome run_alone(std::vector<std::string> args, std::vector<std::string> environment = {}) {
  environment.push_back("HEARTH_HOME=" + scratch_folder() + "/no-store");
  environment.push_back("HF_HUB_OFFLINE=1");
  return run(Invocation{.args = std::move(args), .environment = std::move(environment)});
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(CommandLines, OfGuidesAreUnderstood) {
  const auto lines = lines_of("tests/fixtures/flags/command_lines.txt");
  ASSERT_GT(lines.size(), 80u);
  for (const std::string& line : lines) {
    const std::size_t colon = line.find(": ");
    ASSERT_NE(colon, std::string::npos) << line;
    const std::vector<std::string> outcome_words = words_of(line.substr(0, colon));
    std::vector<std::string> args = words_of(line.substr(colon + 2));
    args[0] = "run";
    const Outcome outcome = run_alone(args);
    EXPECT_THAT(outcome.err, Not(HasSubstr("unknown"))) << line;
    if (outcome_words[0] == "known") continue;
    if (outcome_words[0] == "runs") {
      EXPECT_EQ(outcome.status, kNotFound) << line << "\n" << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr("no-such")) << line;
      EXPECT_LE(count(outcome.err, "\n"), 3u) << line << "\n" << outcome.err;
      continue;
    }
    ASSERT_EQ(outcome_words[0], "refused") << line;
    EXPECT_EQ(outcome.status, kUsage) << line;
    EXPECT_EQ(count(outcome.err, "; ") + 2, outcome_words.size()) << line << "\n" << outcome.err;
    for (std::size_t i = 1; i < outcome_words.size(); ++i)
      EXPECT_THAT(outcome.err, HasSubstr(outcome_words[i])) << line;
  }
}

// Found before any look for the model; the message names the flag as it was given.
TEST(Flags, OfThreadsThatMakeNoSenseAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"-C", "word"},  {"-C", "0"},           {"-Cr", "5-2"},         {"-Cr", "3"},
      {"-Cb", "0xfg"}, {"-Crb", "-"},         {"--poll", "101"},      {"--poll-batch", "x"},
      {"--prio", "4"}, {"--prio-batch", "x"}, {"--cpu-strict", "2"},  {"--numa", "other"},
      {"-tb", "-7"},   {"-tb", "5000"},       {"-Cr", "60000-60001"}, {"--cpu-strict-batch", ""}};
  for (const auto& [name, value] : wrong) {
    const Outcome outcome = run_alone({"run", "-m", "no-such.gguf", name, value});
    EXPECT_EQ(outcome.status, kUsage) << name << " " << value;
    EXPECT_THAT(outcome.err, HasSubstr(name + " " + value)) << outcome.err;
  }
}

constexpr std::size_t kMostNames = 12;

struct DocumentedFlag {
  std::string outcome;
  std::vector<std::string> names, values;
};

std::vector<DocumentedFlag> documented_flags() {
  std::vector<DocumentedFlag> flags;
  for (const std::string& line : lines_of("tests/fixtures/flags/llama_cpp_flags.txt")) {
    const std::size_t colon = line.find(": "), equals = line.find(" = ");
    const std::string names = line.substr(0, equals).substr(colon + 2);
    flags.push_back({line.substr(0, colon), words_of(names), {}});
    if (equals != std::string::npos) flags.back().values = words_of(line.substr(equals + 3));
  }
  return flags;
}

void append_flag(std::vector<std::string>& args, const DocumentedFlag& flag, std::size_t name) {
  args.push_back(flag.names[name]);
  args.insert(args.end(), flag.values.begin(), flag.values.end());
}

// Many flags before the model: had one value not been taken, or one too many, the model could not
// be missing by its name. Neighbours in the file may exclude each other, so that each line takes
// every tenth flag.
TEST(Flags, OfLlamaCppThatAreAcceptedAreKnownByAllTheirNames) {
  constexpr std::size_t kLines = 10;
  std::size_t n_names = 0;
  for (std::size_t name = 0; name < kMostNames; ++name)
    for (std::size_t first = 0; first < kLines; ++first) {
      std::vector<std::string> args{"run"};
      std::size_t at = 0;
      for (const DocumentedFlag& flag : documented_flags()) {
        if (flag.outcome != "runs" || name >= flag.names.size()) continue;
        if (at++ % kLines == first) append_flag(args, flag, name), ++n_names;
      }
      args.push_back("no-such");
      const Outcome outcome = run_alone(args);
      EXPECT_EQ(outcome.status, kNotFound) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr("'no-such'"));
    }
  EXPECT_GT(n_names, 280u);
}

TEST(Flags, OfLlamaCppThatAreRefusedAreKnownByAllTheirNames) {
  for (std::size_t name = 0; name < kMostNames; ++name) {
    std::vector<std::string> args{"run"}, names;
    for (const DocumentedFlag& flag : documented_flags()) {
      if (flag.outcome != "refused" || name >= flag.names.size()) continue;
      append_flag(args, flag, name);
      names.push_back(flag.names[name]);
    }
    if (names.empty()) break;
    args.push_back("no-such");
    const Outcome outcome = run_alone(args);
    EXPECT_EQ(outcome.status, kUsage) << outcome.err;
    EXPECT_EQ(count(outcome.err, "; ") + 1, names.size()) << outcome.err;
    for (const std::string& refused : names) EXPECT_THAT(outcome.err, HasSubstr(refused));
  }
}

// A flag that takes a value takes whatever comes next; one that does not leaves it alone. (Values
// of those that are accepted were taken above, and no refused one has swallowed its neighbour.)
TEST(Flags, OfLlamaCppTakeTheirValuesAndNoMore) {
  std::vector<std::string> refused{"run", "no-such"};
  for (const DocumentedFlag& flag : documented_flags()) {
    if (flag.outcome == "refused" && !flag.values.empty()) {
      refused.push_back(flag.names[0]);
      refused.insert(refused.end(), flag.values.size(), "--no-such-flag");
    } else if (flag.outcome == "runs" && flag.values.empty()) {
      EXPECT_THAT(run_alone({"run", "no-such", flag.names[0], "--no-such-flag"}).err,
                  HasSubstr("unknown flag '--no-such-flag'"))
          << flag.names[0];
    }
  }
  EXPECT_GT(refused.size(), 100u);
  EXPECT_THAT(run_alone(refused).err, Not(HasSubstr("unknown flag")));
}

TEST(Flags, WithoutEffectAreToldInOneLine) {
  const Outcome outcome = run_alone(
      {"run", "no-such", "-ngl", "99", "--flash_attn", "on", "--draft-max", "4", "--jinja"});
  EXPECT_EQ(outcome.status, kNotFound);
  EXPECT_EQ(count(outcome.err, "\n"), 2u);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no effect here: -ngl, --flash-attn, "
                                           "--draft-max (now --spec-draft-n-max)\n"),
                                 Not(HasSubstr("--jinja"))));
  // Only where a model is run.
  EXPECT_EQ(run_alone({"list", "-ngl", "99"}).status, kUsage);
}

TEST(Flags, GivenTwiceTheLastCountsWithAWarning) {
  const Outcome twice = run_alone({"run", "no-such", "-n", "many", "-n", "1"});
  EXPECT_EQ(twice.status, kUsage);  // a bad value is bad wherever it stands
  const Outcome warned =
      run_alone({"run", "no-such", "--temp", "1", "--temperature", "0.5", "--temp", "0"});
  EXPECT_EQ(count(warned.err, "warning"), 1u);
  EXPECT_THAT(warned.err, HasSubstr("given more than once; the last counts"));
  const std::string model = fixture("tiny-llama-f32.gguf");
  const Outcome last = run({"run", model, "a", "-n", "9", "-n", "2", "--greedy", "--ignore-eos"});
  EXPECT_EQ(last.out, run({"run", model, "a", "-n", "2", "--greedy", "--ignore-eos"}).out);
  const Outcome repeated = run_alone(
      {"run", "no-such", "-r", "a", "--stop", "b", "--ignore-eos", "--ignore-eos", "-l", "1+1"});
  EXPECT_THAT(repeated.err, Not(HasSubstr("warning")));
}

TEST(Flags, MayStandAnywhereAndInAnySpelling) {
  const std::string model = fixture("tiny-llama-f32.gguf");
  const std::string expected =
      run({"run", model, "a", "-n", "4", "--temp", "0", "--ignore-eos"}).out;
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"run", "-n", "4", "--temp", "0", "--ignore-eos", model, "a"},
           {"run", model, "--n_predict=4", "--temp=0", "--ignore_eos=on", "a"},
           {"run", model, "-predict", "4", "-temp", "0", "-ignore-eos", "--", "a"},
           {"run", "-m", model, "-p", "a", "-n=4", "--greedy", "--ignore-eos"},
           {"run", "-m", model, "a", "-n", "4", "--greedy", "--ignore-eos"}})
    EXPECT_EQ(run(args).out, expected) << args[2];
  // What has a blank in its name begins a prompt, and a number is no flag.
  EXPECT_EQ(run_alone({"run", "no-such", "- first"}).status, kNotFound);
  EXPECT_EQ(run_alone({"run", "no-such", "-5"}).status, kNotFound);
  EXPECT_THAT(run_alone({"run", "no-such", "-x"}).err, HasSubstr("unknown flag '-x'"));
  EXPECT_THAT(run_alone({"run", "no-such", "-n"}).err, HasSubstr("-n: give a value"));
  EXPECT_EQ(run_alone({"run", "no-such", "--ignore-eos=perhaps"}).status, kUsage);
}

TEST(Flags, UnknownOnesSuggestTheNearest) {
  EXPECT_THAT(run_alone({"run", "m", "--flash-atn", "on"}).err, HasSubstr("'--flash-attn'"));
  EXPECT_THAT(run_alone({"run", "m", "--ctx-sise", "5"}).err, HasSubstr("'--ctx-size'"));
  EXPECT_THAT(run_alone({"list", "--jsn"}).err, HasSubstr("'--json'"));
}

// The default of -n is no limit, so the number of tokens shows what counted.
TEST(Variables, AreBeatenByFlagsAndHearthsBeatLlamas) {
  const std::string model = fixture("tiny-llama-f32.gguf");
  const auto answer = [&](std::vector<std::string> flags, std::vector<std::string> variables) {
    std::vector<std::string> args{"run", model, "a", "--greedy", "--ignore-eos"};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome outcome = run_alone(args, variables);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  };
  const std::string two = answer({"-n", "2"}, {}), three = answer({"-n", "3"}, {});
  ASSERT_NE(two, three);
  EXPECT_EQ(answer({}, {"LLAMA_ARG_N_PREDICT=2"}), two);
  EXPECT_EQ(answer({}, {"HEARTH_N_PREDICT=3", "LLAMA_ARG_N_PREDICT=2"}), three);
  EXPECT_EQ(answer({"-n", "2"}, {"HEARTH_N_PREDICT=3"}), two);
  EXPECT_EQ(answer({"-n", "2"}, {"HEARTH_N_PREDICT=3"}), two);
  EXPECT_EQ(answer({"-n", "2"}, {"LLAMA_ARG_N_PREDICT="}), two);
  const Outcome bad = run_alone({"run", "no-such", "a"}, {"LLAMA_ARG_THREADS=many"});
  EXPECT_EQ(bad.status, kUsage);
  EXPECT_THAT(bad.err, HasSubstr("LLAMA_ARG_THREADS: 'many' is not a number"));
}

TEST(Variables, NameTheModelWhereNoWordDoes) {
  const std::vector<std::string> variable{"LLAMA_ARG_MODEL=/no/such/variable.gguf"};
  EXPECT_THAT(run_alone({"run", "-p", "a"}, variable).err, HasSubstr("variable.gguf"));
  EXPECT_THAT(run_alone({"show"}, variable).err, HasSubstr("variable.gguf"));
  EXPECT_THAT(run_alone({"run", "no-such", "a"}, variable).err, HasSubstr("'no-such'"));
  EXPECT_THAT(run_alone({"show", "no-such"}, variable).err, HasSubstr("'no-such'"));
  EXPECT_THAT(run_alone({"show", "-m", "no-such"}, variable).err, HasSubstr("'no-such'"));
  const std::vector<std::string> both{variable[0], "LLAMA_ARG_HF_REPO=example/no-such-GGUF"};
  EXPECT_THAT(run_alone({"show"}, both).err, HasSubstr("variable.gguf"));
  EXPECT_THAT(run_alone({"show", "-m", "no-such"}, both).err, HasSubstr("'no-such'"));
}

TEST(Variables, ThatWouldChangeTheAnswerAreNotIgnoredInSilence) {
  const auto err = [](const char* variable) {
    return run_alone({"run", "no-such", "a"}, {variable}).err;
  };
  EXPECT_THAT(err("LLAMA_ARG_ROPE_SCALE=4"), HasSubstr("warning: LLAMA_ARG_ROPE_SCALE"));
  EXPECT_THAT(err("LLAMA_ARG_MMPROJ=x.gguf"), HasSubstr("warning: LLAMA_ARG_MMPROJ"));
  for (const char* harmless : {"LLAMA_ARG_CONTEXT_SHIFT=0", "LLAMA_ARG_THINK_BUDGET=-1",
                               "LLAMA_ARG_N_GPU_LAYERS=99", "LLAMA_ARG_PORT=8080"})
    EXPECT_THAT(err(harmless), Not(HasSubstr("LLAMA_ARG"))) << harmless;
}

TEST(Help, IsShortAndGrouped) {
  const Outcome usual = run({"help", "run"}), whole = run({"run", "--help-all"});
  EXPECT_EQ(usual.status, 0);
  EXPECT_EQ(whole.status, 0);
  EXPECT_EQ(run({"run", "--help"}).out, usual.out);
  EXPECT_EQ(run({"run", "-h", "--top-k", "1"}).out, usual.out);
  EXPECT_EQ(run({"help", "run", "--help-all"}).out, whole.out);
  EXPECT_LT(count(usual.out, "\n"), 55u);
  EXPECT_THAT(usual.out, AllOf(HasSubstr("\nSampling:\n"), HasSubstr("--temp X"),
                               HasSubstr("-ctk, --cache-type-k"), HasSubstr("--help-all' shows"),
                               Not(HasSubstr("--xtc-threshold"))));
  EXPECT_THAT(whole.out, AllOf(HasSubstr("--xtc-threshold"), HasSubstr("HEARTH_CTX_SIZE, "),
                               HasSubstr("-n, --predict, --n-predict, --num-predict N")));
  for (const Outcome& page : {usual, whole, run({"help"})}) {
    std::istringstream lines(page.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
  EXPECT_EQ(run({"help", "rum"}).status, kUsage);
}

TEST(Help, KnowsWhatOthersCallTheirCommands) {
  EXPECT_THAT(run({"quantize"}).err, HasSubstr("not here yet"));
  EXPECT_THAT(run({"server"}).err, HasSubstr("hearth serve"));
  EXPECT_THAT(run({"create", "--help"}).err, HasSubstr("'hearth import"));
}

TEST(Help, TellsTheExitStatuses) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"help"}, {"man"}, {"man", "--markdown"}})
    for (const char* meaning : {"usage", "not found", "integrity", "does not fit", "interrupted"})
      EXPECT_THAT(run(args).out, HasSubstr(meaning)) << args[0];
}

// What a person reads is what the program says of itself: hearth man --markdown > docs/commands.md
TEST(Manual, IsThePageOfTheDocs) {
  std::ifstream file(std::string(HEARTH_SOURCE_DIR) + "/docs/commands.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(run({"man", "--markdown"}).out, page.str());
}

// Runs a program of the system; status 127 if there is none.
Outcome shell(const std::string& script, const std::string& argument) {
  return run(Invocation{.args = {"-c", script, "sh", argument}, .program = "/bin/bash"});
}

std::string written(const std::string& name, const std::string& text) {
  std::string path = scratch_folder() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(Manual, IsSoundRoff) {
  const std::string page = run({"man"}).out;
  for (const char* part :
       {".SH NAME\n", ".SH SYNOPSIS\n", ".SH EXIT STATUS\n", ".SH ENVIRONMENT\n"})
    EXPECT_THAT(page, HasSubstr(part));
  const std::string path = written("hearth.1", page);
  if (shell("command -v groff", "").status != 0) GTEST_SKIP() << "groff is not installed";
  const Outcome groff = shell("groff -man -Tascii -P-cbou -ww \"$1\"", path);
  EXPECT_EQ(groff.status, 0);
  EXPECT_THAT(groff.err, IsEmpty());
  EXPECT_THAT(groff.out, HasSubstr("--ctx-size"));
}

// What bash would offer for a line, through its own machinery.
std::vector<std::string> completed(const std::string& line, const std::string& store) {
  const std::string script = written("hearth.bash", run({"completion", "bash"}).out);
  const std::string program = HEARTH_PROGRAM;
  const Outcome outcome =
      run(Invocation{.args = {"-c",
                              "hearth() { \"" + program +
                                  "\" \"$@\"; }; source \"$1\"; COMP_LINE=$2; "
                                  "COMP_POINT=${#2}; _hearth; printf '%s\\n' \"${COMPREPLY[@]}\"",
                              "bash", script, line},
                     .environment = {"HEARTH_HOME=" + store},
                     .folder = scratch_folder(),
                     .program = "/bin/bash"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty()) << line;
  std::istringstream lines(outcome.out);
  std::vector<std::string> words;
  for (std::string word; std::getline(lines, word);)
    if (!word.empty()) words.push_back(word);
  return words;
}

TEST(Completion, OfBashOffersCommandsFlagsValuesAndModels) {
  using testing::Contains;
  using testing::ElementsAre;
  const std::string store = scratch_folder() + "/completion-store";
  ASSERT_EQ(run(Invocation{.args = {"import", fixture("tiny-llama-f32.gguf"), "--name", "tiny:f32"},
                           .environment = {"HEARTH_HOME=" + store}})
                .status,
            0);
  EXPECT_EQ(shell("bash -n \"$1\"", written("c.bash", run({"completion", "bash"}).out)).status, 0);
  EXPECT_THAT(completed("hearth ru", store), ElementsAre("run"));
  EXPECT_THAT(completed("hearth help sho", store), ElementsAre("show"));
  EXPECT_THAT(completed("hearth run --ctx", store), ElementsAre("--ctx-size"));
  EXPECT_THAT(completed("hearth run m -ctk ", store),
              ElementsAre("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"));
  EXPECT_THAT(completed("hearth run ti", store), ElementsAre("tiny:f32"));
  EXPECT_THAT(completed("hearth run tiny:f", store), ElementsAre("f32"));
  EXPECT_THAT(completed("hearth logits -m ti", store), ElementsAre("tiny:f32"));
  EXPECT_THAT(completed("hearth completion ", store), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(completed("hearth run m -n ", store), IsEmpty());
  written("letter.txt", "");
  EXPECT_THAT(completed("hearth run m -f lett", store), ElementsAre("letter.txt"));
}

TEST(Completion, OfZshAndFishIsSound) {
  const std::string zsh = run({"completion", "zsh"}).out, fish = run({"completion", "fish"}).out;
  EXPECT_THAT(zsh, AllOf(HasSubstr("#compdef hearth"), HasSubstr("--ctx-size"),
                         HasSubstr("(f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl)")));
  EXPECT_THAT(fish, AllOf(HasSubstr(" -o ctk -l cache-type-k"), HasSubstr("-a run")));
  // Where those shells are installed.
  EXPECT_EQ(shell("! command -v zsh || zsh -n \"$1\"", written("c.zsh", zsh)).status, 0);
  EXPECT_EQ(shell("! command -v fish || fish -n \"$1\"", written("c.fish", fish)).status, 0);
  EXPECT_EQ(run({"completion", "tcsh"}).status, kUsage);
}

TEST(Install, PutsTheManualAndTheCompletionsInPlace) {
  const std::string prefix = scratch_folder() + "/usr";
  const Outcome installed = shell(HEARTH_INSTALL " --prefix \"$1\"", prefix);
  ASSERT_EQ(installed.status, 0) << installed.err;
  const auto slurp = [&](const std::string& path) {
    std::ifstream file(prefix + "/share/" + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  };
  EXPECT_EQ(slurp("man/man1/hearth.1"), run({"man"}).out);
  EXPECT_EQ(slurp("bash-completion/completions/hearth"), run({"completion", "bash"}).out);
  EXPECT_EQ(slurp("zsh/site-functions/_hearth"), run({"completion", "zsh"}).out);
  EXPECT_EQ(slurp("fish/vendor_completions.d/hearth.fish"), run({"completion", "fish"}).out);
}

}  // namespace
}  // namespace hearth::test
