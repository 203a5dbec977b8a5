// SPDX-License-Identifier: Apache-2.0
//
// Each forbidden deed is done twice in a child: unconfined, where it must succeed (or this would
// show nothing), and confined, where it must fail.
#include "worker/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>

#include "base/mapped_file.h"
#include "base/test_support.h"
#include "worker/landlock_internal.h"

namespace hearth::worker {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;

constexpr int kNotConfined = 250;  // exit status: confine() failed
constexpr int kNotReady = 251;     // the deed's own preparation failed
constexpr int kWrong = 252;

// Which walls stand. Both, and each alone.
enum class Walls { none, filter, landlock, both };

bool raise(Walls walls) {
  if (walls == Walls::none) return true;
  if (walls == Walls::landlock)
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && raise_landlock().abi > 0;
  return confine({.uses_landlock = walls == Walls::both}).has_value();
}

// A deed prepares what it needs while everything is allowed, and returns what is done behind the
// walls: 0 for success, else errno.
using Act = std::function<int()>;
using Deed = std::function<Act()>;

test::ChildEnd end_of(const Deed& deed, Walls walls) {
  return test::run_in_child([&] {
    const Act act = deed();
    if (!act) return kNotReady;
    if (!raise(walls)) return kNotConfined;
    return act();
  });
}

int errno_unless(bool succeeded) {
  return succeeded ? 0 : errno;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* plain(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// A TCP listener that lives as long as its test.
struct Listener {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;

  Listener() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    CHECK(::bind(fd.get(), plain(address), size) == 0 && ::listen(fd.get(), 4) == 0);
    CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
};

int socket_of(int domain, int type) {
  return ::socket(domain, type, 0);
}

struct NamedDeed {
  const char* name;
  Deed deed;
  bool landlock_refuses = false;  // it alone, from ABI 6 on
};

class SandboxTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Listener listener_;
  std::string file_ = dir_.write("file", "contents");

  std::vector<NamedDeed> deeds() const;
  std::vector<NamedDeed> deeds_on_files() const;
  std::vector<NamedDeed> deeds_on_sockets() const;
  std::vector<NamedDeed> deeds_on_memory_and_processes() const;
};

std::vector<NamedDeed> SandboxTest::deeds_on_files() const {
  const std::string file = file_, fresh = dir_.file("fresh"), folder = dir_.path();
  const auto simple = [](auto act) { return Deed([act] { return Act(act); }); };
  return {
      {"open", simple([=] { return errno_unless(::open(file.c_str(), O_RDONLY) >= 0); }), true},
      {"create",
       simple([=] { return errno_unless(::open(fresh.c_str(), O_CREAT | O_WRONLY, 0600) >= 0); }),
       true},
      {"open a folder",
       simple([=] { return errno_unless(::open(folder.c_str(), O_RDONLY | O_DIRECTORY) >= 0); }),
       true},
      {"open below a folder that is open",
       [=] {
         const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
         return Act([=] { return errno_unless(::openat(fd, "file", O_RDONLY) >= 0); });
       },
       true},
      {"open a descriptor again",
       [=] {
         const int fd = ::open(file.c_str(), O_RDONLY);
         const std::string path = "/proc/self/fd/" + std::to_string(fd);
         return Act([=] { return errno_unless(::open(path.c_str(), O_RDONLY) >= 0); });
       },
       true},
      {"status of a path", simple([=] {
         struct stat status;
         return errno_unless(::stat(file.c_str(), &status) == 0);
       })},
      {"status below a folder that is open",
       [=] {
         const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
         return Act([=] {
           struct stat status;
           return errno_unless(::fstatat(fd, "file", &status, AT_EMPTY_PATH) == 0);
         });
       }},
      {"access", simple([=] { return errno_unless(::access(file.c_str(), F_OK) == 0); })},
      {"readlink", simple([] {
         char target[64];
         return errno_unless(::readlink("/proc/self/exe", target, sizeof(target)) > 0);
       })},
      {"rename", simple([=] { return errno_unless(::rename(file.c_str(), fresh.c_str()) == 0); }),
       true},
      {"unlink", simple([=] { return errno_unless(::unlink(file.c_str()) == 0); }), true},
      {"mkdir", simple([=] { return errno_unless(::mkdir(fresh.c_str(), 0700) == 0); }), true},
      {"memfd", simple([] { return errno_unless(::memfd_create("code", 0) >= 0); })},
  };
}

std::vector<NamedDeed> SandboxTest::deeds_on_sockets() const {
  const std::uint16_t port = listener_.port;
  const int listening = listener_.fd.get();
  const std::string path = dir_.file("socket");
  const auto simple = [](auto act) { return Deed([act] { return Act(act); }); };
  const auto opens = [&](int domain, int type) {
    return simple([=] { return errno_unless(socket_of(domain, type) >= 0); });
  };
  return {
      {"TCP socket", opens(AF_INET, SOCK_STREAM)},
      {"UDP socket", opens(AF_INET, SOCK_DGRAM)},
      {"Unix socket", opens(AF_UNIX, SOCK_STREAM)},
      {"socket pair", simple([] {
         int ends[2];
         return errno_unless(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
       })},
      {"connect TCP",
       [=] {
         const int fd = socket_of(AF_INET, SOCK_STREAM);
         return Act([=] {
           const sockaddr_in address = loopback(port);
           return errno_unless(::connect(fd, plain(address), sizeof(address)) == 0);
         });
       },
       true},
      {"bind TCP",
       [=] {
         const int fd = socket_of(AF_INET, SOCK_STREAM);
         return Act([=] {
           const sockaddr_in address = loopback(0);
           return errno_unless(::bind(fd, plain(address), sizeof(address)) == 0);
         });
       },
       true},
      {"bind Unix",
       [=] {
         const int fd = socket_of(AF_UNIX, SOCK_STREAM);
         return Act([=] {
           sockaddr_un address{};
           address.sun_family = AF_UNIX;
           std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
           return errno_unless(
               ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
         });
       },
       true},
      {"send a datagram to an address",
       [=] {
         const int fd = socket_of(AF_INET, SOCK_DGRAM);
         return Act([=] {
           const sockaddr_in address = loopback(9);
           return errno_unless(::sendto(fd, "x", 1, 0, plain(address), sizeof(address)) == 1);
         });
       }},
      {"listen",
       [=] {
         const int fd = socket_of(AF_INET, SOCK_STREAM);
         return Act([=] { return errno_unless(::listen(fd, 1) == 0); });
       }},
      {"accept",
       [=] {
         const int fd = socket_of(AF_INET, SOCK_STREAM);
         const sockaddr_in address = loopback(port);
         if (::connect(fd, plain(address), sizeof(address)) != 0) return Act();
         return Act([=] { return errno_unless(::accept(listening, nullptr, nullptr) >= 0); });
       }},
  };
}

void* map_page(int protection) {
  void* const page = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : page;
}

std::vector<NamedDeed> SandboxTest::deeds_on_memory_and_processes() const {
  const auto simple = [](auto act) { return Deed([act] { return Act(act); }); };
  return {
      {"map executable",
       simple([] { return errno_unless(map_page(PROT_READ | PROT_EXEC) != nullptr); })},
      {"make executable",
       [] {
         void* const page = map_page(PROT_READ | PROT_WRITE);
         return Act([=] { return errno_unless(::mprotect(page, 4096, PROT_EXEC) == 0); });
       }},
      {"map a program",
       [] {
         const int fd = ::open("/proc/self/exe", O_RDONLY);
         return Act([=] {
           return errno_unless(::mmap(nullptr, 4096, PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
         });
       }},
      {"exec", simple([] {
         ::execl("/bin/true", "true", nullptr);
         return errno;
       }),
       true},
      {"fork", simple([] {
         const pid_t child = ::fork();
         if (child == 0) ::_exit(0);
         return errno_unless(child > 0);
       })},
      {"clone a process", simple([] {
         const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
         if (child == 0) ::_exit(0);
         return errno_unless(child > 0);
       })},
      {"ptrace", simple([] { return errno_unless(::ptrace(PTRACE_TRACEME, 0, 0, 0) == 0); })},
      {"signal the parent", simple([] { return errno_unless(::kill(::getppid(), 0) == 0); }), true},
      {"signal a thread of the parent", simple([] {
         const pid_t parent = ::getppid();
         return errno_unless(::syscall(SYS_tgkill, parent, parent, 0) == 0);
       }),
       true},
      {"a handle of the parent",
       simple([] { return errno_unless(::syscall(SYS_pidfd_open, ::getppid(), 0) >= 0); })},
      {"nice of the parent", simple([] {
         return errno_unless(::setpriority(PRIO_PROCESS, static_cast<id_t>(::getppid()),
                                           ::getpriority(PRIO_PROCESS, 0)) == 0);
       })},
      {"a new namespace of users",
       simple([] { return errno_unless(::syscall(SYS_unshare, 0) == 0); })},
      {"duplicate a descriptor", simple([] { return errno_unless(::dup(2) >= 0); })},
      {"name of the system", simple([] {
         utsname names;
         return errno_unless(::uname(&names) == 0);
       })},
      {"raise a limit", simple([] {
         rlimit limit;
         if (::getrlimit(RLIMIT_CORE, &limit) != 0) return errno;
         return errno_unless(::setrlimit(RLIMIT_CORE, &limit) == 0);
       })},
      {"become dumpable",
       simple([] { return errno_unless(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0); })},
  };
}

std::vector<NamedDeed> SandboxTest::deeds() const {
  std::vector<NamedDeed> all = deeds_on_files();
  for (const auto& more : {deeds_on_sockets(), deeds_on_memory_and_processes()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

// A kernel without these is allowed to be; anything else that keeps them away is a failure.
bool has_seccomp() {
  return ::prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, nullptr) != 0 && errno == EFAULT;
}
bool has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) > 0 ||
         (errno != ENOSYS && errno != EOPNOTSUPP);
}

#define NEEDS(what)  \
  if (!has_##what()) \
  GTEST_SKIP() << "THIS KERNEL HAS NO " #what ": THE CONFINEMENT OF WORKERS IS NOT TESTED HERE"

TEST_F(SandboxTest, EachDeedSucceedsUnconfined) {
  for (const NamedDeed& deed : deeds()) {
    const test::ChildEnd end = end_of(deed.deed, Walls::none);
    EXPECT_EQ(end.exit_code(), 0) << deed.name << ": " << errno_text(end.exit_code());
    if (!std::strcmp(deed.name, "rename") || !std::strcmp(deed.name, "unlink"))
      dir_.write("file", "contents");
    ::rmdir(dir_.file("fresh").c_str());
    ::unlink(dir_.file("fresh").c_str());
  }
}

TEST_F(SandboxTest, EachDeedFailsBehindTheFilterAloneAndBehindBothWalls) {
  NEEDS(seccomp);
  for (const Walls walls : {Walls::filter, Walls::both}) {
    for (const NamedDeed& deed : deeds()) {
      const test::ChildEnd end = end_of(deed.deed, walls);
      if (end.signal() != SIGSYS) {
        EXPECT_EQ(end.exit_code(), EPERM)
            << deed.name << (walls == Walls::both ? " (both): " : " (filter): ") << end.errors;
      }
    }
  }
}

TEST_F(SandboxTest, LandlockAloneRefusesFilesTcpAndSignals) {
  NEEDS(landlock);
  if (landlock_abi() < 6) GTEST_SKIP() << "LANDLOCK OF THIS KERNEL IS TOO OLD FOR THIS TEST";
  for (const NamedDeed& deed : deeds()) {
    if (!deed.landlock_refuses) continue;
    const test::ChildEnd end = end_of(deed.deed, Walls::landlock);
    EXPECT_THAT(end.exit_code(), AnyOf(Eq(EACCES), Eq(EPERM), Eq(EXDEV))) << deed.name;
  }
}

TEST_F(SandboxTest, TheReportSaysWhatStands) {
  NEEDS(seccomp);
  const test::ChildEnd end = test::run_in_child([] {
    const auto report = confine();
    if (!report || !report->is_confined) return kNotConfined;
    const std::string text = describe(*report);
    return write_all(STDERR_FILENO, text) ? 0 : kWrong;
  });
  EXPECT_EQ(end.exit_code(), 0);
  EXPECT_THAT(end.errors, HasSubstr("system call filter ("));
  if (has_landlock()) {
    EXPECT_THAT(end.errors, HasSubstr("Landlock (ABI "));
  }
  EXPECT_EQ(describe(SandboxReport{}), "none");
}

TEST_F(SandboxTest, TheSwitchesAreTurned) {
  NEEDS(seccomp);
  // Looked at from outside: the child itself may not ask any more.
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(done[1]);
    const char yes = confine().has_value() ? 'y' : 'n';
    char byte;
    ::_exit(::write(ready[1], &yes, 1) == 1 && ::read(done[0], &byte, 1) == 0 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const std::string folder = "/proc/" + std::to_string(child);
  const std::string status = read_file(folder + "/status", 1 << 20).value();
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  EXPECT_THAT(read_file(folder + "/limits", 1 << 20).value(),
              HasSubstr("Max core file size        0                    0"));
  // The files of a process that is not dumpable are root's.
  struct stat owner;
  ASSERT_EQ(::stat((folder + "/environ").c_str(), &owner), 0);
  EXPECT_EQ(owner.st_uid, 0u);
  ::close(done[1]);
  int end = 0;
  ASSERT_EQ(::waitpid(child, &end, 0), child);
  EXPECT_EQ(end, 0);
  for (const int fd : {ready[0], ready[1], done[0]}) ::close(fd);
}

TEST_F(SandboxTest, ADescriptorThatArrivesLaterCanBeReadAndMapped) {
  NEEDS(seccomp);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  {
    const UniqueFd fd = open_for_read(file_).value();
    char byte = 'x';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = fd.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof(number));
    ASSERT_EQ(::sendmsg(ends[0], &message, 0), 1);
  }
  const test::ChildEnd end = test::run_in_child([&] {
    if (!confine()) return kNotConfined;
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (::recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) != 1) return kWrong;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    if (file_size(fd).value_or(0) != 8 || read_all(fd, 100).value_or("") != "contents")
      return kWrong;
    const auto mapped = MappedFile::map(fd, "file");
    return mapped && std::memcmp(mapped->bytes().data(), "contents", 8) == 0 ? 0 : kWrong;
  });
  EXPECT_EQ(end.exit_code(), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(SandboxTest, ThreadsAreConfinedAndCanBeStarted) {
  NEEDS(seccomp);
  for (const Walls walls : {Walls::filter, Walls::both}) {
    const test::ChildEnd end = test::run_in_child([&] {
      if (!raise(walls)) return kNotConfined;
      int error_number = 0;
      std::thread([&] {
        ::pthread_setname_np(::pthread_self(), "name");
        error_number = errno_unless(::open(file_.c_str(), O_RDONLY) >= 0);
      }).join();
      return error_number;
    });
    EXPECT_EQ(end.exit_code(), EPERM);
  }
}

// A thread that is there already gets the filter too.
TEST_F(SandboxTest, EarlierThreadsAreConfinedByTheFilter) {
  NEEDS(seccomp);
  const test::ChildEnd end = test::run_in_child([&] {
    int ends[2];
    if (::pipe(ends) != 0) return kNotReady;
    int error_number = 0;
    std::thread earlier([&] {
      char byte;
      if (::read(ends[0], &byte, 1) == 1)
        error_number = errno_unless(::open(file_.c_str(), O_RDONLY) >= 0);
    });
    const bool stands = raise(Walls::filter);
    if (::write(ends[1], "x", 1) != 1) return kNotReady;
    earlier.join();
    return stands ? error_number : kNotConfined;
  });
  EXPECT_EQ(end.exit_code(), EPERM);
}

TEST_F(SandboxTest, AbortIsAnAbortAndExceptionsAreCaught) {
  NEEDS(seccomp);
  const test::ChildEnd aborted = test::run_in_child([] {
    if (!confine()) return kNotConfined;
    ::signal(SIGABRT, SIG_DFL);
    check_failed("a condition", "a file", 1);
  });
  EXPECT_EQ(aborted.signal(), SIGABRT);
  EXPECT_THAT(aborted.errors, HasSubstr("a condition"));
  const test::ChildEnd caught = test::run_in_child([] {
    if (!confine()) return kNotConfined;
    try {
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error&) {
      return 7;
    }
  });
  EXPECT_EQ(caught.exit_code(), 7);
}

TEST_F(SandboxTest, AFileThatShrinksIsStillOneSentence) {
  NEEDS(seccomp);
  const std::string path = dir_.write("shrinks", std::string(4 * 4096, 'x'));
  const test::ChildEnd end = test::run_in_child([&] {
    install_mapping_guard();
    const UniqueFd fd = open_for_read(path).value();
    const MappedFile file = MappedFile::map(fd.get(), "shrinks").value();
    if (::truncate(path.c_str(), 4096) != 0) return kNotReady;
    if (!confine()) return kNotConfined;
    return static_cast<const volatile std::byte&>(file.bytes()[3 * 4096]) == std::byte{} ? 0 : 1;
  });
  EXPECT_EQ(end.exit_code(), exit_code(ErrorCode::integrity));
  EXPECT_THAT(end.errors, HasSubstr("the file shrank"));
}

}  // namespace
}  // namespace hearth::worker
