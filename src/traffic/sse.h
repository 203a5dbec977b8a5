// SPDX-License-Identifier: Apache-2.0
//
// Reads server-sent events as the bytes come, cut anywhere. WHATWG, HTML Standard, 9.2.6: lines end
// in LF, CR or both; "data" lines of one event are joined; an empty line ends it; lines that begin
// with a colon are comments. Names and ids of events are passed over.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hearth::traffic {

class EventReader {
 public:
  using OnData = std::function<void(std::string_view data)>;

  // Calls on_data for each event that the bytes end. False once an event is larger than any may be:
  // nothing after that is read.
  bool feed(std::string_view bytes, const OnData& on_data);

 private:
  void end_line(const OnData& on_data);

  std::string line_, data_;
  bool has_data_ = false, skips_line_feed_ = false, is_broken_ = false;
};

}  // namespace hearth::traffic
