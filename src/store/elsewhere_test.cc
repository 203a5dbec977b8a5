// SPDX-License-Identifier: Apache-2.0
//
// The stores of other programs, as trees that the tests make.
#include "store/elsewhere.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test_support.h"
#include "store/elsewhere_internal.h"
#include "store/folder_internal.h"

namespace hearth::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kHash(64, 'a'), kOtherHash(64, 'b'), kCommit(40, 'c'), kOldCommit(40, 'd');

class ElsewhereTest : public testing::Test {
 protected:
  test::TempDir dir_;
  ElsewhereRoots roots_{.hub_caches = {dir_.file("hub")},
                        .ollama = {dir_.file("ollama")},
                        .llama_cpp = {dir_.file("llama.cpp")},
                        .lm_studio = {dir_.file("lmstudio")}};

  void make_parent(const std::string& path) {
    const std::string full = dir_.file(path);
    ASSERT_TRUE(make_folders(full.substr(0, full.rfind('/'))));
  }
  void put(const std::string& path, const std::string& contents) {
    make_parent(path);
    dir_.write(path, contents);
  }
  void link(const std::string& path, const std::string& target) {
    make_parent(path);
    ASSERT_EQ(::symlink(target.c_str(), dir_.file(path).c_str()), 0);
  }
  // As huggingface_hub lays it out.
  void put_in_hub(const std::string& repo, const std::string& commit, const std::string& file,
                  const std::string& hash, const std::string& contents) {
    put("hub/" + repo + "/blobs/" + hash, contents);
    const bool in_folder = file.find('/') != std::string::npos;
    link("hub/" + repo + "/snapshots/" + commit + "/" + file,
         (in_folder ? "../../../blobs/" : "../../blobs/") + hash);
  }
  void put_in_ollama(const std::string& name, const std::string& digest) {
    put("ollama/manifests/" + name,
        R"({"schemaVersion":2,"config":{"digest":"sha256:0"},"layers":[)"
        R"({"mediaType":"application/vnd.ollama.image.license","digest":"sha256:1"},)"
        R"({"mediaType":"application/vnd.ollama.image.model","digest":")" +
            digest + R"(","size":3}]})");
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const ElsewhereModel& model : list_elsewhere(roots_).models) names.push_back(model.name);
    return names;
  }
};

TEST_F(ElsewhereTest, NothingThereIsNoProblem) {
  const ElsewhereListing listing = list_elsewhere(roots_);
  EXPECT_THAT(listing.models, IsEmpty());
  EXPECT_THAT(listing.problems, IsEmpty());
}

TEST_F(ElsewhereTest, TheCacheOfTheHub) {
  const std::string repo = "models--org--some-GGUF";
  put_in_hub(repo, kOldCommit, "m-Q8_0.gguf", kOtherHash, "old");
  put_in_hub(repo, kOldCommit, "m-Q2_K.gguf", std::string(64, 'e'), "small");
  put_in_hub(repo, kCommit, "m-Q8_0.gguf", kHash, "newer");
  put_in_hub(repo, kCommit, "mmproj-F16.gguf", std::string(64, 'f'), "eyes");
  put_in_hub(repo, kCommit, "Q4_K_M/m-Q4_K_M-00001-of-00002.gguf", std::string(64, '1'), "a");
  put_in_hub(repo, kCommit, "Q4_K_M/m-Q4_K_M-00002-of-00002.gguf", std::string(64, '2'), "bc");
  put("hub/" + repo + "/refs/main", kCommit);
  put("hub/version.txt", "1");
  put("hub/datasets--org--data/snapshots/x/m.gguf", "no model");
  const ElsewhereListing listing = list_elsewhere(roots_);
  EXPECT_THAT(names(), ElementsAre("hf:org/some-GGUF:Q2_K", "hf:org/some-GGUF:Q4_K_M",
                                   "hf:org/some-GGUF:Q8_0"));
  EXPECT_THAT(listing.problems, IsEmpty());
  const ElsewhereModel split = find_elsewhere(listing, "hf:org/some-GGUF:Q4_K_M").value();
  EXPECT_THAT(split.paths, SizeIs(2));
  EXPECT_EQ(split.bytes, 3u);
  EXPECT_EQ(split.owner, "Hugging Face");
  const ElsewhereModel newer = find_elsewhere(listing, "m-q8_0").value();  // what pull calls it
  EXPECT_EQ(read_file(newer.paths[0], 100).value(), "newer");
}

TEST_F(ElsewhereTest, LinksThatLeadOutAreLeftOut) {
  put("secret.gguf", "secret");
  link("hub/models--org--evil/snapshots/" + kCommit + "/m-Q8_0.gguf", dir_.file("secret.gguf"));
  link("hub/models--org--evil/snapshots/" + kCommit + "/n.gguf", "../../../../secret.gguf");
  link("hub/models--org--evil/snapshots/" + kCommit + "/gone.gguf", "../../blobs/none");
  link("lmstudio/org/repo/m.gguf", dir_.file("secret.gguf"));
  link("llama.cpp/m.gguf", dir_.file("secret.gguf"));
  put("hub/models--..--x/snapshots/" + kCommit + "/m.gguf", "x");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ElsewhereTest, MissingShardsAreAProblem) {
  put_in_hub("models--org--r", kCommit, "m-00001-of-00003.gguf", kHash, "a");
  const ElsewhereListing listing = list_elsewhere(roots_);
  EXPECT_THAT(listing.models, IsEmpty());
  ASSERT_THAT(listing.problems, SizeIs(1));
  EXPECT_THAT(listing.problems[0], HasSubstr("1 of its 3 parts"));
}

TEST_F(ElsewhereTest, OllamasStore) {
  put("ollama/blobs/sha256-" + kHash, "abc");
  put_in_ollama("registry.ollama.ai/library/llama3.2/1b", "sha256:" + kHash);
  put_in_ollama("registry.ollama.ai/library/llama3.2/latest", "sha256:" + kHash);
  put_in_ollama("registry.ollama.ai/me/mine/v1", "sha256:" + kHash);
  put_in_ollama("hf.co/org/repo/Q4_K_M", "sha256:" + kHash);
  put_in_ollama("registry.ollama.ai/library/gone/1b", "sha256:" + kOtherHash);
  EXPECT_THAT(names(), ElementsAre("ollama:hf.co/org/repo:Q4_K_M", "ollama:llama3.2:1b",
                                   "ollama:llama3.2:latest", "ollama:me/mine:v1"));
  const ElsewhereListing listing = list_elsewhere(roots_);
  EXPECT_THAT(listing.problems, IsEmpty());
  for (const char* name : {"llama3.2", "llama3.2:latest", "ollama:llama3.2"})
    EXPECT_EQ(find_elsewhere(listing, name).value().name, "ollama:llama3.2:latest") << name;
  const ElsewhereModel small = find_elsewhere(listing, "llama3.2:1b").value();
  EXPECT_EQ(small.bytes, 3u);
  EXPECT_EQ(read_file(small.paths[0], 100).value(), "abc");
}

TEST_F(ElsewhereTest, OllamasManifestsAreNotTrusted) {
  put("secret", "abc");
  put("ollama/blobs/sha256-" + kHash, "abc");
  for (const char* digest : {"sha256:../../secret", "sha256:", "md5:1", "sha256-../../x"})
    put_in_ollama("registry.ollama.ai/library/evil/v" + std::to_string(std::string(digest).size()),
                  digest);
  put("ollama/manifests/registry.ollama.ai/library/bad/1", "not json");
  put("ollama/manifests/registry.ollama.ai/library/bad/2", R"({"layers":5})");
  put("ollama/manifests/registry.ollama.ai/library/bad/3", std::string(2 << 20, ' '));
  put("ollama/manifests/registry.ollama.ai/library/adapter/1", R"({"layers":[]})");
  put("ollama/manifests/registry.ollama.ai/library/e\x1bvil/1", "{}");
  const ElsewhereListing listing = list_elsewhere(roots_);
  EXPECT_THAT(listing.models, IsEmpty());
  EXPECT_THAT(listing.problems, SizeIs(7));
}

TEST_F(ElsewhereTest, TheFlatCacheOfLlamaCpp) {
  put("llama.cpp/org_repo-GGUF_m-Q4_K_M.gguf", "abc");
  put("llama.cpp/org_repo-GGUF_m-Q4_K_M.gguf.etag", "x");
  put("llama.cpp/manifest=org=repo-GGUF=latest.json",
      R"({"ggufFile":{"rfilename":"m-Q4_K_M.gguf","size":3}})");
  put("llama.cpp/own.gguf", "abcd");
  put("llama.cpp/manifest=bad.json", "{}");
  put("llama.cpp/manifest=a=b=c.json", "[");
  EXPECT_THAT(names(), ElementsAre("hf:org/repo-GGUF:Q4_K_M", "llama.cpp:own.gguf"));
  EXPECT_EQ(find_elsewhere(list_elsewhere(roots_), "own").value().bytes, 4u);
}

TEST_F(ElsewhereTest, LmStudiosFolder) {
  put("lmstudio/org/repo/m-Q4_K_M.gguf", "abc");
  put("lmstudio/org/repo/m-Q8_0.gguf", "abcd");
  put("lmstudio/org/repo/mmproj-m-F16.gguf", "eyes");
  put("lmstudio/org/two/a-Q8_0.gguf", "a");
  put("lmstudio/org/two/b-Q8_0.gguf", "b");
  put("lmstudio/stray.gguf", "not where LM Studio looks");
  EXPECT_THAT(names(), ElementsAre("lmstudio:org/repo:Q4_K_M", "lmstudio:org/repo:Q8_0",
                                   "lmstudio:org/two:a-Q8_0.gguf", "lmstudio:org/two:b-Q8_0.gguf"));
}

TEST_F(ElsewhereTest, AShortNameOfTwoIsAskedBack) {
  put("lmstudio/org/repo/m-Q8_0.gguf", "abc");
  put_in_hub("models--other--repo", kCommit, "m-Q8_0.gguf", kHash, "a");
  const auto found = find_elsewhere(list_elsewhere(roots_), "m-q8_0");
  EXPECT_EQ(found.error().code, ErrorCode::usage);
  EXPECT_THAT(found.error().message, HasSubstr("hf:other/repo:Q8_0, lmstudio:org/repo:Q8_0"));
  EXPECT_EQ(find_elsewhere(list_elsewhere(roots_), "none").error().code, ErrorCode::not_found);
}

TEST_F(ElsewhereTest, HugeFoldersAreCutShort) {
  for (int i = 0; i < 10; ++i) put("lmstudio/org/repo/" + std::to_string(i) + ".gguf", "x");
  const std::string inside = resolved_path(dir_.file("lmstudio"));
  EXPECT_THAT(Walk().gguf_files(inside, inside, 2), SizeIs(10));
  Walk short_walk(8);  // each folder is listed twice, once for its files and once for its folders
  EXPECT_THAT(short_walk.gguf_files(inside, inside, 2), SizeIs(4));
  EXPECT_THAT(short_walk.gguf_files(inside, inside, 2), IsEmpty());
}

}  // namespace
}  // namespace hearth::store
