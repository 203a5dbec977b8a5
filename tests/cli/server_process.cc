// SPDX-License-Identifier: Apache-2.0
#include "server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "program.h"

namespace hearth::test {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One that nobody listens on, a moment ago.
std::uint16_t free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  CHECK(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

bool is_open(std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// The number behind a label in /proc/PID/status.
std::uint64_t status_number(pid_t process, const std::string& label) {
  const std::string text =
      read_file("/proc/" + std::to_string(process) + "/status", 1 << 16).value_or("");
  const std::size_t at = text.find("\n" + label + ":");
  return at == std::string::npos ? 0 : std::strtoull(&text[at + label.size() + 2], nullptr, 10);
}

}  // namespace

ServerProcess::ServerProcess(const ServerSetup& setup) {
  if (setup.disk_is_full) port_ = free_port();
  std::vector<std::string> args = {
      HEARTH_PROGRAM, "serve", fixture("tiny-llama-q8_0.gguf"), "--port", std::to_string(port_),
      "-t",           "2"};
  args.insert(args.end(), setup.flags.begin(), setup.flags.end());
  std::vector<char*> words;
  for (std::string& arg : args) words.push_back(arg.data());
  words.push_back(nullptr);
  const std::string home = scratch_folder() + "/server";
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  front_ = ::fork();
  CHECK(front_ >= 0);
  if (front_ == 0) {
    ::dup2(setup.disk_is_full ? ::open("/dev/full", O_WRONLY) : ends[1], STDERR_FILENO);
    ::setenv("HEARTH_HOME", home.c_str(), 1);
    if (setup.in_child) setup.in_child();
    ::execv(HEARTH_PROGRAM, words.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  errors_ = UniqueFd(ends[0]);
  if (setup.disk_is_full) {
    await_health();
  } else {
    await_port();
  }
}

void ServerProcess::await_health() {
  CHECK(comes_true([&] {
    if (!is_open(port_)) return false;
    Client client(port_);
    client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return status_of(client.read_answer()) == 200;
  }));
}

void ServerProcess::await_port() {
  constexpr std::string_view kAddress = "is served at http://127.0.0.1:";
  const auto deadline = Clock::now() + kServerPatience;
  while (port_ == 0) {
    pollfd waiting{errors_.get(), POLLIN, 0};
    CHECK(::poll(&waiting, 1, 1000) >= 0 && Clock::now() < deadline);
    if (waiting.revents == 0) continue;
    char bytes[4096];
    const ssize_t n = ::read(errors_.get(), bytes, sizeof bytes);
    if (n <= 0) std::fprintf(stderr, "the server ended: %s\n", said_.c_str());
    CHECK(n > 0);
    said_.append(bytes, static_cast<std::size_t>(n));
    const std::size_t at = said_.find(kAddress);
    if (at != std::string::npos && said_.find('\n', at) != std::string::npos)
      port_ = static_cast<std::uint16_t>(std::stoi(said_.substr(at + kAddress.size())));
  }
}

ServerProcess::~ServerProcess() {
  if (front_ > 0) {
    ::kill(front_, SIGKILL);
    ::waitpid(front_, nullptr, 0);
  }
}

int ServerProcess::stop() {
  errors_.reset();  // nor does it matter that nobody reads what it says
  ::kill(front_, SIGTERM);
  int status = 0;
  ::waitpid(front_, &status, 0);
  front_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The process that a thread of the front has started.
pid_t ServerProcess::worker() const {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(front_) + "/task")) {
    const std::string children = read_file(task.path().string() + "/children", 4096).value_or("");
    if (!children.empty()) return std::stoi(children);
  }
  return 0;
}

bool ServerProcess::has_metric(const std::string& name, double value) const {
  Client client(port_);
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string text = client.read_answer();
  const std::size_t at = text.find("\n" + name + "{");
  const std::size_t end = text.find("} ", at);
  return at != std::string::npos && end != std::string::npos &&
         std::strtod(&text[end + 2], nullptr) == value;
}

std::uint64_t resident_bytes(pid_t process) {
  return status_number(process, "VmRSS") * 1024;
}

std::uint64_t thread_count(pid_t process) {
  return status_number(process, "Threads");
}

Client::Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = loopback(port);
  CHECK(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

void Client::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the other side is gone, as reading will show
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void Client::post(const std::string& path, const Json& body) const {
  const std::string text = to_json_text(body);
  send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
       std::to_string(text.size()) + "\r\n\r\n" + text);
}

void Client::half_close() const {
  ::shutdown(fd_.get(), SHUT_WR);
}

void Client::reset() {
  const linger now{1, 0};
  CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
  fd_.reset();
}

bool Client::read_some() {
  pollfd waiting{fd_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kServerPatience).count())) <=
      0)
    return false;
  char bytes[65536];
  const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (n > 0) received_.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

bool Client::read_until(std::string_view text) {
  while (received_.find(text) == std::string::npos)
    if (!read_some()) return false;
  return true;
}

std::string Client::read_answer() {
  if (!read_until("\r\n\r\n")) return "";
  std::size_t end = received_.find("\r\n\r\n") + 4;
  const std::string head = received_.substr(0, end);
  constexpr std::string_view kLength = "Content-Length: ";
  if (const std::size_t at = head.find(kLength); at != std::string::npos) {
    end += std::stoul(head.substr(at + kLength.size()));
    while (received_.size() < end)
      if (!read_some()) return "";
  } else {
    constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";
    if (!read_until(kLastChunk)) return "";
    end = received_.find(kLastChunk) + kLastChunk.size();
  }
  const std::string answer = received_.substr(0, end);
  received_.erase(0, end);
  return answer;
}

int status_of(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") ? std::atoi(std::string(response.substr(9, 3)).c_str())
                                           : 0;
}

Json body_of(const std::string& response) {
  const std::size_t at = response.find("\r\n\r\n");
  return parse_json(response.substr(at == std::string::npos ? 0 : at + 4)).value_or(Json());
}

bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = Clock::now() + kServerPatience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    ::usleep(5000);
  }
  return true;
}

}  // namespace hearth::test
