// SPDX-License-Identifier: Apache-2.0
//
// Small trees of text that imitate /proc and /sys, for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace hearth::host {

inline constexpr char kV2Mount[] =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
inline constexpr char kV1Mounts[] =
    "30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
    "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 30 0:30 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
    "35 30 0:31 / /sys/fs/cgroup/unified rw shared:11 - cgroup2 cgroup2 rw\n";

class Tree : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hearth_host_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override {
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) std::remove(it->c_str());
    std::remove(root_.c_str());
  }
  void put(const std::string& path, const std::string& text) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const std::string directory = root_ + path.substr(0, slash);
      if (mkdir(directory.c_str(), 0700) == 0) made_.push_back(directory);
    }
    std::ofstream(root_ + path) << text;
    made_.push_back(root_ + path);
  }
  std::string root_;
  std::vector<std::string> made_;
};

}  // namespace hearth::host
