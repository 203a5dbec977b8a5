// SPDX-License-Identifier: Apache-2.0
//
// verify, copy, and files that are linked or referred to instead of copied.
#include <fcntl.h>
#include <gmock/gmock.h>
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

class VerifyTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Store store_ = Store::open(dir_.file("store")).value();

  Manifest import(const std::string& name, const std::string& contents,
                  ImportMode mode = ImportMode::copy) {
    return store_
        .import_file({.path = dir_.write(name + ".gguf", contents), .name = name, .mode = mode})
        .value();
  }
  // Other bytes of the same length, and the time of change as it was.
  void damage(const std::string& path) {
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    std::fputc('?', file);
    std::fclose(file);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
};

TEST_F(VerifyTest, SoundModelsAreSound) {
  import("a", "one");
  import("b", "two");
  std::uint64_t last = 0, total = 0;
  const auto found = store_.verify({.progress = [&](std::uint64_t done, std::uint64_t all) {
    last = done;
    total = all;
  }});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->sound, ElementsAre("a", "b"));
  EXPECT_THAT(found->problems, IsEmpty());
  EXPECT_EQ(last, 6u);
  EXPECT_EQ(total, 6u);
  EXPECT_EQ(store_.verify({.names = {"c"}}).error().code, ErrorCode::not_found);
}

TEST_F(VerifyTest, DamageIsFoundAndRemovedWhenAskedTo) {
  import("a", "one");
  import("b", "two");
  const std::string blob = store_.find("a").value().paths[0];
  damage(blob);
  auto found = store_.verify({}).value();
  EXPECT_THAT(found.sound, ElementsAre("b"));
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0], HasSubstr("a: "));
  EXPECT_THAT(found.problems[0], HasSubstr("--remove-damaged"));
  EXPECT_EQ(::access(blob.c_str(), F_OK), 0);
  found = store_.verify({.names = {"a"}, .remove_damaged = true}).value();
  EXPECT_THAT(found.problems, SizeIs(1));
  EXPECT_NE(::access(blob.c_str(), F_OK), 0);
  EXPECT_EQ(store_.find("a").error().code, ErrorCode::integrity);
  import("a", "one");  // as the message says
  EXPECT_THAT(store_.verify({}).value().sound, ElementsAre("a", "b"));
}

TEST_F(VerifyTest, WhatIsRemovedMeanwhileIsNoDamage) {
  for (const char* name : {"a", "b", "c", "d"}) import(name, name);
  Store other = Store::open(store_.root()).value();
  bool removed = false;
  const auto found = store_.verify({.progress = [&](std::uint64_t, std::uint64_t) {
    if (removed) return;
    for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(other.remove(name));
    removed = true;
  }});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->problems, IsEmpty());
  EXPECT_THAT(found->sound, ElementsAre("d"));
}

TEST_F(VerifyTest, CanBeStopped) {
  import("a", "one");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store_.verify({.stop = stop.get_token()}).error().code, ErrorCode::cancelled);
}

TEST_F(VerifyTest, ACopySharesItsFiles) {
  import("a", "one");
  import("other", "two");
  ASSERT_TRUE(store_.copy("a", "b:1", false));
  EXPECT_EQ(store_.find("b:1").value().paths, store_.find("a").value().paths);
  EXPECT_EQ(store_.copy("a", "other", false).error().code, ErrorCode::usage);
  EXPECT_EQ(store_.copy("none", "c", false).error().code, ErrorCode::not_found);
  EXPECT_EQ(store_.copy("a", "Not a name", false).error().code, ErrorCode::usage);
  EXPECT_EQ(store_.remove("a").value().bytes_freed, 0u);
  EXPECT_EQ(read_file(store_.find("b:1").value().paths[0], 100).value(), "one");
  ASSERT_TRUE(store_.copy("b:1", "other", true));
  EXPECT_EQ(store_.remove("b:1").value().bytes_freed, 0u);
  EXPECT_EQ(store_.remove("other").value().bytes_freed, 3u);
}

TEST_F(VerifyTest, ALinkTakesNoSpace) {
  import("a", "one", ImportMode::link);
  const std::string blob = store_.find("a").value().paths[0];
  struct stat file, original;
  ASSERT_EQ(::stat(blob.c_str(), &file), 0);
  ASSERT_EQ(::stat(dir_.file("a.gguf").c_str(), &original), 0);
  EXPECT_EQ(file.st_ino, original.st_ino);
  ASSERT_EQ(::unlink(dir_.file("a.gguf").c_str()), 0);
  EXPECT_THAT(store_.verify({}).value().sound, ElementsAre("a"));
}

TEST_F(VerifyTest, AReferenceIsUsedWhereItLies) {
  const Manifest manifest = import("a", "one", ImportMode::reference);
  EXPECT_THAT(names_in(store_.root() + "/blobs").value(), IsEmpty());
  EXPECT_EQ(parse_manifest(to_text(manifest), "a").value().files, manifest.files);
  const std::string path = store_.find("a").value().paths[0];
  EXPECT_EQ(read_file(path, 100).value(), "one");
  EXPECT_THAT(path, HasSubstr("a.gguf"));
  // Changed behind our back: by its time, and where that lies, by its hash.
  damage(path);
  EXPECT_TRUE(store_.find("a"));
  EXPECT_THAT(store_.verify({.remove_damaged = true}).value().problems, SizeIs(1));
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);  // not ours to delete
  const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), now, 0), 0);
  EXPECT_THAT(store_.find("a").error().message, HasSubstr("changed since"));
  EXPECT_THAT(store_.list().value().problems, SizeIs(1));
  // Taken anew, then forgotten; the file stays.
  import("a", "one", ImportMode::copy);
  EXPECT_FALSE(store_.find("a").value().manifest.files[0].is_reference());
  import("b", "three", ImportMode::reference);
  EXPECT_EQ(store_.remove("b").value().bytes_freed, 0u);
  EXPECT_EQ(::access(dir_.file("b.gguf").c_str(), F_OK), 0);
}

TEST_F(VerifyTest, AReferenceThatIsNoneIsRefused) {
  Manifest manifest = import("a", "one", ImportMode::reference);
  for (const char* path : {"relative.gguf", ""}) {
    std::string text = to_text(manifest);
    const auto start = text.find(manifest.files[0].path);
    text.replace(start, manifest.files[0].path.size(), path);
    EXPECT_EQ(parse_manifest(text, "a").error().code, ErrorCode::integrity) << path;
  }
}

}  // namespace
}  // namespace hearth::store
