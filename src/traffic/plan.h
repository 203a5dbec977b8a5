// SPDX-License-Identifier: Apache-2.0
//
// Which requests are sent, how long they are, and when: everything that is decided before the first
// byte. The same seed gives the same plan on every machine.
//
// Arrivals are those of `vllm bench serve`: gaps between requests follow a gamma distribution with
// mean 1/rate and shape `burstiness`. 1 is a Poisson process, less comes in bursts, more is
// steadier.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace hearth::traffic {

// A kind of request, and how many of them there are beside the others.
struct RequestClass {
  std::uint32_t weight = 1;
  std::uint32_t n_input = 512, n_output = 128;  // tokens
};

struct Workload {
  std::vector<RequestClass> classes{{}};
  std::uint32_t n_requests = 100;
  double range_ratio = 0;  // r: lengths are drawn from [(1 - r) n, (1 + r) n], all as likely
  double rate =
      std::numeric_limits<double>::infinity();  // requests a second; infinity: all at once
  double burstiness = 1;
  std::uint64_t seed = 0;
};

struct PlannedRequest {
  std::size_t class_index = 0;
  std::uint32_t n_input = 0, n_output = 0;  // tokens, 1 or more
  double at = 0;                            // seconds after the start, not before the previous one
};

// As many of each class as their weights say (to within one), shuffled.
std::vector<PlannedRequest> make_plan(const Workload& workload);

}  // namespace hearth::traffic
