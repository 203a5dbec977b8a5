// SPDX-License-Identifier: Apache-2.0
//
// From a reference to a model of the store, against a hub of our own.
#include "fetch/pull.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "base/json.h"
#include "base/test_bytes.h"
#include "base/test_support.h"
#include "fetch/test_hub_test_util.h"
#include "store/known_models.h"

namespace hearth::fetch {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A repository with its listing; its files lie on another server, as the real hub's do.
class PullTest : public testing::Test {
 protected:
  test::TempDir dir_;
  store::Store store_ = store::Store::open(dir_.file("store")).value();
  std::map<std::string, std::string> files_ = {
      {"m-Q4_K_M.gguf", test::random_bytes(200'000, 1)},
      {"m-Q8_0-00001-of-00002.gguf", test::random_bytes(100'000, 2)},
      {"m-Q8_0-00002-of-00002.gguf", test::random_bytes(150'000, 3)},
  };
  std::atomic<int> delay_ms_ = 0;
  std::atomic<bool> damaged_ = false;

  TestHub cdn_{[this](const SeenRequest& seen) {
    if (!files_.contains(seen.path.substr(1))) return reply(404, {}, "");
    std::string contents = files_.at(seen.path.substr(1));
    if (damaged_) contents[contents.size() / 2] ^= 1;
    RawReply answer = serve_file(seen, contents);
    answer.delay_ms = delay_ms_;
    return answer;
  }};
  TestHub hub_{[this](const SeenRequest& seen) {
    if (seen.path == "/api/models/org/repo?blobs=true") return reply(200, {}, listing());
    const std::string prefix = "/org/repo/resolve/" + std::string(40, 'c') + "/";
    if (!seen.path.starts_with(prefix)) return reply(404, {}, "");
    const std::string name = seen.path.substr(prefix.size());
    return redirect_to(cdn_.url("/" + name),
                       {"X-Linked-ETag: \"" + test::sha256_of(files_.at(name)) + "\""});
  }};

  std::string listing() {
    Json siblings = Json::array();
    for (const auto& [name, contents] : files_)
      siblings.push_back(
          {{"rfilename", name},
           {"size", contents.size()},
           {"lfs", {{"sha256", test::sha256_of(contents)}, {"size", contents.size()}}}});
    return to_json_text({{"sha", std::string(40, 'c')},
                         {"cardData", {{"license", "mit"}}},
                         {"siblings", siblings}});
  }

  PullOptions of(std::string_view ref) {
    return {.ref = parse_model_ref(ref).value(),
            .access = {.endpoint = hub_.url(), .token = "t"},
            .retry = {.tries = 3,
                      .first_wait = std::chrono::milliseconds(1),
                      .longest_wait = std::chrono::milliseconds(2)},
            .stall = std::chrono::seconds(1),
            .piece_bytes = 16'384};
  }

  std::string contents_of(const std::string& model) {
    std::string text;
    const store::Model found = store_.find(model).value();
    for (const std::string& path : found.paths) text += read_file(path, 1 << 24).value();
    return text;
  }
};

TEST_F(PullTest, AModelOfTheHub) {
  const auto got = pull(store_, of("hf:org/repo"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->verified);
  EXPECT_FALSE(got->was_there);
  EXPECT_EQ(got->manifest.name, "m-q4_k_m");
  EXPECT_EQ(got->manifest.licence, "mit");
  EXPECT_EQ(got->manifest.source, "hf:org/repo@" + std::string(40, 'c'));
  EXPECT_EQ(contents_of("m-q4_k_m"), files_["m-Q4_K_M.gguf"]);
  for (const SeenRequest& seen : cdn_.requests()) EXPECT_EQ(seen.header("authorization"), "");

  const auto before = cdn_.requests().size();
  EXPECT_TRUE(pull(store_, of("hf:org/repo:Q4_K_M")).value().was_there);
  EXPECT_EQ(cdn_.requests().size(), before);
}

TEST_F(PullTest, AllShardsOfASplitModel) {
  auto options = of("hf:org/repo:Q8_0");
  options.name = "big";
  std::vector<std::string> looked_at;
  options.check = [&](const std::vector<std::string>& paths) -> Result<void> {
    looked_at = paths;
    return {};
  };
  PullProgress last;
  options.progress = [&](const PullProgress& progress) {
    EXPECT_GE(progress.bytes_done, last.bytes_done);
    last = progress;
  };
  ASSERT_TRUE(pull(store_, options));
  EXPECT_THAT(looked_at, SizeIs(2));
  EXPECT_EQ(last.bytes_done, 250'000u);
  EXPECT_EQ(last.bytes_total, 250'000u);
  EXPECT_EQ(contents_of("big"),
            files_["m-Q8_0-00001-of-00002.gguf"] + files_["m-Q8_0-00002-of-00002.gguf"]);
  options.sha256 = std::string(64, 'a');
  EXPECT_EQ(pull(store_, options).error().code, ErrorCode::usage);
}

TEST_F(PullTest, AnAddressWithAndWithoutAHash) {
  auto options = of(cdn_.url("/m-Q4_K_M.gguf?signature=x"));
  EXPECT_FALSE(pull(store_, options));  // this server has no such path
  options = of(cdn_.url("/m-Q4_K_M.gguf"));
  const auto got = pull(store_, options);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_FALSE(got->verified);
  options.name = "pinned";
  options.sha256 = test::sha256_of(files_["m-Q4_K_M.gguf"]);
  EXPECT_TRUE(pull(store_, options));
  options.name = "wrong";
  options.sha256 = std::string(64, 'a');
  EXPECT_EQ(pull(store_, options).error().code, ErrorCode::integrity);
  EXPECT_FALSE(store_.find("wrong"));
}

TEST_F(PullTest, DamageOnTheWayIsRefused) {
  damaged_ = true;
  EXPECT_EQ(pull(store_, of("hf:org/repo")).error().code, ErrorCode::integrity);
  EXPECT_THAT(store_.list().value().models, IsEmpty());
  damaged_ = false;
  EXPECT_TRUE(pull(store_, of("hf:org/repo")));
}

TEST_F(PullTest, WhatIsNoModelStaysOut) {
  auto options = of("hf:org/repo");
  options.check = [](const auto&) -> Result<void> { return fail(ErrorCode::integrity, "no GGUF"); };
  EXPECT_EQ(pull(store_, options).error().message, "no GGUF");
  EXPECT_THAT(store_.list().value().models, IsEmpty());
}

TEST_F(PullTest, ATakenNameIsToldBeforeAnythingIsFetched) {
  ASSERT_TRUE(pull(store_, of("hf:org/repo")));
  auto options = of("hf:org/repo:Q8_0");
  options.name = "m-q4_k_m";
  const auto before = cdn_.requests().size();
  EXPECT_EQ(pull(store_, options).error().code, ErrorCode::usage);
  EXPECT_EQ(cdn_.requests().size(), before);
  options.replace = true;
  EXPECT_TRUE(pull(store_, options));
}

// As `hearth verify` advises.
TEST_F(PullTest, ANameOfTheStoreIsMendedFromWhereItCame) {
  auto options = of("hf:org/repo:Q8_0");
  options.name = "mine";
  ASSERT_TRUE(pull(store_, options));
  const std::vector<std::string> paths = store_.find("mine").value().paths;
  ASSERT_EQ(::unlink(paths[1].c_str()), 0);
  EXPECT_THAT(store_.find("mine").error().message, HasSubstr("`hearth pull mine`"));
  const auto before = cdn_.requests().size();
  const auto got = pull(store_, of("mine"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->manifest.name, "mine");
  EXPECT_EQ(store_.find("mine").value().paths, paths);
  // The other shard is left alone: ten pieces and a question.
  EXPECT_EQ(cdn_.requests().size(), before + 11);
  EXPECT_TRUE(pull(store_, of("mine")).value().was_there);
  options = of(cdn_.url("/m-Q4_K_M.gguf"));
  options.name = "url";
  ASSERT_TRUE(pull(store_, options));
  ASSERT_EQ(::unlink(store_.find("url").value().paths[0].c_str()), 0);
  EXPECT_TRUE(pull(store_, of("url")).value().verified);  // by the hash of the first time
}

TEST_F(PullTest, Offline) {
  auto options = of("hf:org/repo");
  options.access.offline = true;
  EXPECT_THAT(pull(store_, options).error().message, HasSubstr("offline"));
  EXPECT_THAT(hub_.requests(), IsEmpty());
  options = of("hf:org/repo");
  options.name = "mine";
  ASSERT_TRUE(pull(store_, options));
  options = of("mine");
  options.access.offline = true;
  EXPECT_TRUE(pull(store_, options).value().was_there);
}

TEST_F(PullTest, UnknownNamesAndPaths) {
  EXPECT_EQ(pull(store_, of("qwen3:4x")).error().code, ErrorCode::not_found);
  EXPECT_THAT(pull(store_, of("qwen3:4x")).error().message, HasSubstr("qwen3:4b"));
  EXPECT_THAT(pull(store_, of("./m.gguf")).error().message, HasSubstr("hearth import"));
  EXPECT_EQ(pull(store_, of("hf:org/none")).error().code, ErrorCode::not_found);
}

// Killed at any moment, the store is good: the model is there whole or not at all.
TEST_F(PullTest, SurvivesBeingKilled) {
  delay_ms_ = 10;
  std::mt19937 random(5);
  int n_killed = 0;
  for (int round = 0; round < 10; ++round) {
    const auto delay = std::chrono::milliseconds(20 + random() % 200);
    const auto end = test::run_in_child([&] {
      std::thread([delay] {
        std::this_thread::sleep_for(delay);
        ::kill(::getpid(), SIGKILL);
      }).detach();
      return pull(store_, of("hf:org/repo:Q8_0")) ? 0 : 1;
    });
    n_killed += end.signal() == SIGKILL ? 1 : 0;
    EXPECT_NE(end.exit_code(), 1);
    const auto listing = store_.list().value();
    EXPECT_THAT(listing.problems, IsEmpty());
  }
  EXPECT_GT(n_killed, 0);
  delay_ms_ = 0;
  const auto got = pull(store_, of("hf:org/repo:Q8_0"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(contents_of(got->manifest.name),
            files_["m-Q8_0-00001-of-00002.gguf"] + files_["m-Q8_0-00002-of-00002.gguf"]);
}

// The table is data that a person wrote.
TEST(KnownModels, AreReferencesThatParse) {
  for (const store::KnownModel& model : store::known_models()) {
    EXPECT_EQ(parse_model_ref(model.name).value().kind, RefKind::name) << model.name;
    EXPECT_FALSE(model.licence.empty()) << model.name;
    EXPECT_FALSE(store::how_to_get(model).empty()) << model.name;
    if (model.hub.empty()) continue;
    std::string ref = "hf:" + std::string(model.hub);
    if (!model.quant.empty()) ref += ":" + std::string(model.quant);
    EXPECT_EQ(parse_model_ref(ref).value().kind, RefKind::hub) << ref;
  }
}

}  // namespace
}  // namespace hearth::fetch
