// SPDX-License-Identifier: Apache-2.0
//
// Another program's figures for the tests of `bench --sweep`: its llama-bench is run with the same
// settings, and its JSON read. Two dialects are known: that of llama.cpp, which has a flag for the
// depth, and that of ik_llama.cpp, which can put a prompt before a generation alone (-gp) and so
// measures no prompts at a depth. One thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::app {

struct BenchPeer {
  std::string name;     // as it is shown
  std::string program;  // path
  std::vector<std::string> flags;
};

// "[NAME=]PROGRAM [FLAG...]", divided by blanks. What as a whole is the path of a program may have
// blanks in it. usage if there is no such program.
Result<BenchPeer> parse_peer(const std::string& text);

enum class PeerDialect { depth_flag, generation_after_prompt, no_depth };
PeerDialect dialect_of(std::string_view help);

struct PeerTest {
  std::string model_path;
  std::uint32_t n_prompt = 0, n_gen = 0, n_depth = 0;
  std::uint32_t n_threads = 1, n_batch = 2048, n_ubatch = 512, n_repetitions = 1;
  std::string type_k = "f16", type_v = "f16";
};
std::vector<std::string> flags_for(const BenchPeer& peer, PeerDialect dialect,
                                   const PeerTest& test);

struct PeerSpeeds {
  std::vector<double> prompt, generation;  // tokens a second of each repetition
  std::string version;                     // "0c1e570 (1)", or empty
};

// From llama-bench's JSON. integrity if it is not such a thing.
Result<PeerSpeeds> parse_peer_speeds(std::string_view text);

class PeerRunner {
 public:
  // Asks the program for its help, to learn its dialect. Errors are those of run_child.
  static Result<PeerRunner> create(BenchPeer peer, const std::atomic<bool>& stop);

  // Runs the test. failed, with the end of what it said, if the program does not succeed.
  Result<PeerSpeeds> run(const PeerTest& test) const;
  // Whether prompts are measured at depths above 0.
  bool has_prompts_at_depth() const { return dialect_ == PeerDialect::depth_flag; }
  const BenchPeer& peer() const { return peer_; }

 private:
  PeerRunner(BenchPeer peer, PeerDialect dialect, const std::atomic<bool>& stop)
      : peer_(std::move(peer)), dialect_(dialect), stop_(&stop) {}

  BenchPeer peer_;
  PeerDialect dialect_;
  const std::atomic<bool>* stop_;
};

}  // namespace hearth::app
