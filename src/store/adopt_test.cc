// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test_bytes.h"
#include "base/test_support.h"
#include "store/store.h"

namespace hearth::store {
namespace {

class AdoptTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Store store_ = Store::open(dir_.file("store")).value();

  Finished finished(const std::string& text) {
    const std::string path = store_.partial_dir().value() + "/" + std::to_string(++n_);
    EXPECT_TRUE(!path.empty());
    std::FILE* stream = std::fopen(path.c_str(), "wb");
    CHECK(stream != nullptr);
    CHECK(std::fwrite(text.data(), 1, text.size(), stream) == text.size());
    CHECK(std::fclose(stream) == 0);
    return {{.sha256 = test::sha256_of(text), .bytes = text.size(), .name = "m.gguf"}, path};
  }
  int n_ = 0;
};

TEST_F(AdoptTest, AFinishedFileMovesIn) {
  const Finished one = finished("abc");
  EXPECT_FALSE(store_.has_blob(one.file));
  const Manifest manifest =
      store_.adopt({.name = "m", .files = {one}, .source = "there", .licence = "MIT"}).value();
  EXPECT_EQ(manifest.licence, "MIT");
  EXPECT_TRUE(store_.has_blob(one.file));
  EXPECT_NE(::access(one.path.c_str(), F_OK), 0);
  const Model model = store_.find("m").value();
  EXPECT_EQ(model.manifest.files, std::vector{one.file});
  EXPECT_EQ(read_file(model.paths[0], 100).value(), "abc");
  struct stat status;
  ASSERT_EQ(::stat(model.paths[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0444u);
}

TEST_F(AdoptTest, ABlobThatIsThereNeedsNoFile) {
  Finished one = finished("abc");
  ASSERT_TRUE(store_.adopt({.name = "m", .files = {one}}));
  one.path.clear();
  ASSERT_TRUE(store_.adopt({.name = "n", .files = {one}}));
  EXPECT_TRUE(store_.find("n"));
  Finished gone{{.sha256 = std::string(64, 'a'), .bytes = 3, .name = "g.gguf"}, ""};
  EXPECT_EQ(store_.adopt({.name = "g", .files = {gone}}).error().code, ErrorCode::not_found);
}

TEST_F(AdoptTest, ATakenNameKeepsTheFinishedFile) {
  ASSERT_TRUE(store_.adopt({.name = "m", .files = {finished("abc")}}));
  const Finished other = finished("xyz");
  EXPECT_EQ(store_.adopt({.name = "m", .files = {other}}).error().code, ErrorCode::usage);
  EXPECT_EQ(::access(other.path.c_str(), F_OK), 0);
  ASSERT_TRUE(store_.adopt({.name = "m", .files = {other}, .replace = true}));
  EXPECT_EQ(store_.find("m").value().manifest.files, std::vector{other.file});
  EXPECT_THAT(store_.list().value().problems, testing::IsEmpty());
}

}  // namespace
}  // namespace hearth::store
