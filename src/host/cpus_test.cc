// SPDX-License-Identifier: Apache-2.0
//
// How many threads compute, on machines told by trees that imitate their /proc and /sys.
#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "host/cpu_topology.h"
#include "host/cpus_allowed.h"
#include "host/host_test_util.h"

namespace hearth::host {
namespace {

class Machine : public Tree {
 protected:
  void status(const std::string& allowed) {
    put("/proc/self/status", "Name:\thearth\nCpus_allowed:\tffff\nCpus_allowed_list:\t" + allowed +
                                 "\nMems_allowed_list:\t0\n");
  }
  void online(const std::string& list) { put("/sys/devices/system/cpu/online", list + "\n"); }
  void cpu(unsigned number, const std::string& siblings, unsigned capacity = 0) {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(number);
    put(folder + "/topology/core_cpus_list", siblings + "\n");
    if (capacity != 0) put(folder + "/cpu_capacity", std::to_string(capacity) + "\n");
  }
  // 8 cores with 2 threads each, numbered as Linux does on a desktop Ryzen: n and n + 8.
  void smt_desktop() {
    status("0-15");
    online("0-15");
    for (unsigned i = 0; i < 16; ++i)
      cpu(i, std::to_string(i % 8) + "," + std::to_string(i % 8 + 8));
  }
  // i9-12900K: CPUs 0-15 are 8 performance cores with 2 threads, 16-23 are efficiency cores.
  void alder_lake() {
    status("0-23");
    online("0-23");
    for (unsigned i = 0; i < 16; ++i)
      cpu(i, std::to_string(i / 2 * 2) + "-" + std::to_string(i / 2 * 2 + 1), 1024);
    for (unsigned i = 16; i < 24; ++i) cpu(i, std::to_string(i), 602);
    put("/sys/devices/cpu_core/cpus", "0-15\n");
    put("/sys/devices/cpu_atom/cpus", "16-23\n");
  }
  void v2(const std::string& group) {
    put("/proc/self/mountinfo", kV2Mount);
    put("/proc/self/cgroup", "0::" + group + "\n");
  }
};

TEST(CpuList, ReadsWhatTheKernelWrites) {
  EXPECT_EQ(parse_cpu_list("0-2,5,7-8\n"), (CpuSet{0, 1, 2, 5, 7, 8}));
  EXPECT_EQ(parse_cpu_list("3"), CpuSet{3});
  EXPECT_EQ(parse_cpu_list("5,1-2,2"), (CpuSet{1, 2, 5}));
  for (const char* text : {"", "\n", "-", "1-", "a", "0-99999999", "1 2", "0-2x"})
    EXPECT_EQ(parse_cpu_list(text), CpuSet{}) << text;
}

TEST_F(Machine, ADesktopComputesOnItsCores) {
  smt_desktop();
  EXPECT_EQ(cpus_allowed(root_), 16u);
  EXPECT_EQ(default_threads(root_), 8u);
}

TEST_F(Machine, SiblingsUnderTheOldName) {
  status("0-3");
  online("0-3");
  for (unsigned i = 0; i < 4; ++i)
    put("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/thread_siblings_list",
        i % 2 == 0 ? "0,2\n" : "1,3\n");
  EXPECT_EQ(default_threads(root_), 2u);
}

TEST_F(Machine, AHybridComputesOnItsPerformanceCores) {
  alder_lake();
  EXPECT_EQ(cpus_allowed(root_), 24u);
  EXPECT_EQ(default_threads(root_), 8u);
  status("12-23");  // two performance cores are left
  EXPECT_EQ(cpus_allowed(root_), 12u);
  EXPECT_EQ(default_threads(root_), 2u);
  status("16-23");  // none are left: then these are the best there are
  EXPECT_EQ(default_threads(root_), 8u);
}

// Core Ultra 5 125H: CPUs 0-7 are four performance cores with 2 threads, 8-15 efficiency cores, and
// 16-17 are two more of those on another tile. cpu_capacity is missing, as before Linux 6.12.
TEST_F(Machine, AHybridWithThreeKindsOfCores) {
  status("0-17");
  online("0-17");
  for (unsigned i = 0; i < 8; ++i)
    cpu(i, std::to_string(i / 2 * 2) + "-" + std::to_string(i / 2 * 2 + 1));
  for (unsigned i = 8; i < 18; ++i) cpu(i, std::to_string(i));
  put("/sys/devices/cpu_core/cpus", "0-7\n");
  put("/sys/devices/cpu_atom/cpus", "8-17\n");
  EXPECT_EQ(cpus_allowed(root_), 18u);
  EXPECT_EQ(default_threads(root_), 4u);
  v2("/user.slice");
  put("/sys/fs/cgroup/user.slice/cpu.max", "300000 100000\n");
  EXPECT_EQ(default_threads(root_), 3u);
}

// RK3588: four A55 and four A76; the capacities are what its device tree gives.
TEST_F(Machine, BigAndLittleByCapacity) {
  status("0-7");
  online("0-7");
  for (unsigned i = 0; i < 8; ++i) cpu(i, std::to_string(i), i < 4 ? 530 : 1024);
  EXPECT_EQ(default_threads(root_), 4u);
  // A prime core a fifth stronger does not make its neighbours weak.
  for (unsigned i = 4; i < 7; ++i) cpu(i, std::to_string(i), 870);
  EXPECT_EQ(default_threads(root_), 4u);
}

TEST_F(Machine, ARaspberryPi4) {
  status("0-3");
  online("0-3");
  for (unsigned i = 0; i < 4; ++i) cpu(i, std::to_string(i));
  EXPECT_EQ(cpus_allowed(root_), 4u);
  EXPECT_EQ(default_threads(root_), 4u);
}

TEST_F(Machine, OfflineCpusDoNotCount) {
  smt_desktop();
  online("0-5,8-13");  // the status line still names CPUs that are offline
  EXPECT_EQ(cpus_allowed(root_), 12u);
  EXPECT_EQ(default_threads(root_), 6u);
  online("0-7");  // SMT switched off
  for (unsigned i = 0; i < 8; ++i) cpu(i, std::to_string(i));
  EXPECT_EQ(cpus_allowed(root_), 8u);
  EXPECT_EQ(default_threads(root_), 8u);
}

TEST_F(Machine, ACpusetThatCutsThroughCores) {
  smt_desktop();
  status("0,1,2,8");
  EXPECT_EQ(cpus_allowed(root_), 4u);
  EXPECT_EQ(default_threads(root_), 3u);  // 0 and 8 are one core
  v2("/a/b");
  put("/sys/fs/cgroup/a/cpuset.cpus.effective", "0-1,8\n");
  EXPECT_EQ(cpus_allowed(root_), 3u);
  put("/sys/fs/cgroup/a/cpuset.cpus.effective", "\n");  // an empty one limits nothing
  EXPECT_EQ(cpus_allowed(root_), 4u);
}

TEST_F(Machine, AQuotaOfAContainer) {
  alder_lake();
  v2("/");
  put("/sys/fs/cgroup/cpu.max", "765000 100000\n");
  EXPECT_EQ(cpus_allowed(root_), 7u);
  EXPECT_EQ(default_threads(root_), 7u);
  put("/sys/fs/cgroup/cpu.max", "1200000 100000\n");
  EXPECT_EQ(cpus_allowed(root_), 12u);
  EXPECT_EQ(default_threads(root_), 8u);
}

TEST_F(Machine, NestedQuotas) {
  smt_desktop();
  v2("/kubepods/burstable/pod1/main");
  put("/sys/fs/cgroup/kubepods/burstable/pod1/main/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/kubepods/burstable/pod1/cpu.max", "600000 100000\n");
  put("/sys/fs/cgroup/kubepods/burstable/cpu.max", "300000 50000\n");
  put("/sys/fs/cgroup/kubepods/cpu.max", "500000 100000\n");
  EXPECT_EQ(cpus_allowed(root_), 5u);
  EXPECT_EQ(default_threads(root_), 5u);
}

TEST_F(Machine, AQuotaOfVersionOne) {
  smt_desktop();
  put("/proc/self/mountinfo",
      "33 30 0:29 /docker/47 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
      "34 30 0:30 /docker/47 /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n");
  put("/proc/self/cgroup", "5:cpuset:/docker/47\n3:cpu,cpuacct:/docker/47\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(default_threads(root_), 2u);
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(default_threads(root_), 8u);
  put("/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "4-5\n");
  EXPECT_EQ(default_threads(root_), 2u);
}

// systemd's hybrid layout: version 2 is mounted, yet the controllers are those of version 1.
TEST_F(Machine, AQuotaOfAHybridLayout) {
  smt_desktop();
  put("/proc/self/mountinfo", kV1Mounts);
  put("/proc/self/cgroup", "3:cpu,cpuacct:/system.slice/x\n0::/system.slice/x\n");
  put("/sys/fs/cgroup/unified/system.slice/x/cpu.max", "100000 100000\n");  // not in charge
  put("/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_quota_us", "400000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(default_threads(root_), 4u);
}

// docker run --cpus 2.5 --cpuset-cpus 2-5 on that desktop: the container's group looks like a root,
// and its mask already tells the cpuset.
TEST_F(Machine, AContainerWithAQuotaAndACpuset) {
  smt_desktop();
  status("2-5");
  v2("/");
  put("/sys/fs/cgroup/cpuset.cpus.effective", "2-5\n");
  put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(cpus_of_affinity(root_), (CpuSet{2, 3, 4, 5}));
  EXPECT_EQ(cpus_allowed(root_), 2u);
  EXPECT_EQ(default_threads(root_), 2u);
}

// Kubernetes' static CPU manager gives out whole cores; the pod's quota equals their number of
// CPUs.
TEST_F(Machine, APodWithCoresOfItsOwn) {
  smt_desktop();
  status("2-3,10-11");
  v2("/kubepods.slice/pod1.slice/main.scope");
  put("/sys/fs/cgroup/kubepods.slice/pod1.slice/cpu.max", "400000 100000\n");
  put("/sys/fs/cgroup/kubepods.slice/pod1.slice/main.scope/cpuset.cpus.effective", "2-3,10-11\n");
  EXPECT_EQ(cpus_allowed(root_), 4u);
  EXPECT_EQ(default_threads(root_), 2u);
}

TEST_F(Machine, NeverMoreThreadsThanCpusWhateverIsAskedFor) {
  smt_desktop();
  EXPECT_EQ(threads_for(0, root_), 8u);
  EXPECT_EQ(threads_for(3, root_), 3u);
  EXPECT_EQ(threads_for(12, root_), 12u);  // a core's second thread may be asked for
  EXPECT_EQ(threads_for(64, root_), 16u);
  status("4,12");
  EXPECT_EQ(threads_for(0, root_), 1u);
  EXPECT_EQ(threads_for(64, root_), 2u);
  v2("/");
  put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(threads_for(64, root_), 1u);
}

// Half a CPU is not one to spin on: two workers under a quota of one and a half sleep at once,
// however many CPUs the machine has.
TEST_F(Machine, WorkersDoNotSpinBeyondTheQuota) {
  smt_desktop();
  v2("/");
  put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_FALSE(ThreadPool(2, cpus_allowed(root_)).may_spin());
  EXPECT_FALSE(ThreadPool(64, cpus_allowed(root_)).may_spin());
  EXPECT_TRUE(ThreadPool(1, cpus_allowed(root_)).may_spin());
}

TEST(Threads, ThisMachine) {
  EXPECT_GE(default_threads(), 1u);
  EXPECT_LE(default_threads(), cpus_allowed());
}

}  // namespace
}  // namespace hearth::host
