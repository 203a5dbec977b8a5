// SPDX-License-Identifier: Apache-2.0
//
// Where models come from, as a user meets it: the store's verbs, aliases, pulling from a hub of the
// tests' own, models of other programs. Each test has a home folder of its own.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/test_bytes.h"
#include "base/test_support.h"
#include "fetch/test_hub_test_util.h"
#include "program.h"

namespace hearth::test {
namespace {

using fetch::RawReply;
using fetch::SeenRequest;
using fetch::TestHub;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kTiny = fixture("tiny-llama-f32.gguf");

class ModelsTest : public testing::Test {
 protected:
  TempDir home_;
  std::vector<std::string> environment_ = {"HOME=" + home_.path(),
                                           "HEARTH_HOME=" + home_.file("store"),
                                           "XDG_CONFIG_HOME=" + home_.file("config"),
                                           "XDG_CACHE_HOME=" + home_.file("cache"),
                                           "OLLAMA_MODELS=" + home_.file("ollama"),
                                           "HF_ENDPOINT=http://127.0.0.1:1",
                                           "HF_HUB_CACHE=",
                                           "HF_HOME=",
                                           "HF_TOKEN=",
                                           "LLAMA_CACHE=",
                                           "http_proxy="};

  Outcome hearth(std::vector<std::string> args) {
    return run(Invocation{.args = std::move(args), .environment = environment_});
  }
  Json json_of(std::vector<std::string> args) {
    const Outcome outcome = hearth(std::move(args));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return parse_json(outcome.out).value_or(Json());
  }
};

// The repository org/repo with the tiny model in it.
class PullingTest : public ModelsTest {
 protected:
  std::string contents_ = read_file(kTiny, 1 << 26).value();
  TestHub hub_{[this](const SeenRequest& seen) {
    if (seen.path == "/api/models/org/repo?blobs=true") {
      const Json lfs = {{"sha256", sha256_of(contents_)}, {"size", contents_.size()}};
      return fetch::reply(
          200, {},
          to_json_text(
              {{"sha", std::string(40, 'c')},
               {"cardData", {{"license", "mit"}}},
               {"siblings",
                {{{"rfilename", "Tiny-Q8_0.gguf"}, {"size", contents_.size()}, {"lfs", lfs}}}}}));
    }
    if (seen.path.ends_with("/Tiny-Q8_0.gguf")) return fetch::serve_file(seen, contents_);
    return fetch::reply(404, {}, "");
  }};

  void SetUp() override { environment_.push_back("HF_ENDPOINT=" + hub_.url()); }
};

TEST_F(PullingTest, PullTellsWhatItDoesAndRunsOffline) {
  const Outcome pulled = hearth({"pull", "hf:org/repo:Q8_0", "--json"});
  ASSERT_EQ(pulled.status, 0) << pulled.err;
  const std::size_t last = pulled.out.rfind('\n', pulled.out.size() - 2) + 1;
  const Json end = parse_json(pulled.out.substr(last)).value();
  EXPECT_EQ(end["status"], "success");
  EXPECT_EQ(end["name"], "tiny-q8_0");
  EXPECT_EQ(end["licence"], "mit");
  EXPECT_EQ(end["verified"], true);
  EXPECT_THAT(hearth({"pull", "hf:org/repo"}).err, HasSubstr("already here"));
  const auto before = hub_.requests().size();
  for (const char* name : {"tiny-q8_0", "hf:org/repo", "hf.co/org/repo:q8_0"})
    EXPECT_EQ(hearth({"run", name, "hi", "-n", "1", "--offline"}).status, 0) << name;
  EXPECT_EQ(hub_.requests().size(), before);
}

TEST_F(PullingTest, WhatIsNotHereIsFetchedFirst) {
  const Outcome offline = hearth({"run", "hf:org/repo", "hi", "-n", "1", "--offline"});
  EXPECT_EQ(offline.status, 3);
  EXPECT_THAT(offline.err, HasSubstr("--offline"));
  EXPECT_THAT(hub_.requests(), IsEmpty());
  const Outcome first = hearth({"tokenize", "-hf", "org/repo:Q8_0"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("fetching"));
  EXPECT_THAT(hearth({"tokenize", "-hf", "org/repo:Q8_0"}).err, IsEmpty());
  EXPECT_EQ(hearth({"show", "-hf", "org/repo", "-hff", "Tiny-Q8_0.gguf"}).status, 0);
  EXPECT_EQ(hearth({"show", "hf:org/none"}).status, 3);
  EXPECT_THAT(hearth({"show", "org/repo"}).err, HasSubstr("hf:org/repo"));
}

TEST_F(PullingTest, AVariableNamesTheModelWhereNothingElseDoes) {
  const std::vector<std::string> usual = environment_;
  environment_.push_back("LLAMA_ARG_HF_REPO=org/repo");
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"show", kTiny}, {"show", "-m", kTiny}, {"show", "-hff", "x.gguf", kTiny}})
    EXPECT_EQ(hearth(args).status, 0) << args[1];
  EXPECT_THAT(hub_.requests(), IsEmpty());
  EXPECT_EQ(hearth({"show"}).status, 0);
  EXPECT_FALSE(hub_.requests().empty());
  environment_ = usual;
  EXPECT_EQ(hearth({"show", "-hff", "x.gguf"}).status, 2);
  EXPECT_EQ(hearth({"show", "-hf", "org/repo", "-m", kTiny}).status, 2);
}

TEST_F(PullingTest, AWrongHashIsRefused) {
  const std::string url = hub_.url("/x/Tiny-Q8_0.gguf");
  EXPECT_EQ(hearth({"pull", url, "--sha256", std::string(64, 'a')}).status, 4);
  EXPECT_EQ(json_of({"list", "--json"})["models"].size(), 0u);
  EXPECT_EQ(hearth({"pull", hub_.url("/none.gguf")}).status, 3);
  EXPECT_EQ(hearth({"run", url, "hi", "-n", "1"}).status, 0);
  EXPECT_EQ(hearth({"run", url, "hi", "-n", "1", "--offline"}).status, 0);
}

TEST_F(PullingTest, WhatIsNoModelStaysOut) {
  contents_ = "this is no GGUF file";
  EXPECT_EQ(hearth({"pull", "hf:org/repo"}).status, 4);
  EXPECT_EQ(json_of({"list", "--json"})["models"].size(), 0u);
}

TEST_F(PullingTest, DamageIsFoundAndMended) {
  ASSERT_EQ(hearth({"pull", "hf:org/repo", "--name", "mine"}).status, 0);
  EXPECT_EQ(json_of({"verify", "--json"})["sound"][0], "mine");
  const std::string blob = json_of({"show", "mine", "--json"})["path"];
  ASSERT_EQ(::chmod(blob.c_str(), 0644), 0);
  std::FILE* file = std::fopen(blob.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  std::fseek(file, -1, SEEK_END);
  std::fputc(contents_.back() ^ 1, file);
  std::fclose(file);
  const Outcome damaged = hearth({"verify", "mine"});
  EXPECT_EQ(damaged.status, 4);
  EXPECT_THAT(damaged.err, HasSubstr("hearth pull mine"));
  EXPECT_EQ(hearth({"verify", "--remove-damaged"}).status, 4);
  EXPECT_EQ(hearth({"run", "mine", "hi"}).status, 4);
  EXPECT_EQ(hearth({"pull", "mine"}).status, 0);
  EXPECT_EQ(hearth({"verify", "mine"}).status, 0);
  EXPECT_EQ(hearth({"verify", "none"}).status, 3);
}

TEST_F(ModelsTest, RemoveAndCopyTakeOllamasSpelling) {
  ASSERT_EQ(hearth({"import", kTiny, "--name", "a"}).status, 0);
  EXPECT_EQ(hearth({"cp", "a", "b:1"}).status, 0);
  EXPECT_EQ(hearth({"cp", "none", "c"}).status, 3);
  EXPECT_THAT(hearth({"ls"}).out, HasSubstr("b:1"));
  const Json first = json_of({"rm", "a", "--json"});
  EXPECT_EQ(first["bytes_freed"], 0);
  EXPECT_EQ(first["removed"][0], "a");
  const Outcome both = hearth({"rm", "none", "b:1"});  // the second goes all the same
  EXPECT_EQ(both.status, 3);
  EXPECT_THAT(both.err, HasSubstr("removed b:1"));
  EXPECT_EQ(json_of({"list", "--json"})["models"].size(), 0u);
  EXPECT_EQ(hearth({"rm"}).status, 2);
}

TEST_F(ModelsTest, LinksAndReferencesCopyNothing) {
  const std::string file = home_.write("tiny.gguf", read_file(kTiny, 1 << 26).value());
  EXPECT_EQ(hearth({"import", file, "--link", "--reference"}).status, 2);
  EXPECT_EQ(hearth({"import", file, "--link", "--name", "linked"}).status, 0);
  EXPECT_EQ(hearth({"import", file, "--reference", "--name", "there"}).status, 0);
  EXPECT_EQ(json_of({"show", "there", "--json"})["path"],
            std::filesystem::canonical(file).string());
  EXPECT_EQ(hearth({"run", "there", "hi", "-n", "1"}).status, 0);
  EXPECT_THAT(hearth({"list"}).out, HasSubstr("hearth (reference)"));
  ASSERT_EQ(::unlink(file.c_str()), 0);
  EXPECT_EQ(hearth({"run", "there", "hi"}).status, 4);
  EXPECT_EQ(hearth({"run", "linked", "hi", "-n", "1"}).status, 0);
}

TEST_F(ModelsTest, Aliases) {
  ASSERT_EQ(hearth({"import", kTiny, "--name", "a"}).status, 0);
  EXPECT_EQ(hearth({"alias", "mine", "a"}).status, 0);
  EXPECT_EQ(hearth({"alias", "far", "hf:org/repo:Q8_0"}).status, 0);
  EXPECT_EQ(hearth({"alias", "a", "far"}).status, 2);  // a name of the store
  EXPECT_EQ(hearth({"alias", "gone", "./none.gguf"}).status, 3);
  EXPECT_EQ(json_of({"alias", "--json"})["aliases"]["far"], "hf:org/repo:Q8_0");
  EXPECT_EQ(hearth({"run", "mine", "hi", "-n", "1"}).status, 0);
  EXPECT_THAT(hearth({"run", "far", "hi", "--offline"}).err, HasSubstr("not here"));
  EXPECT_THAT(hearth({"rm", "mine"}).err, HasSubstr("hearth alias --remove mine"));
  EXPECT_EQ(hearth({"alias", "--remove", "mine"}).status, 0);
  EXPECT_EQ(hearth({"alias", "mine"}).status, 3);
  EXPECT_EQ(hearth({"run", "mine", "hi"}).status, 3);
}

TEST_F(ModelsTest, ModelsOfOtherProgramsRunWhereTheyLie) {
  const std::string contents = read_file(kTiny, 1 << 26).value();
  const std::string manifests = home_.file("ollama/manifests/registry.ollama.ai/library/tiny");
  std::filesystem::create_directories(manifests);
  std::filesystem::create_directories(home_.file("ollama/blobs"));
  std::filesystem::create_directories(home_.file(".lmstudio/models/org/repo"));
  home_.write("ollama/blobs/sha256-" + sha256_of(contents), contents);
  home_.write(".lmstudio/models/org/repo/m-Q8_0.gguf", contents);
  home_.write("ollama/manifests/registry.ollama.ai/library/tiny/1b",
              R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:)" +
                  sha256_of(contents) + R"("}]})");
  const Outcome list = hearth({"list"});
  EXPECT_THAT(list.out, HasSubstr("ollama:tiny:1b"));
  EXPECT_THAT(list.out, HasSubstr("lmstudio:org/repo:Q8_0"));
  EXPECT_EQ(json_of({"list", "--json"})["elsewhere"].size(), 2u);
  for (const char* name : {"ollama:tiny:1b", "tiny:1b", "m-q8_0"})
    EXPECT_EQ(hearth({"run", name, "hi", "-n", "1"}).status, 0) << name;
  EXPECT_THAT(hearth({"rm", "tiny:1b"}).err, HasSubstr("belongs to Ollama"));
  EXPECT_EQ(hearth({"pull", "ollama:tiny:1b"}).status, 2);
  EXPECT_EQ(hearth({"import", "ollama:tiny:1b"}).status, 0);
  EXPECT_THAT(json_of({"show", "tiny:1b", "--json"})["path"].get<std::string>(),
              HasSubstr("/store/"));
  environment_.push_back("HEARTH_ELSEWHERE=0");
  EXPECT_THAT(hearth({"list"}).out, Not(HasSubstr("ollama:")));
}

TEST_F(ModelsTest, AModelThatCannotBeRunIsNotFetched) {
  const Outcome outcome = hearth({"run", "gpt-oss:20b", "hi"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("hearth pull hf:"));
}

}  // namespace
}  // namespace hearth::test
