// SPDX-License-Identifier: Apache-2.0
//
// The rows were found by running the tests of the engine and `hearth bench` under strace, and by
// reading what glibc 2.36 does around threads, memory and messages.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "worker/call_rules_internal.h"

namespace hearth::worker {
namespace {

constexpr CallCondition is(unsigned argument, std::uint64_t value) {
  return {CallCondition::Test::equals, argument, value};
}
constexpr CallCondition is_not(unsigned argument, std::uint64_t value) {
  return {CallCondition::Test::differs, argument, value};
}
constexpr CallCondition has(unsigned argument, std::uint64_t bits) {
  return {CallCondition::Test::has_all, argument, bits};
}
constexpr CallCondition lacks(unsigned argument, std::uint64_t bits) {
  return {CallCondition::Test::has_none, argument, bits};
}
constexpr CallCondition is_own_process(unsigned argument) {
  return {CallCondition::Test::own_process, argument, 0};
}

// Of every profile: computing with a model, and talking over what is open.
constexpr CallRule kEngineCalls[] = {
    // Descriptors that are there.
    {"read", 0, {}, "weights, messages"},
    {"write", 0, {}, "messages, logs"},
    {"readv", 0, {}, "messages"},
    {"writev", 0, {}, "the C library's last words"},
    {"pread64", 0, {}, "weights (-lm none, dio), prepared copies"},
    {"pwrite64", 0, {}, "a prepared copy"},
    {"fallocate", 0, {}, "a prepared copy: a full disk is found out at once"},
    {"lseek", 0, {}, "streams of the C library"},
    {"fstat", 0, {}, "the size of a file (base/file.h)"},
    {"close", 0, {}, "descriptors that are done with"},
    {"fcntl", 0, {is(1, F_GETFL)}, "O_DIRECT for a while (-lm dio)"},
    {"fcntl", 0, {is(1, F_SETFL)}, "the same; F_SETOWN, which makes signals, is not among these"},
    {"fcntl", 0, {is(1, F_GETFD)}, "is it open"},
    {"fcntl", 0, {is(1, F_SETFD)}, "descriptors that arrive close on exec"},
    {"recvmsg", 0, {}, "messages, and descriptors with them"},
    {"sendmsg", 0, {}, "messages"},
    {"recvfrom", 0, {is(4, 0)}, "recv()"},
    {"sendto", 0, {is(4, 0)}, "send(): to whoever is connected, no address"},
    {"shutdown", 0, {}, "the end of a connection"},
    {"poll", 0, {}, "waiting for messages"},
    {"ppoll", 0, {}, "waiting for messages"},
    // Memory, none of it executable.
    {"mmap", 0, {lacks(2, PROT_EXEC)}, "weights, huge pages, stacks, the heap"},
    {"mprotect", 0, {lacks(2, PROT_EXEC)}, "stacks, the heap"},
    {"munmap", 0, {}, "memory given back"},
    {"mremap", 0, {}, "realloc of large pieces"},
    {"brk", 0, {}, "the heap"},
    {"madvise", 0, {}, "huge pages, reading ahead, pages given back"},
    {"mlock", 0, {}, "-lm mlock"},
    {"mlock2", 0, {}, "-lm mlock"},
    {"munlock", 0, {}, "-lm mlock"},
    // Threads of this process, no processes. clone3 hides its flags in memory, where a filter
    // cannot look; the C library falls back to clone.
    {"clone", 0, {has(0, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)}, "threads"},
    {"clone3", ENOSYS, {}, "asked for first by the C library"},
    {"set_robust_list", 0, {}, "a thread's beginning"},
    {"rseq", 0, {}, "a thread's beginning"},
    {"prctl", 0, {is(0, PR_SET_NAME)}, "a thread's name"},
    {"prctl", EPERM, {is_not(0, PR_SET_NAME)}, "names for memory, asked for by the C library"},
    {"futex", 0, {}, "locks and waiting"},
    {"sched_yield", 0, {}, "waiting"},
    {"sched_getaffinity", 0, {}, "how many threads; the stack of a thread"},
    {"sched_setaffinity", 0, {is(0, 0)}, "placement (-C, --cpu-strict) of the calling thread"},
    {"getpriority", 0, {is(0, PRIO_PROCESS), is(1, 0)}, "--prio"},
    {"setpriority", 0, {is(0, PRIO_PROCESS), is(1, 0)}, "--prio, of the calling thread"},
    {"getcpu", 0, {}, "where the vDSO has it not"},
    {"gettid", 0, {}, "abort()"},
    {"getpid", 0, {}, "abort()"},
    {"tgkill", 0, {is_own_process(0)}, "abort(), and how the SIGBUS guard passes a signal on"},
    {"rt_sigprocmask", 0, {}, "a thread's beginning, abort()"},
    {"rt_sigaction", 0, {}, "abort(), the SIGBUS guard"},
    {"rt_sigreturn", 0, {}, "the end of a signal handler"},
    {"restart_syscall", 0, {}, "the kernel's own, after a stop"},
    {"exit", 0, {}, "a thread's end"},
    {"exit_group", 0, {}, "the end"},
    // Clocks, chance, figures about this process.
    {"clock_gettime", 0, {}, "where the vDSO has it not"},
    {"clock_getres", 0, {}, "where the vDSO has it not"},
    {"gettimeofday", 0, {}, "where the vDSO has it not"},
    {"time", 0, {}, "where the vDSO has it not"},
    {"nanosleep", 0, {}, "waiting"},
    {"clock_nanosleep", 0, {}, "waiting"},
    {"getrandom", 0, {}, "the heap's own secret"},
    {"getrusage", 0, {}, "what was used"},
    {"sysinfo", 0, {}, "sysconf(), which qsort() calls"},
    {"prlimit64", 0, {is(0, 0), is(2, 0)}, "the size of the stack: read, not set"},
    // Refused: libraries try them and get along without.
    {"open", EPERM, {}, "time zones, /proc, /sys, locales"},
    {"openat", EPERM, {}, "the same"},
    {"openat2", EPERM, {}, "the same"},
    {"access", EPERM, {}, "does a file exist"},
    {"faccessat", EPERM, {}, "does a file exist"},
    {"faccessat2", EPERM, {}, "does a file exist"},
    {"stat", EPERM, {}, "time zones"},
    {"lstat", EPERM, {}, "time zones"},
    {"newfstatat", EPERM, {}, "the buffer of a stream: fstat() of glibc before 2.39"},
    {"statx", EPERM, {}, "newer C libraries"},
    {"statfs", EPERM, {}, "where huge pages are"},
    {"fstatfs", EPERM, {}, "the kind of a file system"},
    {"readlink", EPERM, {}, "/proc/self/exe"},
    {"readlinkat", EPERM, {}, "/proc/self/exe"},
    {"getcwd", EPERM, {}, "relative paths"},
    {"getdents64", EPERM, {}, "folders"},
    {"ioctl", EPERM, {}, "is it a terminal"},
    {"uname", EPERM, {}, "the name of the system"},
    {"getuid", EPERM, {}, "who is it"},
    {"geteuid", EPERM, {}, "who is it"},
    {"getgid", EPERM, {}, "who is it"},
    {"getegid", EPERM, {}, "who is it"},
    {"sched_getparam", EPERM, {}, "pthread_getschedparam()"},
    {"sched_getscheduler", EPERM, {}, "pthread_getschedparam()"},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

// Of builds for tests alone.
constexpr CallRule kSanitizerCalls[] = {
    {"sigaltstack", 0, {}, "each thread's stack for signals"},
    {"pipe", 0, {}, "UndefinedBehaviorSanitizer: can this address be read"},
    {"pipe2", 0, {}, "the same"},
};

}  // namespace

std::vector<std::span<const CallRule>> rules_of(Profile profile) {
  std::vector<std::span<const CallRule>> tables = {kEngineCalls};
  switch (profile) {
    case Profile::cpu:
      break;
  }
  if (kIsSanitized) tables.emplace_back(kSanitizerCalls);
  return tables;
}

}  // namespace hearth::worker
