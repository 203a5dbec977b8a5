// SPDX-License-Identifier: Apache-2.0
//
// The filter's program, run by an interpreter of our own for both architectures: what the kernel
// would say to a call that this machine cannot make, or that no test may.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "worker/call_filter_internal.h"

namespace hearth::worker {
namespace {

struct Architecture {
  const char* name;
  std::uint32_t for_library, for_kernel;
};
constexpr Architecture kArchitectures[] = {
    {"x86-64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
    {"AArch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
};

using Arguments = std::array<std::uint64_t, 6>;

// Classic BPF as linux/filter.h has it, over one seccomp_data: the instructions that filters use.
class Interpreter {
 public:
  explicit Interpreter(const std::string& program)
      : program_(program.size() / sizeof(sock_filter)) {
    CHECK(!program_.empty() && program.size() % sizeof(sock_filter) == 0);
    std::memcpy(program_.data(), program.data(), program.size());
  }

  // A SECCOMP_RET_ value.
  std::uint32_t answer(const seccomp_data& call) const {
    std::uint32_t accumulator = 0;
    for (std::size_t at = 0; at < program_.size(); ++at) {
      const sock_filter& step = program_[at];
      const auto jump = [&](bool taken) { at += taken ? step.jt : step.jf; };
      switch (step.code) {
        case BPF_LD | BPF_W | BPF_ABS:
          CHECK(step.k + 4 <= sizeof(call));
          std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k, 4);
          break;
        case BPF_ALU | BPF_AND | BPF_K:
          accumulator &= step.k;
          break;
        case BPF_JMP | BPF_JA:
          at += step.k;
          break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          jump(accumulator == step.k);
          break;
        case BPF_JMP | BPF_JGT | BPF_K:
          jump(accumulator > step.k);
          break;
        case BPF_JMP | BPF_JGE | BPF_K:
          jump(accumulator >= step.k);
          break;
        case BPF_RET | BPF_K:
          return step.k;
        default:
          ADD_FAILURE() << "an instruction that is not interpreted: " << step.code;
          return 0;
      }
    }
    ADD_FAILURE() << "the program has no end";
    return 0;
  }

 private:
  std::vector<sock_filter> program_;
};

class CallFilterTest : public testing::TestWithParam<Architecture> {
 protected:
  Interpreter interpreter_{
      CallFilter::create(Profile::cpu, GetParam().for_library).value().program().value()};

  int number_of(const char* name) const {
    return ::seccomp_syscall_resolve_name_arch(GetParam().for_library, name);
  }
  // False if this architecture has no such call.
  bool has(const char* name) const { return number_of(name) >= 0; }
  std::uint32_t answer(int number, const Arguments& arguments = {}) const {
    seccomp_data call{};
    call.nr = number;
    call.arch = GetParam().for_kernel;
    std::memcpy(call.args, arguments.data(), sizeof(call.args));
    return interpreter_.answer(call);
  }
  std::uint32_t answer(const char* name, const Arguments& arguments = {}) const {
    return answer(number_of(name), arguments);
  }
};

constexpr std::uint32_t refused_with(int error_number) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number);
}

TEST_P(CallFilterTest, WhatOnlyAnAttackerCallsEndsTheProcess) {
  constexpr const char* kCalls[] = {
      // programs and processes
      "execve",
      "execveat",
      "fork",
      "vfork",
      "ptrace",
      "process_vm_readv",
      "process_vm_writev",
      "kill",
      "tkill",
      "rt_sigqueueinfo",
      "rt_tgsigqueueinfo",
      "pidfd_open",
      "pidfd_getfd",
      "pidfd_send_signal",
      "process_madvise",
      "kcmp",
      "personality",
      // the network
      "socket",
      "socketpair",
      "connect",
      "bind",
      "listen",
      "accept",
      "accept4",
      "sendmmsg",
      "recvmmsg",
      "setsockopt",
      // memory that could run, and code for the kernel
      "memfd_create",
      "memfd_secret",
      "pkey_mprotect",
      "remap_file_pages",
      "shmget",
      "shmat",
      "userfaultfd",
      "bpf",
      "perf_event_open",
      "init_module",
      "finit_module",
      "kexec_load",
      "io_uring_setup",
      "io_uring_enter",
      "io_uring_register",
      "io_setup",
      "io_submit",
      "process_mrelease",
      "modify_ldt",
      "arch_prctl",
      "iopl",
      "ioperm",
      "seccomp",
      // files
      "creat",
      "unlink",
      "unlinkat",
      "rename",
      "renameat2",
      "mkdir",
      "mkdirat",
      "rmdir",
      "link",
      "linkat",
      "symlink",
      "symlinkat",
      "chmod",
      "fchmod",
      "fchmodat",
      "chown",
      "fchown",
      "fchownat",
      "truncate",
      "ftruncate",
      "mknod",
      "mknodat",
      "setxattr",
      "fsetxattr",
      "utimensat",
      "chdir",
      "fchdir",
      "open_by_handle_at",
      "name_to_handle_at",
      "inotify_init1",
      "fanotify_init",
      "copy_file_range",
      "sendfile",
      "splice",
      "dup",
      "dup2",
      "dup3",
      // the machine
      "mount",
      "umount2",
      "move_mount",
      "fsopen",
      "open_tree",
      "pivot_root",
      "chroot",
      "unshare",
      "setns",
      "swapon",
      "reboot",
      "sethostname",
      "settimeofday",
      "clock_settime",
      "adjtimex",
      "quotactl",
      "acct",
      "syslog",
      "keyctl",
      "add_key",
      "request_key",
      // who this is
      "setuid",
      "setgid",
      "setresuid",
      "setgroups",
      "capset",
      "setrlimit",
      "setsid",
      "landlock_restrict_self",
  };
  for (const char* name : kCalls) {
    if (has(name)) {
      EXPECT_EQ(answer(name), SECCOMP_RET_KILL_PROCESS) << name;
    }
  }
}

TEST_P(CallFilterTest, WhatLibrariesTryIsRefusedAndNotDeadly) {
  for (const char* name :
       {"open", "openat", "stat", "newfstatat", "statx", "access", "readlink", "ioctl", "uname"})
    if (has(name)) {
      EXPECT_EQ(answer(name), refused_with(EPERM)) << name;
    }
  EXPECT_EQ(answer("clone3"), refused_with(ENOSYS));
  EXPECT_EQ(answer("prctl", {PR_SET_DUMPABLE, 1}), refused_with(EPERM));
}

TEST_P(CallFilterTest, ArgumentsDecide) {
  constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW, kDeadly = SECCOMP_RET_KILL_PROCESS;
  for (const char* name : {"mmap", "mprotect"}) {
    EXPECT_EQ(answer(name, {0, 4096, PROT_READ | PROT_WRITE}), kAllowed) << name;
    EXPECT_EQ(answer(name, {0, 4096, PROT_NONE}), kAllowed) << name;
    EXPECT_EQ(answer(name, {0, 4096, PROT_READ | PROT_EXEC}), kDeadly) << name;
    EXPECT_EQ(answer(name, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}), kDeadly) << name;
  }
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                    CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  EXPECT_EQ(answer("clone", {kThread}), kAllowed);
  EXPECT_EQ(answer("clone", {kThread & ~std::uint64_t{CLONE_THREAD}}), kDeadly);
  EXPECT_EQ(answer("clone", {CLONE_VM | CLONE_VFORK}), kDeadly);
  EXPECT_EQ(answer("clone", {0}), kDeadly);

  const auto self = static_cast<std::uint64_t>(::getpid());
  EXPECT_EQ(answer("tgkill", {self, self, 6}), kAllowed);
  EXPECT_EQ(answer("tgkill", {self + 1, self + 1, 6}), kDeadly);
  EXPECT_EQ(answer("prlimit64", {0, 3, 0, 0x1000}), kAllowed);
  EXPECT_EQ(answer("prlimit64", {0, 3, 0x1000, 0}), kDeadly);
  EXPECT_EQ(answer("prlimit64", {1, 3, 0, 0x1000}), kDeadly);
  EXPECT_EQ(answer("sendto", {5, 0x1000, 1, 0, 0, 0}), kAllowed);
  EXPECT_EQ(answer("sendto", {5, 0x1000, 1, 0, 0x2000, 16}), kDeadly);
  EXPECT_EQ(answer("setpriority", {0, 0, 5}), kAllowed);
  EXPECT_EQ(answer("setpriority", {0, 1, 5}), kDeadly);
  EXPECT_EQ(answer("sched_setaffinity", {0, 8, 0x1000}), kAllowed);
  EXPECT_EQ(answer("sched_setaffinity", {1, 8, 0x1000}), kDeadly);
  EXPECT_EQ(answer("fcntl", {3, 4 /* F_SETFL */, 0}), kAllowed);
  EXPECT_EQ(answer("fcntl", {3, 8 /* F_SETOWN */, 1}), kDeadly);
  EXPECT_EQ(answer("fcntl", {3, 10 /* F_SETSIG */, 1}), kDeadly);
}

// Whoever writes numbers past the ends of the table, or calls by another door, meets the same.
TEST_P(CallFilterTest, OtherDoorsAreDeadly) {
  EXPECT_EQ(answer(100000), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer(-1), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer(0x40000000 | number_of("read")), SECCOMP_RET_KILL_PROCESS);  // x32
  constexpr std::uint32_t kOthers[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64};
  for (const std::uint32_t other : kOthers) {
    for (int number = 0; number < 512; ++number) {
      seccomp_data call{};
      call.nr = number;
      call.arch = other;
      ASSERT_EQ(interpreter_.answer(call), SECCOMP_RET_KILL_PROCESS) << number;
    }
  }
}

// The table and the program agree on every call there is: nothing more gets through.
TEST_P(CallFilterTest, NothingElseGetsThrough) {
  std::set<std::string> named;
  for (const std::span<const CallRule> table : rules_of(Profile::cpu))
    for (const CallRule& rule : table) named.insert(rule.call);
  unsigned n_allowed = 0;
  for (int number = 0; number < 1024; ++number) {
    char* const resolved = ::seccomp_syscall_resolve_num_arch(GetParam().for_library, number);
    const std::string name = resolved == nullptr ? "" : resolved;
    std::free(resolved);
    const std::uint32_t without_arguments = answer(number);
    if (!named.contains(name)) {
      EXPECT_EQ(without_arguments, SECCOMP_RET_KILL_PROCESS) << number << " " << name;
    }
    n_allowed += without_arguments == SECCOMP_RET_ALLOW;
  }
  EXPECT_GT(n_allowed, 30u);
  EXPECT_LT(n_allowed, 80u);
}

INSTANTIATE_TEST_SUITE_P(Both, CallFilterTest, testing::ValuesIn(kArchitectures),
                         [](const auto& instance) {
                           return instance.param.for_kernel == AUDIT_ARCH_X86_64 ? "X86" : "Arm";
                         });

// Each name is spelled as the library knows it on one architecture at least, and has its reason.
TEST(CallRules, AreSpelledRightAndHaveReasons) {
  for (const std::span<const CallRule> table : rules_of(Profile::cpu)) {
    for (const CallRule& rule : table) {
      EXPECT_NE(::seccomp_syscall_resolve_name(rule.call), __NR_SCMP_ERROR) << rule.call;
      EXPECT_GT(std::strlen(rule.why), 4u) << rule.call;
    }
  }
}

}  // namespace
}  // namespace hearth::worker
