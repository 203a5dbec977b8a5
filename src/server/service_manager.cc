// SPDX-License-Identifier: Apache-2.0
#include "server/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace hearth::server {
namespace {

// An environment variable, which then is one no more: children are not to take it for theirs.
std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@')
    address.sun_path[0] = '\0';  // of the abstract namespace
  else if (path.front() != '/')
    return {};
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return {};
  return fd;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager::ServiceManager() : socket_(connect_to(take_variable("NOTIFY_SOCKET"))) {
  const auto watchdog_us = number(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  const bool is_for_us = pid.empty() || number(pid) == static_cast<std::uint64_t>(::getpid());
  // Twice as often as it must be.
  if (watchdog_us && *watchdog_us > 0 && is_for_us)
    interval_ = std::chrono::microseconds(*watchdog_us / 2);
}

void ServiceManager::notify(std::string_view lines) {
  if (socket_) static_cast<void>(::send(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL));
}

void ServiceManager::notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::ping(std::span<const WorkerFacts> workers) {
  const auto now = std::chrono::steady_clock::now();
  if (!interval_ || now - last_ping_ < *interval_) return;
  last_progress_.resize(workers.size());
  std::vector<std::uint64_t> progress;
  for (const WorkerFacts& facts : workers) {
    progress.push_back(facts.status.n_progress + facts.progress.done_bytes);
    const bool gets_on = progress.back() != last_progress_[progress.size() - 1];
    if (facts.n_requests > 0 && !gets_on && facts.state == WorkerState::ready) return;
  }
  last_progress_ = std::move(progress);
  last_ping_ = now;
  notify("WATCHDOG=1");
}

}  // namespace hearth::server
