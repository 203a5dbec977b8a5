// SPDX-License-Identifier: Apache-2.0
//
// Sockets to accept on: TCP over IPv4 and IPv6, Unix sockets, and sockets that were opened by
// whoever started us (socket activation: LISTEN_FDS of sd_listen_fds(3), read here without
// libsystemd).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace hearth::server {

// A listening socket, non-blocking and closed on exec. Owns the socket; removes the path of a Unix
// socket that it made.
class Listener {
 public:
  // Numeric addresses or names ("127.0.0.1", "::1", "localhost"); a name may have several addresses
  // and gives a listener for each. Port 0 lets the system choose. An IPv6 address takes no IPv4.
  static Result<std::vector<Listener>> tcp(const std::string& host, std::uint16_t port);

  // mode is that of the socket's file. A socket file that nobody listens on any more is replaced;
  // anything else at that path is an error.
  static Result<Listener> unix_socket(const std::string& path, unsigned mode = 0600);

  // What the environment's LISTEN_PID and LISTEN_FDS hand over, from descriptor 3 on. Empty if that
  // is not for this process. Clears the variables, so that no child takes them for its own.
  static Result<std::vector<Listener>> inherited();
  // A descriptor that is a listening stream socket of TCP or Unix; usage for any other.
  static Result<Listener> adopt(UniqueFd fd);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;
  ~Listener();

  int fd() const { return fd_.get(); }
  // "127.0.0.1:8080", "[::1]:8080" or "unix:/run/hearth.sock".
  const std::string& name() const { return name_; }
  std::uint16_t port() const { return port_; }  // 0 for Unix sockets
  bool is_unix() const { return is_unix_; }
  // Only this machine can reach it.
  bool is_loopback() const { return is_loopback_; }

 private:
  explicit Listener(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::string name_;
  std::string remove_path_;
  std::uint16_t port_ = 0;
  bool is_unix_ = false;
  bool is_loopback_ = false;
};

// The address at the other end of a connected socket, without its port; "unix" for Unix sockets.
std::string peer_of(int fd);

}  // namespace hearth::server
