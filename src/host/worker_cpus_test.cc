// SPDX-License-Identifier: Apache-2.0
//
// Where threads stay, on machines told by trees that imitate their /proc and /sys.
#include "host/worker_cpus.h"

#include <gtest/gtest.h>

#include "host/host_test_util.h"

namespace hearth::host {
namespace {

using Sets = std::vector<CpuSet>;

TEST(CpuMask, HexadecimalFromTheLastDigitOn) {
  EXPECT_EQ(parse_cpu_mask("0xff"), (CpuSet{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(parse_cpu_mask("A"), (CpuSet{1, 3}));
  EXPECT_EQ(parse_cpu_mask("0X8000000000000000000000000000000001"), (CpuSet{0, 135}));
  EXPECT_EQ(parse_cpu_mask("0"), CpuSet{});
  EXPECT_EQ(parse_cpu_mask(std::string(16384, '0')), CpuSet{});
  for (const char* text : {"", "0x", "word", "0xfg", "-1", "f f", " f"})
    EXPECT_EQ(parse_cpu_mask(text), std::nullopt) << text;
  EXPECT_EQ(parse_cpu_mask(std::string(16385, '1')), std::nullopt);
}

TEST(CpuMask, IsPrintedAsItIsRead) {
  EXPECT_EQ(print_cpu_mask({}), "0x0");
  EXPECT_EQ(print_cpu_mask({0, 1, 2, 3}), "0xf");
  EXPECT_EQ(print_cpu_mask({1, 6}), "0x42");
  EXPECT_EQ(print_cpu_mask({0, 135}), "0x8000000000000000000000000000000001");
}

TEST(CpuRange, EitherEndMayBeLeftOut) {
  EXPECT_EQ(parse_cpu_range("2-5"), (CpuSet{2, 3, 4, 5}));
  EXPECT_EQ(parse_cpu_range("7-7"), CpuSet{7});
  EXPECT_EQ(parse_cpu_range("-2"), (CpuSet{0, 1, 2}));
  const auto open = parse_cpu_range("65530-");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->back(), kMaxCpus - 1);
  for (const char* text : {"", "-", "3", "5-2", "0-65536", "a-b", "1-2-3", "1 -2", "0-99999999999"})
    EXPECT_EQ(parse_cpu_range(text), std::nullopt) << text;
}

class Places : public Tree {
 protected:
  // Two sockets of four cores with two threads each: CPUs 0-3 and 8-11 are node 0.
  void two_sockets() {
    allow("0-15");
    put("/sys/devices/system/node/online", "0-1\n");
    put("/sys/devices/system/node/node0/cpulist", "0-3,8-11\n");
    put("/sys/devices/system/node/node1/cpulist", "4-7,12-15\n");
    for (unsigned i = 0; i < 16; ++i)
      put("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/core_cpus_list",
          std::to_string(i % 8) + "," + std::to_string(i % 8 + 8) + "\n");
  }
  void allow(const std::string& list) {
    put("/proc/self/status", "Name:\thearth\nCpus_allowed_list:\t" + list + "\n");
    put("/sys/devices/system/cpu/online", "0-15\n");
  }
};

TEST_F(Places, NothingAskedForNothingPlaced) {
  two_sockets();
  EXPECT_EQ(place_workers(4, {}, root_), Sets{});
  EXPECT_EQ(place_workers(4, {.numa = Numa::numactl}, root_), Sets{});
}

TEST_F(Places, AMaskIsForAllUnlessStrict) {
  two_sockets();
  const CpuSet asked{1, 2, 9, 40};
  const CpuSet usable{1, 2, 9};
  EXPECT_EQ(usable_cpus({.cpus = asked}, root_), usable);
  EXPECT_EQ(place_workers(2, {.cpus = asked}, root_), (Sets{usable, usable}));
  // Each core once before the second thread of one; then round again.
  EXPECT_EQ(place_workers(4, {.cpus = asked, .strict = true}, root_), (Sets{{1}, {2}, {9}, {1}}));
  EXPECT_EQ(usable_cpus({.cpus = {40, 41}}, root_), CpuSet{});
}

TEST_F(Places, StrictAloneTakesTheBestCores) {
  two_sockets();
  EXPECT_EQ(place_workers(3, {.strict = true}, root_), (Sets{{0}, {1}, {2}}));
  put("/sys/devices/cpu_core/cpus", "4-7\n");
  EXPECT_EQ(place_workers(5, {.strict = true}, root_), (Sets{{4}, {5}, {6}, {7}, {0}}));
}

TEST_F(Places, NodesInTurn) {
  two_sockets();
  ASSERT_EQ(numa_nodes(root_).size(), 2u);
  const CpuSet first{0, 1, 2, 3, 8, 9, 10, 11}, second{4, 5, 6, 7, 12, 13, 14, 15};
  EXPECT_EQ(place_workers(3, {.numa = Numa::distribute}, root_), (Sets{first, second, first}));
  EXPECT_EQ(place_workers(4, {.strict = true, .numa = Numa::distribute}, root_),
            (Sets{{0}, {4}, {1}, {5}}));
  EXPECT_EQ(place_workers(2, {.numa = Numa::isolate}, root_), (Sets{first, first}));
  EXPECT_EQ(usable_cpus({.numa = Numa::isolate}, root_), first);
  allow("2-5");
  EXPECT_EQ(place_workers(2, {.numa = Numa::distribute}, root_), (Sets{{2, 3}, {4, 5}}));
}

TEST_F(Places, OneNodeOrNoneMakesNoDifference) {
  allow("0-3");
  EXPECT_EQ(numa_nodes(root_), Sets{});
  for (const Numa numa : {Numa::distribute, Numa::isolate, Numa::numactl}) {
    EXPECT_EQ(place_workers(2, {.numa = numa}, root_), Sets{});
    EXPECT_EQ(usable_cpus({.numa = numa}, root_).size(), 4u);
  }
  put("/sys/devices/system/node/online", "0\n");
  put("/sys/devices/system/node/node0/cpulist", "0-15\n");
  EXPECT_EQ(numa_nodes(root_).size(), 1u);
  EXPECT_EQ(place_workers(2, {.numa = Numa::distribute}, root_), Sets{});
}

// Memory without CPUs (CXL), and files that are not what they seem.
TEST_F(Places, NodesWithoutCpusDoNotCount) {
  two_sockets();
  put("/sys/devices/system/node/online", "0-3\n");
  put("/sys/devices/system/node/node2/cpulist", "\n");
  put("/sys/devices/system/node/node3/cpulist", "0-99999999999\n");
  EXPECT_EQ(numa_nodes(root_).size(), 2u);
  put("/sys/devices/system/node/online", "lots\n");
  EXPECT_EQ(numa_nodes(root_), Sets{});
}

}  // namespace
}  // namespace hearth::host
