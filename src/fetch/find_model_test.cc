// SPDX-License-Identifier: Apache-2.0
//
// What a reference means on this machine: aliases, the store, other programs, paths.
#include "fetch/find_model.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/test_support.h"
#include "store/aliases.h"

namespace hearth::fetch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FindModelTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Places places_{.store = store::Store::open(dir_.file("store")).value(),
                 .aliases_path = dir_.file("aliases.json"),
                 .elsewhere = {.lm_studio = {dir_.file("lm")}}};

  void import(const std::string& name, const std::string& file, const std::string& source) {
    ASSERT_TRUE(places_.store.import_file(
        {.path = dir_.write(file, file), .name = name, .source = source}));
  }
  Result<FoundModel> find(std::string_view text) {
    return find_model(places_, TRY(resolve_ref(places_, text)));
  }
  std::string name_of(std::string_view text) {
    const auto found = find(text);
    return found ? found->name : found.error().message;
  }
};

TEST_F(FindModelTest, NamesAndAliases) {
  import("tiny", "a.gguf", "");
  ASSERT_TRUE(store::set_alias(places_.aliases_path, "mine", "tiny"));
  ASSERT_TRUE(store::set_alias(places_.aliases_path, "tiny", "other"));  // the store comes first
  ASSERT_TRUE(store::set_alias(places_.aliases_path, "again", "mine"));  // not followed
  ASSERT_TRUE(store::set_alias(places_.aliases_path, "far", "hf:org/repo:Q8_0"));
  EXPECT_EQ(name_of("tiny"), "tiny");
  EXPECT_EQ(find("tiny")->owner, "hearth");
  EXPECT_EQ(name_of("mine"), "tiny");
  EXPECT_THAT(name_of("again"), HasSubstr("no model 'mine'"));
  EXPECT_EQ(resolve_ref(places_, "far")->kind, RefKind::hub);
  EXPECT_EQ(resolve_ref(places_, "far")->quant, "Q8_0");
  dir_.write("aliases.json", "[");
  EXPECT_EQ(name_of("tiny"), "tiny");
  EXPECT_EQ(find("mine").error().code, ErrorCode::integrity);
}

TEST_F(FindModelTest, WhatWasPulledFromARepository) {
  import("first", "m-Q8_0.gguf", "hf:Org/Repo@" + std::string(40, 'c'));
  import("second", "m-Q4_K_M.gguf", "hf:Org/Repo@main");
  import("other", "m-Q2_K.gguf", "hf:org/repository@main");
  EXPECT_EQ(name_of("hf:org/repo:q8_0"), "first");
  EXPECT_EQ(name_of("hf.co/Org/Repo"), "second");  // Q4_K_M, as where it is fetched
  EXPECT_EQ(name_of("hf:org/repo:m-Q8_0.gguf"), "first");
  EXPECT_EQ(find("hf:org/repo:Q2_K").error().code, ErrorCode::not_found);
  ASSERT_TRUE(places_.store.remove("second"));
  EXPECT_EQ(name_of("hf:org/repo"), "first");
}

TEST_F(FindModelTest, WhatWasPulledFromAnAddress) {
  import("first", "a.gguf", "https://host/a.gguf");
  EXPECT_EQ(name_of("https://host/a.gguf?signature=x"), "first");
  EXPECT_EQ(find("https://host/b.gguf").error().code, ErrorCode::not_found);
}

TEST_F(FindModelTest, OtherProgramsComeAfterTheStore) {
  for (const char* folder : {"lm", "lm/org", "lm/org/repo"})
    ASSERT_EQ(::mkdir(dir_.file(folder).c_str(), 0755), 0);
  dir_.write("lm/org/repo/m-Q8_0.gguf", "theirs");
  EXPECT_EQ(name_of("m-q8_0"), "lmstudio:org/repo:Q8_0");
  EXPECT_EQ(find("m-q8_0")->owner, "LM Studio");
  EXPECT_EQ(name_of("lmstudio:org/repo:Q8_0"), "lmstudio:org/repo:Q8_0");
  EXPECT_THAT(find("lmstudio:org/repo:Q8_0")->paths,
              ElementsAre(dir_.file("lm/org/repo/m-Q8_0.gguf")));
  import("m-q8_0", "own.gguf", "");
  EXPECT_EQ(name_of("m-q8_0"), "m-q8_0");
  EXPECT_EQ(find("ollama:m-q8_0").error().code, ErrorCode::not_found);
}

TEST_F(FindModelTest, Paths) {
  const std::string path = dir_.write("other.gguf", "x");
  const FoundModel found = find(path).value();
  EXPECT_THAT(found.paths, ElementsAre(path));
  EXPECT_FALSE(found.manifest.has_value());
  EXPECT_EQ(find(dir_.path()).error().code, ErrorCode::integrity);  // a folder
  EXPECT_THAT(name_of("no/such.gguf"), HasSubstr("no/such.gguf: No such file"));
  const std::string first = dir_.write("m-00001-of-00002.gguf", "1");
  EXPECT_EQ(find(first).error().code, ErrorCode::not_found);
  EXPECT_THAT(name_of(first), HasSubstr("m-00002-of-00002.gguf"));
  const std::string second = dir_.write("m-00002-of-00002.gguf", "2");
  EXPECT_THAT(find(second)->paths, ElementsAre(first, second));
}

}  // namespace
}  // namespace hearth::fetch
