// SPDX-License-Identifier: Apache-2.0
#include "wire/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wire/wire.h"

namespace hearth::wire {
namespace {

// Payloads are received in pieces of at most this, so that a length alone takes no memory.
constexpr std::size_t kPiece = std::size_t{1} << 20;

// One call for as much as the kernel takes, with the descriptors beside it.
ssize_t send_some(int socket, std::string_view bytes, std::span<const int> descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

void take_descriptors(msghdr& message, std::vector<UniqueFd>& descriptors) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < n; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

std::unexpected<Error> lost() {
  return fail(ErrorCode::io, "the other side has closed the conversation in the middle of a frame");
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> Channel::make_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::io, "cannot make a pair of sockets: {}", errno_text(errno));
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> Channel::send(std::string_view frame, std::span<const int> descriptors) {
  if (descriptors.size() > kMaxDescriptors)
    return fail(ErrorCode::does_not_fit,
                "{} descriptors are too many for a message; the most are {}", descriptors.size(),
                kMaxDescriptors);
  const std::lock_guard lock(sending_);
  while (!frame.empty()) {
    const ssize_t n = send_some(socket_.get(), frame, descriptors);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "cannot send a message: {}", errno_text(errno));
    frame.remove_prefix(static_cast<std::size_t>(n));
    descriptors = {};  // they went with the first byte
  }
  return {};
}

// False: the other side has closed. Descriptors travel with the first byte of a frame.
Result<bool> Channel::receive_header(char* header, std::vector<UniqueFd>& descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  for (std::size_t at = 0; at < kHeaderBytes;) {
    iovec part{header + at, kHeaderBytes - at};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    // The other side has gone and left unread what this one had said: an end like any other.
    if (n < 0 && errno == ECONNRESET && at == 0) return false;
    if (n < 0) return fail(ErrorCode::io, "cannot receive a message: {}", errno_text(errno));
    take_descriptors(message, descriptors);
    if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors.size() > kMaxDescriptors)
      return fail(ErrorCode::integrity, "too many descriptors came with a message");
    if (n == 0 && at == 0) return false;
    if (n == 0) return lost();
    at += static_cast<std::size_t>(n);
  }
  return true;
}

Result<std::optional<Received>> Channel::receive() {
  Received received;
  char header[kHeaderBytes];
  if (!TRY(receive_header(header, received.descriptors))) return std::nullopt;
  const std::size_t size = TRY(frame_size({header, kHeaderBytes}));
  std::string& payload = received.payload;
  for (std::size_t filled = 0; filled < size;) {
    if (filled == payload.size()) payload.resize(std::min(size, filled + kPiece));
    const ssize_t n = ::recv(socket_.get(), payload.data() + filled, payload.size() - filled, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "cannot receive a message: {}", errno_text(errno));
    if (n == 0) return lost();
    filled += static_cast<std::size_t>(n);
  }
  return received;
}

void Channel::shut_down() {
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
}

}  // namespace hearth::wire
