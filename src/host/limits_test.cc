// SPDX-License-Identifier: Apache-2.0
//
// CPU quotas and memory limits, read from small trees that imitate /proc and /sys.
#include <gtest/gtest.h>

#include <string>

#include "host/cgroup.h"
#include "host/cpu.h"
#include "host/cpus_allowed.h"
#include "host/host_test_util.h"
#include "host/memory.h"

namespace hearth::host {
namespace {

TEST_F(Tree, NothingThereMeansNoQuota) {
  EXPECT_EQ(cpus_of_quota(root_), 0u);
  EXPECT_EQ(cpus_allowed(root_), cpus_of_affinity().size());
  EXPECT_FALSE(available_memory(root_).bytes);
}

TEST_F(Tree, TheSmallestQuotaOfAllAncestorsBinds) {
  put("/proc/self/mountinfo", kV2Mount);
  put("/proc/self/cgroup", "0::/system.slice/hearth.service\n");
  put("/sys/fs/cgroup/system.slice/hearth.service/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 0u);
  put("/sys/fs/cgroup/system.slice/cpu.max", "350000 100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 3u);
  put("/sys/fs/cgroup/system.slice/hearth.service/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 1u);  // half a CPU still runs one thread
  EXPECT_EQ(cpus_allowed(root_), 1u);
}

TEST_F(Tree, AContainerSeesItsOwnGroupAsTheRoot) {
  put("/proc/self/mountinfo", kV2Mount);
  put("/proc/self/cgroup", "0::/../../docker/4711\n");
  put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 2u);
}

TEST_F(Tree, AMountOfPartOfTheTree) {
  put("/proc/self/mountinfo", "30 22 0:26 /docker/47 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put("/proc/self/cgroup", "0::/docker/47/inner\n");
  put("/sys/fs/cgroup/inner/cpu.max", "500000 100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 5u);
}

TEST_F(Tree, VersionOne) {
  put("/proc/self/mountinfo", kV1Mounts);
  put("/proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/a/b\n0::/unified\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus_of_quota(root_), 0u);
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "800000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "200000\n");
  EXPECT_EQ(cpus_of_quota(root_), 4u);

  put("/proc/meminfo", "MemTotal:       4000 kB\nMemFree: 1 kB\nMemAvailable:   3000 kB\n");
  put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1000000\n");
  put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "900000\n");
  put("/sys/fs/cgroup/memory/m/memory.stat", "inactive_file 1\ntotal_inactive_file 300000\n");
  EXPECT_EQ(available_memory(root_).bytes, 400000u);
}

// docker run --memory in a pod, version 1: the container sees its own group as the root of the
// mount; that a group above is tighter is told in memory.stat alone.
TEST_F(Tree, AVersionOneContainerUnderATighterGroup) {
  put("/proc/self/mountinfo",
      "34 30 0:30 /kubepods/p/c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  put("/proc/self/cgroup", "4:memory:/kubepods/p/c\n");
  put("/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n");
  put("/sys/fs/cgroup/memory/memory.stat",
      "cache 1\nhierarchical_memory_limit 9223372036854771712\n");
  EXPECT_EQ(available_memory(root_).bytes, 8000u * 1024);
  put("/sys/fs/cgroup/memory/memory.stat", "cache 1\nhierarchical_memory_limit 4000000\n");
  EXPECT_EQ(available_memory(root_).bytes, 3500000u);
}

// A version 2 pod whose container is not limited by itself.
TEST_F(Tree, TheLimitOfAPodBindsItsContainers) {
  put("/proc/self/mountinfo", kV2Mount);
  put("/proc/self/cgroup", "0::/kubepods.slice/pod1.slice/main.scope\n");
  put("/proc/meminfo", "MemTotal: 90000 kB\nMemAvailable: 80000 kB\n");
  const std::string pod = "/sys/fs/cgroup/kubepods.slice/pod1.slice";
  put(pod + "/main.scope/memory.max", "max\n");
  put(pod + "/main.scope/memory.current", "1000000\n");
  put(pod + "/memory.max", "8000000\n");
  put(pod + "/memory.high", "max\n");
  put(pod + "/memory.current", "3000000\n");  // this container and its neighbours
  put(pod + "/memory.stat", "anon 2000000\nfile 1000000\ninactive_file 600000\nactive_file 0\n");
  EXPECT_EQ(available_memory(root_).bytes, 5600000u);
}

TEST_F(Tree, HugePagesAreWhatIsInBrackets) {
  EXPECT_EQ(huge_pages(root_), "");
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  put(path, "always [madvise] never\n");
  EXPECT_EQ(huge_pages(root_), "madvise");
  put(path, "always madvise\n");
  EXPECT_EQ(huge_pages(root_), "");
}

TEST_F(Tree, MemoryIsTheLeastOfMachineAndGroups) {
  put("/proc/self/mountinfo", kV2Mount);
  put("/proc/self/cgroup", "0::/a/b\n");
  put("/proc/meminfo", "MemTotal:       4000 kB\nMemAvailable:   3000 kB\n");
  EXPECT_EQ(available_memory(root_).bytes, 3000u * 1024);
  EXPECT_EQ(available_memory(root_).group, "");
  EXPECT_EQ(total_memory(root_), 4000u * 1024);
  put("/sys/fs/cgroup/a/b/memory.max", "max\n");
  put("/sys/fs/cgroup/a/b/memory.current", "5000\n");
  EXPECT_EQ(available_memory(root_).bytes, 3000u * 1024);
  put("/sys/fs/cgroup/a/memory.max", "2000000\n");
  put("/sys/fs/cgroup/a/memory.current", "1500000\n");
  EXPECT_EQ(available_memory(root_).bytes, 500000u);
  EXPECT_EQ(available_memory(root_).group, root_ + "/sys/fs/cgroup/a");
  put("/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 250000\n");
  EXPECT_EQ(available_memory(root_).bytes, 750000u);
  put("/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 250000\nactive_file 150000\n");
  EXPECT_EQ(available_memory(root_).bytes, 900000u);  // the pages of a model that was just used
  put("/sys/fs/cgroup/a/memory.high", "1900000\n");
  EXPECT_EQ(available_memory(root_).bytes, 800000u);
  put("/sys/fs/cgroup/a/b/memory.max", "100\n");
  EXPECT_EQ(available_memory(root_).bytes, 0u);  // over its limit already
}

TEST(Host, ThisMachine) {
  EXPECT_GE(cpus_allowed(), 1u);
  EXPECT_GT(available_memory().bytes.value_or(0), 0u);
  EXPECT_GE(total_memory().value_or(0), 1u << 20);
#if defined(__x86_64__)
  EXPECT_FALSE(cpu_features().vendor.empty());
#endif
}

}  // namespace
}  // namespace hearth::host
