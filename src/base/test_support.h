// SPDX-License-Identifier: Apache-2.0
//
// What tests of several folders need: a folder that goes away again, files with given contents, and
// a child process whose end can be looked at. For tests alone; failures here abort.
#pragma once

#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"

namespace hearth::test {

// Under AddressSanitizer frames are some times larger and everything is slower.
#if defined(__SANITIZE_ADDRESS__)  // g++
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)  // clang
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

// A fresh folder, removed with everything in it.
class TempDir {
 public:
  TempDir() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent != nullptr ? parent : "/tmp") + "/hearth-test-XXXXXX";
    CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    const auto remove_one = [](const char* path, const struct stat*, int, struct FTW*) {
      return std::remove(path);
    };
    ::nftw(path_.c_str(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
  }

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes a file below the folder and returns its path.
  std::string write(std::string_view name, std::string_view contents) const {
    const std::string path = file(name);
    std::FILE* stream = std::fopen(path.c_str(), "wb");
    CHECK(stream != nullptr);
    CHECK(std::fwrite(contents.data(), 1, contents.size(), stream) == contents.size());
    CHECK(std::fclose(stream) == 0);
    return path;
  }

 private:
  std::string path_;
};

struct ChildEnd {
  int status = 0;      // as waitpid gives it
  std::string errors;  // what it wrote to standard error
  int exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
  int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

// Runs body in a forked child, which exits with the number that body returns.
template <class Body>
ChildEnd run_in_child(Body body) {
  int pipe_ends[2];
  CHECK(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    ::dup2(pipe_ends[1], STDERR_FILENO);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::_exit(body());
  }
  ::close(pipe_ends[1]);
  ChildEnd end;
  end.errors = read_all(pipe_ends[0], 1 << 20).value_or("");
  ::close(pipe_ends[0]);
  CHECK(::waitpid(child, &end.status, 0) == child);
  return end;
}

}  // namespace hearth::test
