// SPDX-License-Identifier: Apache-2.0
//
// What one render may spend: steps (each also stands for 16 bytes of text written or one item made,
// so they bound memory as well), the size of a text, and depth. Depth is counted, and next to the
// count stands the stack that is really left, since a worker thread may have little.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "text/template_limits.h"

namespace hearth::text::jinja {

// The lowest address that this thread's stack may use, with a reserve for what is called from us.
const char* stack_floor();

class Budget {
 public:
  explicit Budget(const TemplateLimits& limits)
      : limits_(limits),
        max_steps_(limits.max_steps),
        floor_(stack_floor()),
        max_nodes_(limits.max_depth * 16) {}

  // For so many bytes of variables: long conversations take more than short ones.
  void grant(std::size_t bytes) { max_steps_ += bytes * limits_.steps_per_byte; }

  Result<void> charge(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ <= max_steps_) [[likely]]
      return {};
    return fail(ErrorCode::failed, "the template takes too many steps ({})", max_steps_);
  }
  Result<void> charge_items(std::size_t n) { return charge(n); }
  // For a text of so many bytes about to be made.
  Result<void> charge_text(std::size_t bytes) {
    if (bytes > limits_.max_output_bytes) return too_long();
    return charge(bytes / 16 + 1);
  }
  // For comparing or hashing so many bytes, and for searching them for so many others.
  Result<void> charge_scan(std::size_t bytes) { return charge(bytes / 32); }
  Result<void> charge_search(std::size_t bytes, std::size_t wanted) {
    return charge(bytes / 16 + std::min(wanted, bytes) / 4 + 1);
  }
  // For looking at so many bytes code point by code point.
  Result<void> charge_runes(std::size_t bytes) { return charge(bytes / 4); }
  // How many parts may still be cut off a text, each of which costs kPart steps.
  static constexpr std::uint64_t kPart = 4;
  std::size_t max_parts() const { return (max_steps_ - steps_) / kPart + 1; }
  std::size_t max_text() const { return limits_.max_output_bytes; }
  std::uint64_t steps() const { return steps_; }
  int max_depth() const { return limits_.max_depth; }
  std::unexpected<Error> too_long() const {
    return fail(ErrorCode::failed, "the template makes a text of more than {} bytes",
                limits_.max_output_bytes);
  }

 private:
  friend class Nesting;
  const TemplateLimits& limits_;
  std::uint64_t max_steps_;
  std::uint64_t steps_ = 0;
  const char* floor_;
  int max_nodes_;
  int nodes_ = 0;
};

// One level of recursion, for as long as it lives.
class Nesting {
 public:
  explicit Nesting(Budget& budget) : budget_(budget) { ++budget_.nodes_; }
  ~Nesting() { --budget_.nodes_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

  bool too_deep() const {
    return budget_.nodes_ > budget_.max_nodes_ ||
           static_cast<const char*>(__builtin_frame_address(0)) < budget_.floor_;
  }
  static std::unexpected<Error> error() {
    return fail(ErrorCode::failed,
                "the template nests too deeply (maximum recursion depth exceeded)");
  }

 private:
  Budget& budget_;
};

}  // namespace hearth::text::jinja
