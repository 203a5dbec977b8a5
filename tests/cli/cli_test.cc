// SPDX-License-Identifier: Apache-2.0
//
// The command line's contracts on the tiny fixtures: what goes to which stream, exit statuses,
// pipes, Ctrl-C, hostile files. Random weights answer nonsense, which is all that is needed here.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kBpe = fixture("tiny-llama-f32.gguf");
const std::string kSpm = fixture("tiny-llama3-f32.gguf");

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void spit(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A store of this test's own.
std::vector<std::string> own_store() {
  return {"HEARTH_HOME=" + scratch_folder() + "/store"};
}

TEST(Usage, HelpListsTheCommands) {
  for (const char* word : {"help", "--help", "-h"}) {
    const Outcome outcome = run({word});
    EXPECT_EQ(outcome.status, 0);
    for (const char* command : {"run", "pull", "import", "list", "show", "tokenize", "detokenize",
                                "template", "logits", "compare", "perplexity", "version"})
      EXPECT_THAT(outcome.out, HasSubstr(command));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
  EXPECT_THAT(run({"help", "run"}).out, HasSubstr("--temp"));
  EXPECT_EQ(run({"run", "--help"}).status, 0);
}

TEST(Pull, SaysWhatItCannotFetch) {
  const auto pull = [](const std::string& model, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"pull", model, "--offline"};
    args.insert(args.end(), more.begin(), more.end());
    return run({.args = args, .environment = own_store()});
  };
  EXPECT_EQ(pull("ftp://host/m.gguf").status, 2);
  EXPECT_EQ(pull("hf:org").status, 2);
  EXPECT_EQ(pull("hf:org/repo", {"--sha256", "abc"}).status, 2);
  const Outcome path = pull("./m.gguf");
  EXPECT_EQ(path.status, 2);
  EXPECT_THAT(path.err, HasSubstr("hearth import"));
  EXPECT_EQ(pull("no-such-model").status, 3);
  const Outcome offline = pull("qwen3:4b");
  EXPECT_EQ(offline.status, 1);
  EXPECT_THAT(offline.err, HasSubstr("offline"));
  EXPECT_THAT(offline.out, IsEmpty());
}

TEST(Usage, FaultsExitWithTwoAndSuggest) {
  EXPECT_THAT(run({"rum"}).err, HasSubstr("'run'"));
  EXPECT_EQ(run({"rum"}).status, 2);
  const Outcome flag = run({"run", "no-such-model", "--tmep", "1", "hi"});
  EXPECT_EQ(flag.status, 2);  // before any look for the model
  EXPECT_THAT(flag.err, HasSubstr("--temp"));
  EXPECT_EQ(run({"run"}).status, 2);
  EXPECT_THAT(run({"run", "m", "-n", "many"}).err, HasSubstr("'many' is not a number"));
  EXPECT_EQ(run({"run", "no-such-model", "--temp", "hot", "hi"}).status, 2);
  EXPECT_EQ(run({"run", "no-such-model", "--top-p", "nan", "hi"}).status, 2);
  EXPECT_EQ(run({"run", "no-such-model", "-t", "-7", "hi"}).status, 2);
  EXPECT_EQ(run({"logits", "-m", "no-such-model"}).status, 2);
  EXPECT_EQ(run({"logits", "-m", kBpe, "--tokens", "1,x", "-o", "/dev/null"}).status, 2);
  EXPECT_EQ(run({"logits", "-m", kBpe, "--tokens", "1", "-o", "/dev/null", "--isa", "mmx"}).status,
            2);
}

// Found before any look for the model, which does not exist.
TEST(Usage, BadSamplingValuesExitWithTwo) {
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{"--logit-bias", "5"},
                                             {"--logit-bias", "+5"},
                                             {"-l", "5+x"},
                                             {"-l", "5+inf"},
                                             {"--samplers", "top_k;no"},
                                             {"--samplers", "infill"},
                                             {"--sampling-seq", "kq"},
                                             {"--sampler-seq", "i"},
                                             {"--mirostat", "3"},
                                             {"--top-k", "1.5"},
                                             {"--seed", "abc"},
                                             {"--seed", "-2"},
                                             {"--typical", "-1"},
                                             {"--xtc-probability", "2"},
                                             {"--xtc-threshold", "x"},
                                             {"--dry-base", "nan"},
                                             {"--repeat-last-n", "-2"},
                                             {"--repeat-penalty", "0"},
                                             {"--dynatemp-range", "?"},
                                             {"--adaptive-target", "2"},
                                             {"--mirostat-lr", "-1"},
                                             {"--top-nsigma", "inf"},
                                             {"--temp", ""},
                                             {"--seed", ""},
                                             {"--samplers", "top_k", "--sampler-seq", "k"}}) {
    std::vector<std::string> args{"run", "no-such-model", "hi"};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 2) << flags[0] << " " << flags[1];
    EXPECT_THAT(outcome.err, Not(IsEmpty()));
  }
}

TEST(Usage, MissingModelsExitWithThree) {
  const Outcome name = run({"run", "no-such-model", "hi"});
  EXPECT_EQ(name.status, 3);
  EXPECT_THAT(name.err, HasSubstr("no-such-model"));
  const Outcome path = run({"show", "/no/such/file.gguf"});
  EXPECT_EQ(path.status, 3);
  EXPECT_THAT(path.err, HasSubstr("/no/such/file.gguf"));
}

TEST(Version, IsAnObject) {
  const auto object = parse_json(run({"version", "--json"}).out);
  ASSERT_TRUE(object.has_value());
  EXPECT_TRUE((*object)["version"].is_string());
  EXPECT_TRUE((*object)["isas"].is_array());
  EXPECT_THAT(run({"--version"}).out, HasSubstr("hearth"));
}

TEST(Sandbox, VersionSaysWhatStands) {
  EXPECT_THAT(run({"version", "--verbose"}).out, HasSubstr("\nsandbox: system call filter ("));
}

// Without the line that tells how much memory is free, which is another every time.
std::string without_available(std::string text) {
  const std::size_t at = text.find("\navailable ");
  if (at != std::string::npos) text.erase(at, text.find('\n', at + 1) - at);
  return text;
}

// With the file read in a confined process or in the program itself: not a byte differs.
TEST(Sandbox, ChangesNoOutput) {
  const std::string cut = scratch_folder() + "/cut.gguf";
  std::ofstream(cut, std::ios::binary) << std::string("GGUF\3\0\0\0\xff\xff", 10);
  const Invocation commands[] = {
      {.args = {"show", kBpe}},
      {.args = {"show", kBpe, "--json", "--tensors"}},
      {.args = {"show", kBpe, "--memory", "-c", "100"}},
      {.args = {"show", kBpe, "--template"}},
      {.args = {"show", kBpe, "--check", "--json"}},
      {.args = {"show", cut}},
      {.args = {"tokenize", "-m", kSpm, "--show"}, .input = "a\033[31m\xC3\xA9"},
      {.args = {"detokenize", "-m", kSpm}, .input = "17 18 99999999"},
      {.args = {"template", "-m", kBpe},
       .input = R"({"messages": [{"role": "user", "content": 7}]})"},
      {.args = {"template", "--chat-template", "{% for x in y %}"}, .input = "{}"},
      {.args = {"template", "--chat-template", "{{ 1 + [] }}"}, .input = "{}"},
  };
  for (Invocation command : commands) {
    const Outcome confined = run(command);
    command.args.push_back("--no-sandbox");
    const Outcome open = run(command);
    EXPECT_EQ(without_available(confined.out), without_available(open.out)) << command.args[0];
    EXPECT_EQ(confined.err, open.err) << command.args[0];
    EXPECT_EQ(confined.status, open.status) << command.args[0];
  }
}

TEST(Version, SaysWhyAnInstructionSetIsNotUsed) {
  const std::string text = run({"version", "--verbose"}).out;
  EXPECT_THAT(text, HasSubstr("instruction sets:\n"));
  EXPECT_THAT(text, HasSubstr(" chosen"));
  const auto object = parse_json(run({"version", "--json"}).out);
  ASSERT_TRUE(object.has_value());
  for (const auto& isa : (*object)["isas"]) {
    const std::string name = isa["name"].get<std::string>();
    EXPECT_THAT(text, HasSubstr("  " + name + " "));
    const std::string missing = isa["missing"].get<std::string>();
    if (isa["usable"].get<bool>()) continue;
    EXPECT_THAT(text, HasSubstr("no: " + missing + "\n"));
    const Outcome forced =
        run({"logits", "-m", kBpe, "--tokens", "1", "-o", "/dev/null", "--isa", name});
    EXPECT_EQ(forced.status, 2);
    EXPECT_THAT(forced.err, HasSubstr(missing));
  }
}

TEST(Tokenize, RoundTripsBytes) {
  const std::string text = "Hello,  world!\n\tna\xc3\xafve \xf0\x9f\x94\xa5 \r\n";
  for (const std::string& model : {kBpe, kSpm}) {
    const Outcome ids = run({"tokenize", "-m", model, "--no-bos"}, text);
    ASSERT_EQ(ids.status, 0) << ids.err;
    EXPECT_EQ(count_lines(ids.out), 1u);
    EXPECT_EQ(ids.out.find_first_not_of("0123456789 \n"), std::string::npos);
    EXPECT_THAT(ids.err, IsEmpty());
    const Outcome back = run({"detokenize", "-m", model}, ids.out);
    const std::string expected =
        model == kSpm ? " " + text : text;  // SentencePiece's leading space
    EXPECT_EQ(back.out, expected);
  }
  EXPECT_EQ(run({"tokenize", "-m", kBpe, "--no-bos"}).out, "\n");
  EXPECT_EQ(run({"detokenize", "-m", kBpe}, "99999999").status, 2);
  EXPECT_EQ(run({"detokenize", "-m", kBpe}, "abc").status, 2);
}

TEST(Tokenize, AddsBosWhereTheModelAsksForIt) {
  const std::string with = run({"tokenize", "-m", kSpm}, "a").out;
  const std::string without = run({"tokenize", "-m", kSpm, "--no-bos"}, "a").out;
  EXPECT_TRUE(with.ends_with(without));
  EXPECT_GT(with.size(), without.size());
}

TEST(Tokenize, ShowsEachToken) {
  const std::string text =
      run({"tokenize", "-m", kBpe, "--no-bos", "--show"}, "a\033[31m\xC3\xA9").out;
  EXPECT_THAT(text, AllOf(HasSubstr("\"a\""), HasSubstr("normal"), HasSubstr("61"),
                          HasSubstr("\"\\x1b\""), HasSubstr("c3"), Not(HasSubstr("\033"))));
  const Json tokens = Json::parse(run({"tokenize", "-m", kSpm, "--show", "--json"}, "a").out);
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0]["kind"], "control");
  EXPECT_EQ(tokens[1]["kind"], "normal");
  EXPECT_EQ(tokens[1]["text"], " a");
  EXPECT_EQ(tokens[1]["bytes"], Json({32, 97}));
}

TEST(Template, RendersAndFails) {
  const std::string file = scratch_folder() + "/t.jinja";
  spit(file,
       "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}{{ missing }}{{ "
       "strftime_now('%Y-%m-%d') }}");
  const Outcome good = run({"template", "--template", file, "--now", "2024-07-26T15:04:05"},
                           R"({"messages":[{"role":"user","content":"h\u00e9\n"}]})");
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.out, "[user] h\xc3\xa9\n2024-07-26");
  spit(file, "a\n{{ raise_exception('only  this') }}");
  const Outcome raised = run({"template", "--template", file}, "{}");
  EXPECT_NE(raised.status, 0);
  EXPECT_THAT(raised.err, HasSubstr("only  this"));
  EXPECT_THAT(raised.out, IsEmpty());
  EXPECT_NE(run({"template", "--template", file}, "[1]").status, 0);
  EXPECT_NE(run({"template", "--template", file}, "{").status, 0);
  EXPECT_EQ(run({"template"}, "{}").status, 2);
}

TEST(Template, IsChosenByNameFileOrText) {
  const std::string variables = R"({"messages":[{"role":"user","content":"Hi"}],"x":1})";
  const Outcome ours = run({"template", "--chat-template", "chatml"}, variables);
  EXPECT_EQ(ours.out, "<|im_start|>user\nHi<|im_end|>\n") << ours.err;
  EXPECT_EQ(run({"template", "--chat-template", "nope"}, variables).status, 2);
  const Outcome listed = run({"template", "-m", kBpe, "--chat-template", "nope"}, variables);
  EXPECT_EQ(listed.status, 2);
  EXPECT_THAT(listed.err, HasSubstr("there are: default, "));
  const std::string file = scratch_folder() + "/named.jinja";
  spit(file, "from a file {{ x }}");
  for (const char* flag : {"--chat-template", "--chat-template-file", "--template"})
    EXPECT_EQ(run({"template", flag, file}, variables).out, "from a file 1");
  EXPECT_EQ(run({"template", "--chat-template", "{{ x + 1 }}"}, variables).out, "2");
  const Outcome set = run(
      {"template", "--chat-template", file, "--chat-template-kwargs", R"({"x":"y"})"}, variables);
  EXPECT_EQ(set.out, "from a file y");
  for (const char* bad : {"[1]", "{"})
    EXPECT_EQ(
        run({"template", "--chat-template", file, "--chat-template-kwargs", bad}, "{}").status, 2);
}

TEST(Template, TellsHowAnotherDiffers) {
  const std::string variables = R"({"x":"same\nend"})";
  const Outcome differs =
      run({"template", "--chat-template", "a\n{{ x }}", "--diff", "b\n{{ x }}"}, variables);
  EXPECT_EQ(differs.status, 1);
  EXPECT_EQ(differs.out, "line 1:\n-a\\n\n+b\\n\n");
  const Outcome same =
      run({"template", "--chat-template", "{{ x }}", "--diff", "{{- x }}"}, variables);
  EXPECT_EQ(same.status, 0) << same.err;
  EXPECT_THAT(same.out, IsEmpty());
}

TEST(Template, ShowTellsWhatItTakes) {
  const Outcome text = run({"show", kBpe});
  EXPECT_THAT(text.out, HasSubstr("chat template   184 bytes\n  takes         system message"));
  const Json facts = *parse_json(run({"show", kBpe, "--json"}).out);
  EXPECT_EQ(facts["chat_template"], "184 bytes");
  EXPECT_EQ(facts["template"]["takes_system"], true);
  EXPECT_EQ(facts["template"]["takes_tools"], false);
}

TEST(Logits, WritesEveryPositionWhateverTheSplit) {
  const std::string out = scratch_folder() + "/l.f32";
  const std::string tokens = slurp(fixture("tiny-llama-q8_0.tokens"));
  std::string expected;
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{},
                                             {"-ub", "1"},
                                             {"-ub", "3", "-t", "2"},
                                             {"-b", "8"},
                                             {"-ub", "512", "-t", "1"},
                                             {"-t", "1", "-tb", "2", "--poll", "0"},
                                             {"-t", "2", "-C", "1", "--cpu-strict", "1"},
                                             {"--isa", "scalar"}}) {
    std::vector<std::string> args{
        "logits", "-m", fixture("tiny-llama-q8_0.gguf"), "--tokens", tokens, "-o", out};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome outcome = run(args);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const std::string bytes = slurp(out);
    ASSERT_EQ(bytes.size(), 20u * 288 * 4);
    if (expected.empty()) expected = bytes;
    EXPECT_EQ(bytes, expected);
  }
}

TEST(Logits, RefusesWhatDoesNotFitAndKeepsNoFile) {
  const std::string out = scratch_folder() + "/none.f32";
  EXPECT_EQ(run({"logits", "-m", kBpe, "--tokens", "1,2,3", "-c", "2", "-o", out}).status, 5);
  EXPECT_EQ(run({"logits", "-m", kBpe, "--tokens", "1,288", "-o", out}).status, 2);
  struct stat status;
  EXPECT_NE(::stat(out.c_str(), &status), 0);

  // A weight that is not a number: an error, and no file.
  std::string broken = slurp(kBpe);
  const float nan = std::nanf("");
  for (std::size_t at = broken.size() - 4096; at + 4 <= broken.size(); at += 4)
    std::memcpy(&broken[at], &nan, 4);
  const std::string path = scratch_folder() + "/nan.gguf";
  spit(path, broken);
  const Outcome outcome = run({"logits", "-m", path, "--tokens", "1,2,3", "-o", out});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("not finite"));
  EXPECT_NE(::stat(out.c_str(), &status), 0);
}

TEST(Run, AnswersOnStandardOutputAlone) {
  const Outcome outcome = run({"run", kBpe, "hello", "-n", "8", "--temp", "0", "--ignore-eos"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_TRUE(outcome.out.ends_with("\n"));
  EXPECT_EQ(run({"run", kBpe, "hello", "-n", "8", "--temp", "0", "--ignore-eos"}).out, outcome.out);
  EXPECT_EQ(run({"run", kBpe, "-n", "8", "--temp", "0", "--ignore-eos"}, "hello").out, outcome.out);
  EXPECT_EQ(run({"run", "-m", kBpe, "-p", "hello", "-n", "8", "--greedy", "--ignore_eos"}).out,
            outcome.out);
  const Outcome verbose =
      run({"run", kBpe, "hello", "-n", "8", "--temp", "0", "--ignore-eos", "--verbose"});
  EXPECT_EQ(verbose.out, outcome.out);
  EXPECT_THAT(verbose.err, HasSubstr("tokens/s"));
}

TEST(Run, TheSeedDecides) {
  const auto answer = [](const char* seed) {
    return run({"run", kBpe, "hello", "-n", "24", "--temp", "1.5", "--seed", seed, "--ignore-eos"})
        .out;
  };
  EXPECT_EQ(answer("1"), answer("1"));
  EXPECT_NE(answer("1"), answer("2"));
}

// llama.cpp's spellings and Ollama's, each with a value that its sampler turns into the greedy
// answer: the flag has reached the sampler that it names.
TEST(Run, EverySamplerIsWithinReach) {
  const auto answer = [](std::vector<std::string> flags) {
    std::vector<std::string> args{"run", "-m", kBpe, "-n", "8", "--seed", "5", "--ignore-eos"};
    args.insert(args.end(), flags.begin(), flags.end());
    args.push_back("hello");
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 0) << flags[0] << ": " << outcome.err;
    return outcome.out;
  };
  const std::string greedy = answer({"--greedy"});
  const std::vector<std::string> open = {"--top-k", "0", "--top-p", "1", "--min-p", "0"};
  const auto with = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), open.begin(), open.end());
    return answer(flags);
  };
  EXPECT_NE(with({"--temp", "2"}), greedy);
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--temp", "0"},
           {"--temperature", "-1"},
           {"--top-k", "1"},
           {"--top_p", "0"},
           {"--min-p", "1"},
           {"--top-nsigma", "0.001"},
           {"--top-n-sigma", "0.001"},
           {"--temp", "0.0001"},
           {"--dynatemp-range", "0.0001", "--temp", "0.0001", "--dynatemp-exp", "2"},
           {"--mirostat", "1", "--mirostat-ent", "0", "--mirostat-lr", "0"},
           {"--mirostat", "2", "--mirostat-tau", "0", "--mirostat-eta", "0"},
           {"--samplers", "top_k", "--top-k", "1"},
           {"--sampling-seq", "kt", "--top-k", "1"}})
    EXPECT_EQ(with(flags), greedy) << flags[0] << " " << flags[1];
  // These change the answer in a way of their own.
  const std::string plain = answer({"--temp", "1"});
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--typical", "0.2"},
           {"--typical-p", "0.2"},
           {"--xtc-probability", "1", "--xtc-threshold", "0.001"},
           {"--repeat-penalty", "50", "--repeat-last-n", "-1"},
           {"--presence-penalty", "50"},
           {"--frequency-penalty", "50"},
           {"--dry-multiplier", "50", "--dry-allowed-length", "0", "--dry-base", "3",
            "--dry-penalty-last-n", "-1", "--dry-sequence-breaker", "none"},
           {"--samplers", "adaptive_p", "--adaptive-target", "0", "--adaptive-decay", "0.5"}}) {
    std::vector<std::string> all{"--temp", "1"};
    all.insert(all.end(), flags.begin(), flags.end());
    EXPECT_NE(answer(all), plain) << flags[0];
  }
  // No sampler at all: a draw from the model's own distribution.
  EXPECT_EQ(answer({"--samplers", ""}), with({"--temp", "1"}));
  const std::string always = answer({"--greedy", "-l", "100+10000", "--logit-bias", "100+5"});
  EXPECT_EQ(always, std::string(8, always[0]) + "\n");
  EXPECT_NE(answer({"--greedy", "-l", "100+10000", "-l", "100-inf"}), always);
}

TEST(Run, NoTokensMeansNoOutput) {
  const Outcome outcome = run({"run", kBpe, "hello", "-n", "0"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST(Run, EmptyPromptIsAUsageError) {
  EXPECT_EQ(run({"run", kBpe}).status, 2);
}

TEST(Run, PromptLongerThanTheContextDoesNotFit) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "word ";
  const Outcome outcome = run({"run", kBpe, "-c", "64"}, text);
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("context"));
}

TEST(Run, AContextThatDoesNotFitIsRefusedWithTheNumbers) {
  const Outcome outcome = run({"run", kBpe, "-c", "2000000000"}, "word");
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("MiB are available; try -c "));
}

// A file of 8 TiB, all but the first of them a hole: weights that fit nowhere. The message names
// the smaller quantisation in the store, and neither a model of another name nor a larger file.
TEST(Run, WeightsThatDoNotFitAreRefusedWithASmallerModel) {
  const std::string huge = scratch_folder() + "/huge.gguf";
  spit(huge, slurp(fixture("tiny-llama-f32.gguf")));
  if (::truncate(huge.c_str(), off_t{8} << 40) != 0) GTEST_SKIP() << "no files of that size here";
  const std::vector<std::string> store{"HEARTH_HOME=" + scratch_folder() + "/smaller"};
  const auto in_store = [&](std::vector<std::string> args) {
    return run(Invocation{.args = std::move(args), .input = "word", .environment = store});
  };
  const Outcome alone = in_store({"run", huge});
  EXPECT_EQ(alone.status, 5);
  EXPECT_THAT(alone.err, HasSubstr("8388608 of weights"));
  EXPECT_THAT(alone.err, HasSubstr("or take a smaller quantisation"));
  for (const char* name : {"tiny-llama-q4_0", "tiny-llama-q8_0", "tiny-qwen2-q8_0"})
    ASSERT_EQ(in_store({"import", fixture(name + std::string(".gguf")), "--name", name}).status, 0);
  const Outcome refused = in_store({"run", huge});
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, HasSubstr("; try tiny-llama-q8_0, a smaller quantisation\n"));
  const auto shown = parse_json(in_store({"show", huge, "--memory", "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ((*shown)["advice"], "try tiny-llama-q8_0, a smaller quantisation");
  EXPECT_EQ(in_store({"run", "tiny-llama-q8_0", "-n", "1"}).status, 0);
}

TEST(Run, VerboseTellsHowManyThreadsComputeWhere) {
  const Outcome outcome =
      run({"run", kBpe, "-v", "-n", "1", "-t", "2", "-tb", "1", "-Cb", "1", "--numa", "numactl"},
          "word");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("; for prompts 1 thread on CPUs 0; --numa numactl: "));
}

TEST(Run, MoreThreadsThanCpusAreNotStarted) {
  const Outcome outcome = run({"run", kBpe, "-t", "1024", "-n", "1"}, "word");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("warning: -t 1024: this process may use "));
}

TEST(Show, TellsWhatAModelTakesInMemory) {
  const Outcome lines = run({"show", kBpe, "--memory", "-c", "100"});
  EXPECT_EQ(lines.status, 0) << lines.err;
  for (const char* label : {"context         100 tokens", "weights ", "KV cache ", "scratch ",
                            "together ", "available ", "fits            yes"})
    EXPECT_THAT(lines.out, HasSubstr(label));
  const auto object = parse_json(run({"show", kBpe, "--memory", "-c", "100", "--json"}).out);
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ((*object)["context"], 100);
  EXPECT_EQ((*object)["kv_bytes"], 128 * (*object)["kv_bytes_per_token"].get<int>());
  const auto too_long =
      parse_json(run({"show", kBpe, "--memory", "-c", "2000000000", "--json"}).out);
  ASSERT_TRUE(too_long.has_value());
  EXPECT_EQ((*too_long)["fits"], false);
  EXPECT_THAT((*too_long)["advice"].get<std::string>(), HasSubstr("try -c "));
}

TEST(Run, ControlCEndsIt) {
  const Outcome outcome =
      run(Invocation{.args = {"run", kBpe, "hello", "-n", "-1", "-c", "100000", "--ignore-eos"},
                     .interrupt_after = 0.7});
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_LT(outcome.seconds, 10.0);
}

TEST(Run, AClosedStandardOutputEndsItQuietly) {
  const Outcome head = run(Invocation{
      .args = {"run", kBpe, "hello", "-c", "100000", "--ignore-eos"}, .read_at_most = 1});
  EXPECT_THAT(head.err, IsEmpty());
  EXPECT_LT(head.seconds, 20.0);
  const Outcome closed = run(Invocation{
      .args = {"run", kBpe, "hello", "-c", "100000", "--ignore-eos"}, .close_stdout = true});
  EXPECT_THAT(closed.err, IsEmpty());
  EXPECT_LT(closed.seconds, 20.0);
}

TEST(Hostile, EveryCommandNamesTheFileAndExitsWithFour) {
  const std::string good = slurp(kBpe);
  std::string wrong_magic = good;
  wrong_magic[0] = 'X';
  const std::pair<const char*, std::string> cases[] = {{"empty", ""},
                                                       {"magic", wrong_magic},
                                                       {"short", good.substr(0, 100)},
                                                       {"cut", good.substr(0, good.size() / 2)}};
  for (const auto& [name, bytes] : cases) {
    const std::string path = scratch_folder() + "/" + name + ".gguf";
    spit(path, bytes);
    for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
             {"run", path, "hi"},
             {"serve", path, "--port", "0"},
             {"show", path},
             {"show", path, "--json"},
             {"tokenize", "-m", path},
             {"detokenize", "-m", path},
             {"template", "-m", path},
             {"import", path, "--name", "bad"},
             {"logits", "-m", path, "--tokens", "1", "-o", scratch_folder() + "/x.f32"}}) {
      const Outcome outcome =
          run(Invocation{.args = args, .input = "{}", .environment = own_store()});
      EXPECT_EQ(outcome.status, 4) << args[0] << " " << name << ": " << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr(path));
      EXPECT_LE(count_lines(outcome.err), 3u);
      EXPECT_THAT(outcome.out, IsEmpty());
    }
  }
}

TEST(Hostile, TextFromAFileIsEscaped) {
  std::string bytes = slurp(kBpe);
  const std::size_t at = bytes.find("llama");  // general.architecture's value comes first
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 5, "\033[2J\a");
  const std::string path = scratch_folder() + "/escape.gguf";
  spit(path, bytes);
  const Outcome outcome = run({"run", path, "hi"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, Not(HasSubstr("\033")));
  EXPECT_THAT(run({"show", path, "--metadata"}).out, Not(HasSubstr("\033")));
}

TEST(Store, ImportListShowRun) {
  const auto store = own_store();
  const auto in_store = [&](std::vector<std::string> args) {
    return run(Invocation{.args = std::move(args), .environment = store});
  };
  const Outcome wrong =
      in_store({"import", kBpe, "--name", "tiny", "--sha256", std::string(64, '0')});
  EXPECT_EQ(wrong.status, 4);
  EXPECT_THAT(in_store({"list", "--json"}).out, Not(HasSubstr("tiny")));
  EXPECT_EQ(in_store({"import", kBpe, "--name", "tiny", "--sha256", "12"}).status, 2);
  EXPECT_EQ(in_store({"import", kBpe, "--name", "../tiny"}).status, 2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(in_store({"import", kBpe, "--name", "tiny"}).status, 0);
  EXPECT_THAT(in_store({"list"}).out, HasSubstr("tiny"));
  const auto list = parse_json(in_store({"list", "--json"}).out);
  ASSERT_TRUE(list.has_value());
  const auto shown = parse_json(in_store({"show", "tiny", "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  EXPECT_THAT((*shown)["path"].get<std::string>(), HasSubstr("store"));
  EXPECT_EQ(in_store({"run", "tiny", "hello", "-n", "3"}).status, 0);
  const Outcome typo = in_store({"run", "tinny", "hello"});
  EXPECT_EQ(typo.status, 3);
  EXPECT_THAT(typo.err, HasSubstr("tiny"));
}

TEST(Show, TellsThePathAndTheTypes) {
  const auto shown = parse_json(run({"show", "-m", kBpe, "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ((*shown)["path"], kBpe);
  EXPECT_TRUE((*shown)["types"].contains("F32"));
  EXPECT_EQ((*shown)["metadata"]["general.architecture"], "llama");
  EXPECT_THAT(run({"show", kBpe}).out, AllOf(HasSubstr("llama"), HasSubstr("F32")));
}

TEST(Show, SaysWhatItIsSampledWithAndFromWhere) {
  const auto shown = parse_json(run({"show", kBpe, "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  const Json& values = (*shown)["sampling"]["values"];
  EXPECT_EQ(values["temperature"]["value"], "0.8");
  EXPECT_EQ(values["temperature"]["from"], "general default");
  EXPECT_THAT(run({"show", kBpe}).out, HasSubstr("top_k 40"));

  // A file that is called after a family takes its values.
  const std::string path = scratch_folder() + "/tiny-sarvam.gguf";
  spit(path, slurp(kBpe));
  const auto family = parse_json(run({"show", path, "--json"}).out);
  ASSERT_TRUE(family.has_value());
  EXPECT_EQ((*family)["sampling"]["family"]["name"], "Sarvam");
  EXPECT_EQ((*family)["sampling"]["values"]["top_k"]["value"], "20");
  EXPECT_EQ((*family)["sampling"]["values"]["top_k"]["from"], "model family");
  EXPECT_THAT(run({"show", path}).out, HasSubstr("Sarvam"));
}

TEST(Perplexity, MeasuresATextWhateverTheSplit) {
  const std::string text = scratch_folder() + "/text";
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word " + std::to_string(i * i) + ", ";
  spit(text, words + "\n");
  const std::string model = fixture("tiny-llama-q8_0.gguf");
  Json expected;
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {}, {"-ub", "7", "-t", "2"}, {"-b", "1"}, {"--isa", "scalar"}}) {
    std::vector<std::string> args{"perplexity", model, "-f", text, "-c", "32", "--json"};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome outcome = run(args);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    Json object = parse_json(outcome.out).value();
    EXPECT_EQ(count_lines(outcome.err), object["windows"].get<std::size_t>());
    object.erase("seconds");
    if (expected.is_null()) expected = object;
    EXPECT_EQ(object, expected);
  }
  EXPECT_EQ(expected["windows"], expected["text_tokens"].get<int>() / 32);
  EXPECT_EQ(expected["scored_tokens"], expected["windows"].get<int>() * 15);
  EXPECT_GT(expected["perplexity"].get<double>(), 1);
  EXPECT_EQ(expected["running"].back(), expected["perplexity"]);
  const auto two =
      parse_json(run({"perplexity", model, "-f", text, "-c", "32", "--chunks", "2", "--json"}).out);
  EXPECT_EQ(two.value()["perplexity"], expected["running"][1]);
  EXPECT_THAT(run({"perplexity", "-m", model, "-f", "-", "-c", "32"}, words).out,
              HasSubstr("perplexity "));
  EXPECT_EQ(run({"perplexity", model, "-f", text, "-c", "32", "-ctk", "f32", "-ctv", "f32"}).status,
            0);
}

TEST(Perplexity, RefusesWhatCannotBe) {
  EXPECT_EQ(run({"perplexity", "no-such-model"}).status, 2);  // no text
  EXPECT_EQ(run({"perplexity", "no-such-model", "-f", "x", "-c", "2"}).status, 2);
  EXPECT_EQ(run({"perplexity", "no-such-model", "-f", "x", "--chunks", "-2"}).status, 2);
  EXPECT_EQ(run({"perplexity", "no-such-model", "-f", "x"}).status, 3);
  EXPECT_EQ(run({"perplexity", kBpe, "-f", "/no/such/text"}).status, 3);
  EXPECT_EQ(run({"perplexity", kBpe, "-f", "-"}, "too short").status, 2);
}

TEST(Compare, MeasuresOneDumpFromAnother) {
  const std::string tokens = slurp(fixture("tiny-llama-q8_0.tokens"));
  const std::string out = scratch_folder() + "/ours.f32";
  const std::string reference = fixture("tiny-llama-q8_0.logits.f32");
  ASSERT_EQ(run({"logits", fixture("tiny-llama-q8_0.gguf"), "--tokens", tokens, "-o", out}).status,
            0);
  const auto same = parse_json(run({"compare", out, out, "--tokens", tokens, "--json"}).out);
  EXPECT_EQ(same.value()["positions"], 20);
  EXPECT_EQ(same.value()["mean_kl"]["value"], 0);
  EXPECT_EQ(same.value()["same_top"]["value"], 1);
  const auto far = parse_json(run({"compare", reference, out, "--tokens", tokens, "--json"}).out);
  const double kl = far.value()["mean_kl"]["value"].get<double>();
  EXPECT_GT(kl, 0);
  EXPECT_LT(kl, 0.01);  // what rounding activations to int8 costs a random model
  EXPECT_THAT(run({"compare", reference, out, "--tokens", tokens}).out, HasSubstr("mean KL"));

  EXPECT_EQ(run({"compare", reference, out}).status, 2);
  EXPECT_EQ(run({"compare", reference, "/no/such/file", "--tokens", tokens}).status, 3);
  EXPECT_EQ(run({"compare", reference, out, "--tokens", "1,9999,3,4"}).status, 2);
  const std::string broken = scratch_folder() + "/broken.f32";
  spit(broken, slurp(out).substr(4));
  EXPECT_EQ(run({"compare", reference, broken, "--tokens", tokens}).status, 4);
  spit(broken, std::string(slurp(out).size(), '\xff'));
  EXPECT_EQ(run({"compare", reference, broken, "--tokens", tokens}).status, 4);
}

}  // namespace
}  // namespace hearth::test
