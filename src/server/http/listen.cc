// SPDX-License-Identifier: Apache-2.0
#include "server/http/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/escape.h"

namespace hearth::server {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START
constexpr int kMaxInherited = 64;

struct NamedAddress {
  std::string text;  // without a port
  std::string name;  // with it
  std::uint16_t port = 0;
  bool is_unix = false;
  bool is_loopback = false;
};

NamedAddress describe(const sockaddr_storage& address, socklen_t length) {
  NamedAddress named;
  if (address.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    char text[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    named.text = text;
    named.port = ntohs(in.sin_port);
    named.name = fmt::format("{}:{}", text, named.port);
    named.is_loopback = (ntohl(in.sin_addr.s_addr) >> 24) == 127;
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address, sizeof in);
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    named.text = text;
    named.port = ntohs(in.sin6_port);
    named.name = fmt::format("[{}]:{}", text, named.port);
    named.is_loopback = IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
  } else if (address.ss_family == AF_UNIX) {
    sockaddr_un un;
    std::memcpy(&un, &address, sizeof un);
    const std::size_t n_path =
        length - std::min<socklen_t>(length, offsetof(sockaddr_un, sun_path));
    const std::string_view path(un.sun_path, ::strnlen(un.sun_path, n_path));
    named.text = "unix";
    named.name = "unix:" + printable(path);
    named.is_unix = true;
    named.is_loopback = true;
  }
  return named;
}

NamedAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return describe(address, length);
}

bool make_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

// Whether somebody accepts on a Unix socket.
bool is_served(const sockaddr_un& address, socklen_t length) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return true;
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 ||
         errno != ECONNREFUSED;
}

std::optional<int> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  int value = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)),
      name_(std::move(other.name_)),
      remove_path_(std::exchange(other.remove_path_, {})),
      port_(other.port_),
      is_unix_(other.is_unix_),
      is_loopback_(other.is_loopback_) {}

Listener::~Listener() {
  if (!remove_path_.empty()) ::unlink(remove_path_.c_str());
}

Result<Listener> Listener::adopt(UniqueFd fd) {
  int type = 0;
  int listens = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM)
    return fail(ErrorCode::usage, "descriptor {} is no stream socket", fd.get());
  length = sizeof listens;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0)
    return fail(ErrorCode::usage, "descriptor {} is a socket that does not listen", fd.get());
  if (!make_non_blocking(fd.get()))
    return fail(ErrorCode::io, "descriptor {}: {}", fd.get(), errno_text(errno));
  const NamedAddress address = local_address(fd.get());
  if (address.name.empty())
    return fail(ErrorCode::usage, "descriptor {} is a socket of neither TCP nor Unix", fd.get());
  Listener listener(std::move(fd));
  listener.name_ = address.name;
  listener.port_ = address.port;
  listener.is_unix_ = address.is_unix;
  listener.is_loopback_ = address.is_loopback;
  return listener;
}

Result<std::vector<Listener>> Listener::tcp(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  const int status = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
  if (status != 0)
    return fail(ErrorCode::usage, "cannot listen on '{}': {}", printable(host, 100),
                ::gai_strerror(status));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);

  std::vector<Listener> listeners;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    UniqueFd fd(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // A machine without IPv6 still has "::1" in its table of names.
    if (!fd && errno == EAFNOSUPPORT && found->ai_next != nullptr) continue;
    const int on = 1;
    const bool is_open =
        fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (one->ai_family != AF_INET6 ||
         ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        ::bind(fd.get(), one->ai_addr, one->ai_addrlen) == 0 && ::listen(fd.get(), kBacklog) == 0;
    if (!is_open) {
      const int error_number = errno;
      if (error_number == EADDRNOTAVAIL && found->ai_next != nullptr) continue;
      return fail(ErrorCode::io, "cannot listen on {} port {}: {}", printable(host, 100), port,
                  errno_text(error_number));
    }
    listeners.push_back(TRY(adopt(std::move(fd))));
  }
  if (listeners.empty())
    return fail(ErrorCode::io, "cannot listen on {} port {}: no address of it is of this machine",
                printable(host, 100), port);
  return listeners;
}

Result<Listener> Listener::unix_socket(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorCode::usage, "the path of a Unix socket has 1 to {} bytes: {}",
                sizeof address.sun_path - 1, printable(path));
  path.copy(address.sun_path, path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  const auto refused = [&](int error_number) {
    return fail(ErrorCode::io, "{}: {}", printable(path), errno_text(error_number));
  };

  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return refused(EEXIST);
    if (is_served(address, length)) return refused(EADDRINUSE);
    if (::unlink(path.c_str()) != 0) return refused(errno);
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return refused(errno);
  // Nobody can connect before listen(), so there is no moment with the umask's mode.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return refused(errno);
  if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    const int error_number = errno;
    ::unlink(path.c_str());
    return refused(error_number);
  }
  auto listener = adopt(std::move(fd));
  if (listener) listener->remove_path_ = path;
  return listener;
}

Result<std::vector<Listener>> Listener::inherited() {
  std::vector<Listener> listeners;
  const auto pid = number_in("LISTEN_PID");
  const auto n_fds = number_in("LISTEN_FDS");
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  if (!pid || !n_fds || *pid != ::getpid()) return listeners;
  if (*n_fds < 0 || *n_fds > kMaxInherited)
    return fail(ErrorCode::usage, "LISTEN_FDS is {}; 0 to {} are taken", *n_fds, kMaxInherited);
  for (int fd = kFirstInherited; fd < kFirstInherited + *n_fds; ++fd)
    listeners.push_back(TRY(adopt(UniqueFd(fd))));
  return listeners;
}

std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "?";
  return describe(address, length).text;
}

}  // namespace hearth::server
