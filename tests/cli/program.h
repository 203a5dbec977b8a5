// SPDX-License-Identifier: Apache-2.0
//
// Runs the built program as a child process and tells what it did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hearth::test {

struct Outcome {
  int status = -1;  // exit status; 128 + signal when killed by one
  std::string out, err;
  double seconds = 0;
  std::uint64_t peak_bytes = 0;  // of its resident memory
};

struct Invocation {
  std::vector<std::string> args;
  std::string input = {};
  std::vector<std::string> environment = {};  // "NAME=value", added to ours
  std::string folder = {};                    // start there; empty: here
  bool close_stdout = false;                  // start without descriptor 1
  double interrupt_after = -1;                // send SIGINT after so many seconds
  std::string program = {};                   // instead of the built one
  std::size_t read_at_most = SIZE_MAX;  // close our end of standard output after so many bytes
};

Outcome run(const Invocation& invocation);
Outcome run(std::vector<std::string> args, std::string input = {});

// A folder of this test process, gone at its end.
std::string scratch_folder();
std::string fixture(const std::string& name);

}  // namespace hearth::test
