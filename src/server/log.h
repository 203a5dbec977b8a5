// SPDX-License-Identifier: Apache-2.0
//
// The server's log: one JSON object a line, with time, level and event first. Any thread; each line
// is one write(2), so lines of several processes do not mix.
//
// Prompts, answers, keys and headers are never written: a line has what its caller names, and what
// callers name are ids, counts, times and paths. Queries stay out as well, since people put keys
// there.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "server/http/server.h"

namespace hearth::server {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

using LogValue = std::variant<std::string_view, std::int64_t, double, bool>;
using LogField = std::pair<std::string_view, LogValue>;

// A line, with its line feed. Text is cut after some kilobytes.
std::string log_line(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields);

class Log {
 public:
  // Does not own the descriptor. A line that cannot be written is lost, also one for which there is
  // no room at the moment: serving goes on.
  explicit Log(int fd, LogLevel least = LogLevel::info) : fd_(fd), least_(least) {}

  void write(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields = {}) const;
  // "request", when it is over.
  void request(const RequestRecord& record) const;

 private:
  int fd_;
  LogLevel least_;
};

}  // namespace hearth::server
