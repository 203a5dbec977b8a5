// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/test_support.h"
#include "store/folder_internal.h"

namespace hearth::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Store store_ = Store::open(dir_.file("store")).value();

  Manifest import(const std::string& name, const std::string& contents) {
    return store_.import_file({.path = dir_.write(name + ".bin", contents), .name = name}).value();
  }
  std::vector<std::string> blobs() { return names_in(store_.root() + "/blobs").value(); }
  std::string manifest_file(const std::string& name) {
    return store_.root() + "/manifests/" + name + ".json";
  }
  std::string error_of_find(const std::string& model) {
    const auto found = store_.find(model);
    EXPECT_EQ(found.error().code, ErrorCode::not_found);
    return found.error().message;
  }
};

TEST(DefaultRoot, FollowsTheVariables) {
  const auto root_with = [](const char* hearth, const char* data, const char* home) {
    const auto set = [](const char* name, const char* value) {
      value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
    };
    const char* old_home = std::getenv("HOME");
    const std::string kept = old_home == nullptr ? "" : old_home;
    set("HEARTH_HOME", hearth);
    set("XDG_DATA_HOME", data);
    set("HOME", home);
    const std::string root = default_root().value_or("none");
    set("HEARTH_HOME", nullptr);
    set("XDG_DATA_HOME", nullptr);
    set("HOME", kept.c_str());
    return root;
  };
  EXPECT_EQ(root_with("/a", "/b", "/c"), "/a");
  EXPECT_EQ(root_with("", "/b", "/c"), "/b/hearth");
  EXPECT_EQ(root_with(nullptr, "relative", "/c"), "/c/.local/share/hearth");
  EXPECT_THAT(root_with(nullptr, nullptr, nullptr), EndsWith("/.local/share/hearth"));
}

TEST_F(StoreTest, AFolderThatDoesNotExistIsAnEmptyStore) {
  EXPECT_THAT(store_.list().value().models, IsEmpty());
  EXPECT_EQ(store_.find("x").error().code, ErrorCode::not_found);
  EXPECT_EQ(store_.remove("x").error().code, ErrorCode::not_found);
  EXPECT_NE(::access(store_.root().c_str(), F_OK), 0);  // looking creates nothing
  EXPECT_EQ(Store::open("").error().code, ErrorCode::usage);
  EXPECT_EQ(Store::open("/a/b//").value().root(), "/a/b");
}

TEST_F(StoreTest, ListIsSortedAndFindGivesTheBlob) {
  import("b", "bbb");
  import("a", "aa");
  const Listing listing = store_.list().value();
  EXPECT_THAT(listing.problems, IsEmpty());
  ASSERT_THAT(listing.models, SizeIs(2));
  EXPECT_EQ(listing.models[0].name, "a");
  EXPECT_EQ(listing.models[1].total_bytes(), 3u);
  const Model model = store_.find("a").value();
  ASSERT_THAT(model.paths, SizeIs(1));
  EXPECT_EQ(read_file(model.paths[0], 100).value(), "aa");
}

TEST_F(StoreTest, LatestIsTheTagThatMayBeLeftOut) {
  import("plain", "1");
  import("tagged:latest", "2");
  import("sized:1b", "3");
  EXPECT_EQ(store_.find("plain:latest").value().manifest.name, "plain");
  EXPECT_EQ(store_.find("tagged").value().manifest.name, "tagged:latest");
  EXPECT_EQ(store_.find("sized:1b").value().manifest.name, "sized:1b");
  EXPECT_EQ(store_.find("sized").error().code, ErrorCode::not_found);
}

TEST(IsPath, HasASlashOrEndsInGguf) {
  EXPECT_TRUE(is_path("./x"));
  EXPECT_TRUE(is_path("x.gguf"));
  EXPECT_FALSE(is_path("x:gguf"));
}

TEST_F(StoreTest, NotFoundSaysWhatToDo) {
  import("qwen3:4b", "x");
  EXPECT_THAT(error_of_find("qwen3"),
              AllOf(HasSubstr("no model 'qwen3'"), HasSubstr("did you mean qwen3:4b?"),
                    HasSubstr("`hearth list`"), HasSubstr("`hearth import FILE --name NAME`")));
  EXPECT_THAT(error_of_find("smollm2"), HasSubstr("`./try` gets it"));
  EXPECT_THAT(error_of_find("evil\x1b[2J"), HasSubstr("evil\\x1b[2J"));
  EXPECT_THAT(error_of_find(".."), HasSubstr("no model '..'"));
  EXPECT_THAT(error_of_find(""), HasSubstr("no model ''"));
}

TEST_F(StoreTest, RemoveKeepsBlobsThatAreStillUsed) {
  import("one", "shared");
  import("two", "shared");
  import("three", "alone");
  EXPECT_THAT(blobs(), SizeIs(2));
  EXPECT_EQ(store_.remove("one").value().bytes_freed, 0u);
  EXPECT_EQ(read_file(store_.find("two").value().paths[0], 100).value(), "shared");
  EXPECT_EQ(store_.remove("two").value().bytes_freed, 6u);
  EXPECT_THAT(blobs(), SizeIs(1));
  EXPECT_EQ(store_.find("two").error().code, ErrorCode::not_found);
}

TEST_F(StoreTest, BrokenManifestIsReportedAndNotFatal) {
  import("good", "g");
  import("bad", "b");
  dir_.write("store/manifests/bad.json", "{\"version\": 1");
  dir_.write("store/manifests/huge.json", std::string(3 << 20, ' '));
  const Listing listing = store_.list().value();
  ASSERT_THAT(listing.models, SizeIs(1));
  EXPECT_THAT(listing.problems,
              ElementsAre(HasSubstr("bad.json: not JSON"), HasSubstr("huge.json")));
  EXPECT_EQ(store_.find("bad").error().code, ErrorCode::integrity);

  // What the broken ones list is unknown, so nothing is deleted until they are gone.
  const Removal first = store_.remove("good").value();
  EXPECT_EQ(first.bytes_freed, 0u);
  EXPECT_THAT(first.problems, SizeIs(1));
  EXPECT_THAT(blobs(), SizeIs(2));
  EXPECT_THAT(store_.remove("huge").value().problems, SizeIs(1));
  EXPECT_EQ(store_.remove("bad").value().bytes_freed, 2u);
  EXPECT_THAT(blobs(), IsEmpty());
}

TEST_F(StoreTest, DamagedBlobIsReported) {
  import("cut", "whole");
  const std::string blob = store_.find("cut").value().paths[0];
  ::chmod(blob.c_str(), 0644);
  ASSERT_EQ(::truncate(blob.c_str(), 2), 0);
  EXPECT_THAT(store_.find("cut").error().message, HasSubstr("does not have its size"));
  ASSERT_EQ(::unlink(blob.c_str()), 0);
  EXPECT_THAT(store_.find("cut").error().message, HasSubstr("is missing; import it again"));
  EXPECT_THAT(store_.list().value().problems, SizeIs(1));
  import("cut", "whole");
  EXPECT_TRUE(store_.find("cut").has_value());
}

}  // namespace
}  // namespace hearth::store
