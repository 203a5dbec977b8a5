// SPDX-License-Identifier: Apache-2.0
//
// Where the templates of our own for tests lie, and how to read them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace hearth::text {

inline const std::string kTemplateFixtures =
    std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/templates/";

inline std::string read_fixture(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file) << path;
  return text.str();
}

}  // namespace hearth::text
