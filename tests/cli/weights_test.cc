// SPDX-License-Identifier: Apache-2.0
//
// Commands about weights: make-random and show --check. The smallest shape with one layer is 30 MB.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "program.h"

namespace hearth::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kVocab = fixture("tiny-llama-f32.gguf");

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

Outcome make(const std::string& output, std::vector<std::string> more = {}) {
  std::vector<std::string> args = {"make-random", "--shape", "smollm-135m", "--layers", "1",
                                   "--vocab",     kVocab,    "-o",          output};
  args.insert(args.end(), more.begin(), more.end());
  return run(args);
}

TEST(MakeRandom, MakesAModelThatRuns) {
  const std::string path = scratch_folder() + "/random.gguf";
  const Outcome made = make(path);
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, IsEmpty());
  EXPECT_THAT(made.err, HasSubstr("filled up from 288 to 49152 tokens"));

  const auto shown = parse_json(run({"show", path, "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ((*shown)["runs_here"], "yes");
  EXPECT_EQ((*shown)["metadata"]["llama.embedding_length"], 576);
  EXPECT_EQ((*shown)["metadata"]["tokenizer.ggml.tokens"]["size"], 49152);
  EXPECT_EQ((*shown)["types"]["Q8_0"]["tensors"], 2);  // the embedding and attn_v

  const Outcome checked = run({"show", path, "--check"});
  EXPECT_EQ(checked.status, 0) << checked.out;
  const Outcome answer = run({"run", path, "-n", "3", "hi"});
  EXPECT_EQ(answer.status, 0) << answer.err;
}

TEST(MakeRandom, TheSeedDecides) {
  const std::string one = scratch_folder() + "/one.gguf", two = scratch_folder() + "/two.gguf";
  const std::vector<std::string> small = {"--type", "IQ1_S"};
  ASSERT_EQ(make(one, small).status, 0);
  ASSERT_EQ(make(two, small).status, 0);
  EXPECT_EQ(slurp(one), slurp(two));
  ASSERT_EQ(make(two, {"--type", "IQ1_S", "--seed", "1"}).status, 0);
  EXPECT_NE(slurp(one), slurp(two));
}

TEST(MakeRandom, SplitsAndRuns) {
  const std::string stem = scratch_folder() + "/split";
  const Outcome made = make(stem + ".gguf", {"--split-max-size", "20M"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("split-00001-of-00003.gguf and 2 more"));
  EXPECT_FALSE(exists(stem + ".gguf"));
  const Outcome logits =
      run({"logits", "-m", stem + "-00001-of-00003.gguf", "--tokens", "1,2,3", "-o", "-"});
  EXPECT_EQ(logits.status, 0) << logits.err;
  EXPECT_EQ(logits.out.size(), 3u * 49152 * 4);
}

TEST(MakeRandom, RefusesWhatItCannotMake) {
  const std::string path = scratch_folder() + "/never.gguf";
  EXPECT_THAT(run({"make-random", "--shape", "llama-2b", "--vocab", kVocab, "-o", path}).err,
              HasSubstr("smollm-135m"));
  const Outcome type = make(path, {"--type", "Q4_K_X"});
  EXPECT_EQ(type.status, 2);
  EXPECT_THAT(type.err, HasSubstr("Q4_K_M"));
  EXPECT_EQ(make(path, {"--split-max-size", "2X"}).status, 2);
  EXPECT_EQ(make(path, {"--split-max-size", "0G"}).status, 2);
  EXPECT_EQ(make("-", {"--split-max-size", "2G"}).status, 2);
  EXPECT_EQ(run({"make-random", "--shape", "smollm-135m", "-o", path}).status, 2);
  EXPECT_EQ(
      run({"make-random", "--shape", "smollm-135m", "--vocab", "no-such-model", "-o", path}).status,
      3);
  EXPECT_EQ(make("/no/such/folder/x.gguf").status, 1);
  const Outcome full = make("/dev/full");
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
  EXPECT_FALSE(exists(path));
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

TEST(MakeRandom, WithoutAnOutputTheFileIsCalledAfterItsShape) {
  const std::string folder = scratch_folder() + "/here";
  std::filesystem::create_directory(folder);
  const Outcome made = run(Invocation{.args = {"make-random", "--shape", "smollm-135m", "--layers",
                                               "1", "--type", "q4_0", "--vocab", kVocab},
                                      .folder = folder});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("made random-smollm-135m-Q4_0.gguf"));
  EXPECT_THAT(files_in(folder), ElementsAre("random-smollm-135m-Q4_0.gguf"));
}

TEST(MakeRandom, ControlCLeavesNoFile) {
  const std::string folder = scratch_folder() + "/interrupted";
  std::filesystem::create_directory(folder);
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--split-max-size", "50M"}}) {
    std::vector<std::string> args = {"make-random", "--shape", "smollm-135m",
                                     "--type",      "F32",     "--vocab",
                                     kVocab,        "-o",      folder + "/model.gguf"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = run(Invocation{.args = args, .interrupt_after = 0.15});
    EXPECT_EQ(outcome.status, 130) << outcome.err;
    EXPECT_THAT(files_in(folder), IsEmpty());
  }
}

TEST(ShowCheck, NamesTheTensorTheBlockAndTheByte) {
  const std::string name = fixture("tiny-llama-q8_0.gguf");
  const auto shown = parse_json(run({"show", name, "--tensors", "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  std::string bytes = slurp(name);
  std::uint64_t offset = 0;
  for (const auto& tensor : (*shown)["tensor_list"]) {
    if (tensor["name"] != "blk.1.ffn_up.weight") continue;
    offset = tensor["offset"].get<std::uint64_t>() + 7 * 34;  // block 7: a scale of infinity
    bytes.replace(offset, 2, std::string("\x00\x7c", 2));
  }
  ASSERT_NE(offset, 0u);
  const std::string broken = scratch_folder() + "/broken.gguf";
  std::ofstream(broken, std::ios::binary) << bytes;

  const Outcome text = run({"show", "--check", broken});
  EXPECT_EQ(text.status, 4);
  EXPECT_THAT(text.out, HasSubstr("blk.1.ffn_up.weight (Q8_0): 1 of 192 blocks"));
  EXPECT_THAT(text.out, HasSubstr("block 7 at byte " + std::to_string(offset)));

  const Outcome json = run({"show", "--check", "--json", broken});
  EXPECT_EQ(json.status, 4);
  const auto object = parse_json(json.out);
  ASSERT_TRUE(object.has_value());
  ASSERT_EQ((*object)["bad"].size(), 1u);
  EXPECT_EQ((*object)["bad"][0]["tensor"], "blk.1.ffn_up.weight");
  EXPECT_EQ((*object)["bad"][0]["first"][0]["block"], 7);
  EXPECT_EQ((*object)["bad"][0]["first"][0]["offset"], offset);
}

TEST(ShowCheck, SoundFilesAreSound) {
  for (const char* name : {"tiny-llama-f32", "tiny-llama-bf16", "tiny-blocks-iq1_m",
                           "tiny-blocks-mxfp4", "tiny-blocks-nvfp4", "tiny-blocks-q2_k"}) {
    EXPECT_EQ(run({"show", "--check", fixture(std::string(name) + ".gguf")}).status, 0) << name;
  }
}

}  // namespace
}  // namespace hearth::test
