// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <cmath>
#include <ctime>

#include "base/file.h"
#include "base/json.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxText = 2048;
constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

std::string time_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto n_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = n_ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", std::string_view(text, n), n_ms % 1000);
}

Json log_json(const LogValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value))
    return std::string(text->substr(0, kMaxText));
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value))
    return std::isfinite(*number) ? Json(*number) : Json();
  return std::get<bool>(value);
}

}  // namespace

std::string log_line(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  Json line;
  line["time"] = time_text();
  line["level"] = std::string(kLevels[static_cast<std::size_t>(level)]);
  line["event"] = std::string(event);
  for (const auto& [name, value] : fields) line[std::string(name)] = log_json(value);
  return to_json_text(line) + "\n";
}

void Log::write(LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (level < least_) return;
  // A reader that has stopped (a pager, a terminal on hold) must not stop the server. Lines are
  // shorter than PIPE_BUF, so a pipe that takes anything takes one at once.
  pollfd writable{fd_, POLLOUT, 0};
  if (::poll(&writable, 1, 0) <= 0) return;
  (void)write_all(fd_, log_line(level, event, fields));
}

void Log::request(const RequestRecord& record) const {
  write(LogLevel::info, "request",
        {{"id", record.id},
         {"client", record.client},
         {"listener", static_cast<std::int64_t>(record.listener)},
         {"method", name_of(record.method)},
         {"path", record.path},
         {"status", std::int64_t{record.status}},
         {"bytes_in", static_cast<std::int64_t>(record.n_bytes_in)},
         {"bytes_out", static_cast<std::int64_t>(record.n_bytes_out)},
         {"seconds", std::round(record.seconds * 1e6) / 1e6},
         {"client_gone", record.client_gone}});
}

}  // namespace hearth::server
