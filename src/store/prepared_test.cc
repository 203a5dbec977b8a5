// SPDX-License-Identifier: Apache-2.0
#include "store/prepared.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test_support.h"
#include "store/folder_internal.h"
#include "store/store.h"

namespace hearth::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr PreparedLimits kAmple{.budget_bytes = 1 << 20, .reserve_bytes = 0};

class PreparedTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Store store_ = Store::open(dir_.file("store")).value();

  PreparedName import(const std::string& name, const std::string& contents = "") {
    const auto manifest = store_.import_file(
        {.path = dir_.write(name + ".bin", contents.empty() ? name : contents), .name = name});
    return {contents_key(manifest.value()), "panels-v1"};
  }
  PreparedDraft draft(const PreparedName& name, const std::string& contents,
                      const PreparedLimits& limits = kAmple) {
    PreparedDraft made = PreparedDraft::begin(store_, name, contents.size(), limits).value();
    EXPECT_TRUE(write_all(made.fd(), contents).has_value());
    return made;
  }
  void keep(const PreparedName& name, const std::string& contents,
            const PreparedLimits& limits = kAmple) {
    EXPECT_TRUE(draft(name, contents, limits).keep().has_value());
  }
  std::string read(const PreparedName& name) {
    const auto fd = open_prepared(store_, name);
    return fd ? read_all(fd->get(), 1 << 20).value() : "none";
  }
  std::vector<std::string> files() { return names_in(store_.root() + "/prepared").value(); }
  // So that the order of use does not hang on the clock.
  void set_used(const PreparedName& name, time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    const std::string path = store_.root() + "/prepared/" + name.key + "." + name.layout;
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
};

TEST_F(PreparedTest, IsThereOnceItIsKept) {
  const PreparedName name = import("model");
  EXPECT_EQ(open_prepared(store_, name).error().code, ErrorCode::not_found);
  {
    PreparedDraft dropped = draft(name, "half");
    EXPECT_EQ(read(name), "none");
  }
  EXPECT_THAT(files(), IsEmpty());
  keep(name, "whole");
  EXPECT_EQ(read(name), "whole");
  EXPECT_EQ(prepared_bytes(store_, name), 5u);
  keep(name, "again");
  EXPECT_EQ(read(name), "again");
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_TRUE(remove_prepared(store_, name).has_value());
  EXPECT_TRUE(remove_prepared(store_, name).has_value());
  EXPECT_EQ(prepared_bytes(store_, name), 0u);
}

TEST_F(PreparedTest, GoesWithTheLastNameOfItsModel) {
  const PreparedName name = import("one", "same"), other = import("other");
  ASSERT_TRUE(store_.copy("one", "two", false).has_value());
  keep(name, "copy");
  keep(other, "another copy");
  EXPECT_EQ(store_.remove("one").value().bytes_freed, 0u);
  EXPECT_EQ(read(name), "copy");
  EXPECT_EQ(store_.remove("two").value().bytes_freed, 4u + 4u);
  EXPECT_EQ(read(name), "none");
  EXPECT_EQ(read(other), "another copy");
}

TEST_F(PreparedTest, OfAReferenceGoesToo) {
  const std::string path = dir_.write("elsewhere.bin", "contents");
  const auto manifest =
      store_.import_file({.path = path, .name = "model", .mode = ImportMode::reference});
  const PreparedName name{contents_key(manifest.value()), "panels-v1"};
  keep(name, "copy");
  EXPECT_EQ(store_.remove("model").value().bytes_freed, 4u);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST_F(PreparedTest, IsNotKeptForAModelThatHasGone) {
  const PreparedName name = import("model");
  PreparedDraft late = draft(name, "copy");
  ASSERT_TRUE(store_.remove("model").has_value());
  EXPECT_EQ(late.keep().error().code, ErrorCode::not_found);
  EXPECT_EQ(read(name), "none");
}

TEST_F(PreparedTest, TheLongestUnusedGoFirstWhenTheBudgetIsSpent) {
  const PreparedName a = import("a"), b = import("b"), c = import("c");
  const PreparedLimits limits{.budget_bytes = 10};
  keep(a, "aaaa", limits);
  keep(b, "bbbb", limits);
  set_used(a, 1000);
  set_used(b, 2000);
  EXPECT_EQ(read(a), "aaaa");  // now b is the one that was used longest ago
  keep(c, "cccc", limits);
  EXPECT_EQ(read(a), "aaaa");
  EXPECT_EQ(read(b), "none");
  EXPECT_EQ(read(c), "cccc");
}

TEST_F(PreparedTest, ReplacesThatOfAnOlderLayout) {
  const PreparedName name = import("model"), other = import("other");
  keep(name, "old");
  keep(other, "other");
  PreparedName newer = name;
  newer.layout = "panels-v2";
  EXPECT_EQ(read(newer), "none");
  keep(newer, "new");
  EXPECT_THAT(files(), UnorderedElementsAre(newer.key + ".panels-v2", other.key + ".panels-v1"));
}

TEST_F(PreparedTest, IsNotBegunWhereThereIsNoRoom) {
  const PreparedName name = import("model");
  const auto begun = [&](const PreparedLimits& limits) {
    return PreparedDraft::begin(store_, name, 1000, limits);
  };
  EXPECT_THAT(begun({.budget_bytes = 999}).error().message, HasSubstr("beyond the budget"));
  const auto short_disk = begun({.budget_bytes = 1000, .reserve_bytes = std::uint64_t{1} << 60});
  EXPECT_EQ(short_disk.error().code, ErrorCode::does_not_fit);
  EXPECT_THAT(short_disk.error().message, HasSubstr("of the disk"));
  EXPECT_TRUE(begun({.budget_bytes = 1000}).has_value());
}

TEST_F(PreparedTest, WhatAKilledWriterLeftIsSweptAway) {
  const PreparedName name = import("model");
  const auto child = test::run_in_child([&] {
    PreparedDraft lost = draft(name, "half");
    ::_exit(7);
    return 0;
  });
  ASSERT_EQ(child.exit_code(), 7);
  EXPECT_THAT(files(), SizeIs(1));
  keep(name, "whole");
  EXPECT_THAT(files(), ElementsAre(name.key + ".panels-v1"));
}

TEST(ContentsKey, IsTheHashOfOneFileAndDependsOnAllOfMany) {
  const std::string a(64, 'a'), b(64, 'b');
  const auto key = [](std::vector<std::string> hashes) {
    Manifest manifest;
    for (std::string& hash : hashes) manifest.files.push_back({.sha256 = std::move(hash)});
    return contents_key(manifest);
  };
  EXPECT_EQ(key({a}), a);
  EXPECT_THAT(key({a, b}), SizeIs(64));
  EXPECT_NE(key({a, b}), key({b, a}));
  EXPECT_NE(key({a, b}), key({a, a}));
}

}  // namespace
}  // namespace hearth::store
