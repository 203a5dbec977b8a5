// SPDX-License-Identifier: Apache-2.0
#include "traffic/sse.h"

namespace hearth::traffic {
namespace {

constexpr std::size_t kMaxEventBytes = std::size_t{16} << 20;

}  // namespace

bool EventReader::feed(std::string_view bytes, const OnData& on_data) {
  while (!bytes.empty() && !is_broken_) {
    if (skips_line_feed_ && bytes.front() == '\n') bytes.remove_prefix(1);
    skips_line_feed_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    is_broken_ = line_.size() + data_.size() > kMaxEventBytes;
    if (end == std::string_view::npos || is_broken_) break;
    skips_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(on_data);
  }
  return !is_broken_;
}

void EventReader::end_line(const OnData& on_data) {
  constexpr std::string_view kData = "data:";
  if (line_.empty()) {
    if (has_data_) on_data(data_);
    data_.clear();
    has_data_ = false;
  } else if (line_.starts_with(kData)) {
    std::string_view value = std::string_view(line_).substr(kData.size());
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
  line_.clear();
}

}  // namespace hearth::traffic
