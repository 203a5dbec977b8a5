// SPDX-License-Identifier: Apache-2.0
#include "fetch/hub.h"

#include <gmock/gmock.h>

#include "fetch/test_hub_test_util.h"

namespace hearth::fetch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

HubRepo repo_of(std::vector<std::string> paths) {
  HubRepo repo{.id = "org/repo", .revision = "main"};
  for (std::string& path : paths) repo.files.push_back({.path = std::move(path)});
  return repo;
}

std::vector<std::string> chosen(const HubRepo& repo, std::string_view quant) {
  std::vector<std::string> paths;
  const auto files = choose_files(repo, quant);
  if (!files) return {files.error().message};
  for (const HubFile& file : *files) paths.push_back(file.path);
  return paths;
}

TEST(Hub, ChoosesByQuantisation) {
  const HubRepo repo =
      repo_of({"README.md", "m-BF16.gguf", "m-IQ4_XS.gguf", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf",
               "m-UD-Q4_K_XL.gguf", "m-Q8_0.gguf", "mmproj-BF16.gguf", "m.imatrix.gguf"});
  EXPECT_THAT(chosen(repo, ""), ElementsAre("m-Q4_K_M.gguf"));
  EXPECT_THAT(chosen(repo, "q8_0"), ElementsAre("m-Q8_0.gguf"));
  EXPECT_THAT(chosen(repo, "BF16"), ElementsAre("m-BF16.gguf"));
  EXPECT_THAT(chosen(repo, "Q4_K_XL"), ElementsAre("m-UD-Q4_K_XL.gguf"));
  EXPECT_THAT(chosen(repo, "UD-Q4_K_XL"), ElementsAre("m-UD-Q4_K_XL.gguf"));
  EXPECT_THAT(chosen(repo, "m-q4_k_s.gguf"), ElementsAre("m-Q4_K_S.gguf"));
  const auto none = choose_files(repo, "Q5_K_M");
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("m-Q8_0.gguf"));
  EXPECT_FALSE(choose_files(repo, "Q4_K"));  // no word of its own
}

TEST(Hub, WithoutTheDefaultTheFirstIsTaken) {
  EXPECT_THAT(chosen(repo_of({"b-Q8_0.gguf", "a-Q6_K.gguf"}), ""), ElementsAre("a-Q6_K.gguf"));
  EXPECT_EQ(choose_files(repo_of({"model.safetensors"}), "").error().code, ErrorCode::not_found);
}

TEST(Hub, TakesAllShardsInOrder) {
  const HubRepo repo =
      repo_of({"Q4_K_M/m-00002-of-00002.gguf", "Q4_K_M/m-00001-of-00002.gguf",
               "Q8_0/m-Q8_0-00001-of-00003.gguf", "Q8_0/m-Q8_0-00003-of-00003.gguf"});
  EXPECT_THAT(chosen(repo, ""),
              ElementsAre("Q4_K_M/m-00001-of-00002.gguf", "Q4_K_M/m-00002-of-00002.gguf"));
  EXPECT_EQ(choose_files(repo, "Q8_0").error().code, ErrorCode::integrity);
}

TEST(Hub, ReadsAnAnswer) {
  const std::string commit(40, 'c'), hash(64, 'A');
  const auto repo =
      parse_repo(R"({"sha":")" + commit + R"(","cardData":{"license":"apache-2.0"},"siblings":[)" +
                     R"({"rfilename":"a b.gguf","size":5,"lfs":{"sha256":")" + hash +
                     R"(","size":7}},)" + R"({"rfilename":"README.md","size":3}]})",
                 "org/repo");
  ASSERT_TRUE(repo);
  EXPECT_EQ(repo->revision, commit);
  EXPECT_EQ(repo->licence, "apache-2.0");
  ASSERT_EQ(repo->files.size(), 2u);
  EXPECT_EQ(repo->files[0].bytes, 7u);
  EXPECT_EQ(repo->files[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(repo->files[1].sha256, "");
  EXPECT_EQ(file_url({.endpoint = "https://hub"}, *repo, "x/a b#.gguf"),
            "https://hub/org/repo/resolve/" + commit + "/x/a%20b%23.gguf");
}

TEST(Hub, AnAnswerIsNotTrusted) {
  for (const char* text : {"", "[]", "{}", R"({"siblings":{}})", R"({"siblings":[1]})",
                           R"({"siblings":[{"rfilename":"../../etc/passwd"}]})",
                           R"({"siblings":[{"rfilename":"/etc/passwd"}]})",
                           R"({"siblings":[{"rfilename":"a//b"}]})"}) {
    const auto repo = parse_repo(text, "org/repo");
    ASSERT_FALSE(repo) << text;
    EXPECT_EQ(repo.error().code, ErrorCode::integrity) << text;
  }
  EXPECT_FALSE(parse_repo(std::string(1 << 20, '['), "org/repo"));
  // A revision that is no commit is not put into addresses.
  const auto odd = parse_repo(R"({"sha":"../x","siblings":[]})", "org/repo");
  EXPECT_EQ(odd.value().revision, "main");
}

TEST(Hub, AsksWithTheToken) {
  TestHub server([](const SeenRequest& seen) {
    if (seen.header("authorization") != "Bearer t") return reply(401, {}, "{}");
    return reply(200, {}, R"({"siblings":[{"rfilename":"m.gguf"}]})");
  });
  HttpClient client;
  HubAccess access{.endpoint = server.url(), .token = "t"};
  EXPECT_EQ(read_repo(client, access, "org/repo", {}, {}).value().files.size(), 1u);
  EXPECT_EQ(server.requests()[0].path, "/api/models/org/repo?blobs=true");
  access.token.clear();
  EXPECT_THAT(read_repo(client, access, "org/repo", {}, {}).error().message, HasSubstr("HF_TOKEN"));
}

TEST(Hub, TheTokenIsForTheEndpointAlone) {
  const HubAccess access{.endpoint = "https://mirror.example", .token = "t"};
  EXPECT_EQ(at_endpoint(access, "https://huggingface.co/o/r/resolve/main/m.gguf"),
            "https://mirror.example/o/r/resolve/main/m.gguf");
  EXPECT_EQ(at_endpoint(access, "https://huggingface.co.evil.example/m"),
            "https://huggingface.co.evil.example/m");
  EXPECT_EQ(token_for(access, "https://mirror.example/x"), "t");
  EXPECT_EQ(token_for(access, "http://mirror.example/x"), "");
  EXPECT_EQ(token_for(access, "https://mirror.example.evil/x"), "");
}

}  // namespace
}  // namespace hearth::fetch
