// SPDX-License-Identifier: Apache-2.0
//
// How weights come into memory: load modes, and prepared copies beside the store.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
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
using testing::SizeIs;

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A store with one small model of the name "tiny".
class LoadingTest : public testing::Test {
 protected:
  LoadingTest() {
    static int n_stores = 0;
    home_ = scratch_folder() + "/loading-" + std::to_string(n_stores++);
    EXPECT_EQ(hearth({"import", fixture("tiny-llama-q8_0.gguf"), "--name", "tiny"}).status, 0);
  }

  Outcome hearth(std::vector<std::string> args, std::vector<std::string> environment = {}) {
    environment.push_back("HEARTH_HOME=" + home_);
    return run(Invocation{.args = std::move(args), .environment = std::move(environment)});
  }
  // The logits of some tokens, with these flags added.
  std::string logits(std::vector<std::string> flags, Outcome* outcome = nullptr,
                     const std::string& model = "tiny") {
    const std::string path = home_ + "/logits.f32";
    std::vector<std::string> args{"logits", model, "--tokens", "1,2,3,4,5,6,7", "-o", path};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome ended = hearth(args);
    EXPECT_EQ(ended.status, 0) << ended.err;
    if (outcome != nullptr) *outcome = ended;
    return slurp(path);
  }
  std::vector<std::string> copies() {
    std::vector<std::string> paths;
    if (!std::filesystem::exists(home_ + "/prepared")) return paths;
    for (const auto& entry : std::filesystem::directory_iterator(home_ + "/prepared"))
      paths.push_back(entry.path());
    return paths;
  }
  Json memory(std::vector<std::string> flags = {}) {
    std::vector<std::string> args{"show", "tiny", "--memory", "--json"};
    args.insert(args.end(), flags.begin(), flags.end());
    return parse_json(hearth(args).out).value();
  }

  std::string home_;
};

TEST_F(LoadingTest, TheFirstRunWritesACopyAndRmRemovesIt) {
  EXPECT_EQ(memory()["prepared_copy_bytes"], 0);
  const std::string first = logits({});
  ASSERT_THAT(copies(), SizeIs(1));
  const auto bytes = std::filesystem::file_size(copies()[0]);
  EXPECT_EQ(memory()["prepared_copy_bytes"], bytes);
  EXPECT_EQ(memory()["prepared_copy_mapped"], true);
  EXPECT_EQ(memory({"-lm", "none"})["prepared_copy_mapped"], false);
  EXPECT_EQ(logits({}), first);
  EXPECT_EQ(logits({"--no-prepared"}), first);

  const Json removed = parse_json(hearth({"rm", "tiny", "--json"}).out).value();
  EXPECT_THAT(copies(), IsEmpty());
  EXPECT_EQ(removed["bytes_freed"],
            bytes + std::filesystem::file_size(fixture("tiny-llama-q8_0.gguf")));
}

TEST_F(LoadingTest, AllModesAndOldSpellingsGiveTheSameBytes) {
  const std::string expected = logits({"--no-prepared"});
  EXPECT_THAT(copies(), IsEmpty());
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{"-lm", "auto"},
                                             {"--load-mode", "none"},
                                             {"-lm", "mmap"},
                                             {"-lm", "mlock"},
                                             {"-lm", "mmap+mlock"},
                                             {"-lm", "dio"},
                                             {"--mmap"},
                                             {"--no-mmap"},
                                             {"--mlock"},
                                             {"--no-mmap", "--mlock"},
                                             {"-dio"},
                                             {"--no-direct-io", "--no-warmup"}}) {
    Outcome outcome;
    EXPECT_EQ(logits(flags, &outcome), expected) << flags[0];
    EXPECT_THAT(outcome.err, IsEmpty()) << flags[0];
  }
}

TEST_F(LoadingTest, ADamagedCopyIsToldOfAndReplaced) {
  const std::vector<std::string> ask{"run", "tiny", "--raw", "-p", "a", "-n", "4", "--temp", "0"};
  const Outcome good = hearth(ask);
  ASSERT_EQ(good.status, 0) << good.err;
  ASSERT_THAT(copies(), SizeIs(1));
  const std::string whole = slurp(copies()[0]);
  for (const std::size_t size : {whole.size(), whole.size() - 1, std::size_t{0}}) {
    std::string bad = whole.substr(0, size);
    if (size == whole.size()) bad[size / 2] = static_cast<char>(bad[size / 2] ^ 1);
    std::ofstream(copies()[0], std::ios::binary | std::ios::trunc) << bad;
    const Outcome outcome = hearth(ask);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, good.out);
    EXPECT_THAT(outcome.err, HasSubstr("the prepared copy was not used"));
    EXPECT_THAT(copies(), IsEmpty());
    EXPECT_THAT(hearth(ask).err, Not(HasSubstr("prepared")));
    ASSERT_THAT(copies(), SizeIs(1));
    EXPECT_TRUE(slurp(copies()[0]) == whole);
  }
}

TEST_F(LoadingTest, NoCopyWithoutABudgetOrOfAFile) {
  logits({"--prepared-budget", "0"});
  EXPECT_EQ(
      hearth({"logits", "tiny", "--tokens", "1", "-o", "/dev/null"}, {"HEARTH_PREPARED_BUDGET=0"})
          .status,
      0);
  logits({}, nullptr, fixture("tiny-llama-q8_0.gguf"));
  EXPECT_THAT(copies(), IsEmpty());
}

TEST_F(LoadingTest, AStoreThatCannotBeWrittenToServes) {
  // A file where the folder should be: no permission is needed to be in the way, root's included.
  std::ofstream(home_ + "/prepared") << "in the way";
  Outcome outcome;
  logits({}, &outcome);
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(LoadingTest, SaysWhichModesThereAre) {
  const Outcome outcome = hearth({"run", "tiny", "-lm", "fast"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("-lm fast"), HasSubstr("mmap+mlock")));
}

TEST_F(LoadingTest, VerboseTellsWhatWasUsed) {
  const auto told = [&](std::vector<std::string> flags) {
    std::vector<std::string> args{"run", "tiny", "--raw", "-p", "a", "-n", "1", "--verbose"};
    args.insert(args.end(), flags.begin(), flags.end());
    return hearth(args).err;
  };
  EXPECT_THAT(told({"--no-prepared"}), HasSubstr("weights: packed now\n"));
  EXPECT_THAT(told({}), HasSubstr("weights: packed now, copy written\n"));
  EXPECT_THAT(told({}), HasSubstr("weights: prepared copy, mapped\n"));
  EXPECT_THAT(told({"-lm", "dio"}), HasSubstr("weights: prepared copy, read into memory\n"));
}

}  // namespace
}  // namespace hearth::test
