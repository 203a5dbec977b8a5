// SPDX-License-Identifier: Apache-2.0
//
// Finds stop texts in a stream. Text that could be the beginning of one is held back until it is
// decided; what is handed out is final. One request, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::engine {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops);

  // Appends text; returns what may be shown now. stopped() tells whether a stop text was met: the
  // rest is then dropped.
  std::string push(std::string_view text);
  // At the end of the answer: what was still held back.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace hearth::engine
