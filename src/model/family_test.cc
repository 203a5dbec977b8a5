// SPDX-License-Identifier: Apache-2.0
//
// What docs/howto/add-a-family.md promises of every family: one short file, one row.
#include "model/family.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/file.h"

namespace hearth::model {
namespace {

TEST(Families, EachIsOneShortFileAndOneRow) {
  std::set<std::string_view> archs;
  for (const Family* family : families()) {
    EXPECT_TRUE(archs.insert(family->gguf_arch).second) << family->gguf_arch << " twice";
    EXPECT_EQ(find_family(family->gguf_arch), family);
    EXPECT_FALSE(family->name.empty());
    EXPECT_FALSE(family->source.empty()) << family->name << " does not say where it was read";
    const auto text = read_file(
        fmt::format("{}/src/model/families/{}.cc", HEARTH_SOURCE_DIR, family->gguf_arch), 1 << 20);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_LE(std::ranges::count(*text, '\n'), 60) << family->gguf_arch;
  }
  EXPECT_GE(archs.size(), 3u);
  EXPECT_EQ(find_family("no such architecture"), nullptr);
}

}  // namespace
}  // namespace hearth::model
