// SPDX-License-Identifier: Apache-2.0
//
// The half of Connection that moves bytes: callbacks, no waiting.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <utility>

#include "server/http/connection_internal.h"

namespace hearth::server {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// Bytes that the kernel may hold unsent for a client: what is beyond counts as a slow reader's.
constexpr int kUnsentInKernel = 128 * 1024;

void set_option(int fd, int level, int name, int value) {
  // None of these is needed to serve: where the system has none, it goes without.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

Connection::Connection(boost::asio::io_context& io, std::size_t listener,
                       std::shared_ptr<ServerShared> shared, ConnectionSet& set)
    : shared_(std::move(shared)),
      listener_(listener),
      of_listener_(shared_->listeners[listener]),
      limits_(of_listener_.limits),
      set_(set),
      socket_(io),
      wakeup_(io.get_executor()),
      timer_(io) {
  set_.insert(this);
}

Connection::~Connection() {
  release_body();
  end_handshake();
  set_.erase(this);
  of_listener_.n_connections.fetch_sub(1);
  shared_->n_connections.fetch_sub(1);
}

// Both n_connections were raised by whoever accepted.
void Connection::start(boost::asio::io_context& io, UniqueFd fd, std::size_t listener,
                       std::shared_ptr<ServerShared> shared, ConnectionSet& set) {
  const auto connection = std::make_shared<Connection>(io, listener, std::move(shared), set);
  if (!connection->open(std::move(fd))) return;
  connection->watch_input();
  boost::asio::co_spawn(io, run(connection), boost::asio::detached);
}

bool Connection::open(UniqueFd fd) {
  int family = 0;
  socklen_t length = sizeof family;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return false;
  peer_ = peer_of(fd.get());
  if (family != AF_UNIX) {
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernel);
    set_option(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limits_.write.count()));
  }
  boost::system::error_code code;
  socket_.assign({family, family == AF_UNIX ? 0 : IPPROTO_TCP}, fd.get(), code);
  if (code) return false;
  (void)fd.release();
  socket_.native_non_blocking(true, code);
  if (code) return false;
  if (!of_listener_.tls) return true;
  is_shaking_hands_ = true;
  if (of_listener_.n_handshakes.fetch_add(1) >= limits_.max_handshakes) return false;
  tls_ = of_listener_.tls->begin();
  return tls_ != nullptr;
}

void Connection::end_handshake() {
  if (std::exchange(is_shaking_hands_, false)) of_listener_.n_handshakes.fetch_sub(1);
}

void Connection::lose() {
  if (is_gone_) return;
  is_gone_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  outbox_.clear();
  wakeup_.wake();
  if (const auto callback = std::exchange(on_gone_, nullptr)) callback();
}

std::size_t Connection::inbox_limit() const {
  return std::max<std::size_t>(limits_.max_pipelined_bytes, limits_.max_header_bytes + 1024);
}

void Connection::watch_input() {
  if (is_watching_ || is_gone_ || at_end_ || inbox_.size() >= inbox_limit()) return;
  is_watching_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& code) {
                       self->is_watching_ = false;
                       if (self->is_gone_) return;
                       if (code) {
                         self->lose();
                       } else {
                         self->take_input();
                       }
                     });
}

void Connection::take_input() {
  char bytes[kReadBytes];
  const std::size_t room = std::min(sizeof bytes, inbox_limit() - inbox_.size());
  const ssize_t n = ::recv(socket_.native_handle(), bytes, room, MSG_DONTWAIT);
  if (n > 0) {
    if (!take_bytes({bytes, static_cast<std::size_t>(n)})) return lose();
  } else if (n == 0) {
    at_end_ = true;
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    return lose();
  }
  if (at_end_ && phase_ == Phase::answering) return lose();
  if (phase_ == Phase::answering) {
    if (inbox_.size() >= inbox_limit()) return lose();  // its end could not be seen any more
  } else {
    wakeup_.wake();
  }
  watch_input();
}

// What came from the socket, to inbox_. False if the connection cannot go on.
bool Connection::take_bytes(std::string_view bytes) {
  if (tls_ && tls_->is_fresh() && bytes.front() != kTlsFirstByte) tls_.reset();
  if (!tls_) {
    if (phase_ != Phase::discarding) inbox_ += bytes;
    return true;
  }
  const bool is_sound = tls_->take(bytes, inbox_);
  if (phase_ == Phase::discarding) inbox_.clear();
  if (tls_->has_ended()) at_end_ = true;
  if (!is_sound) {
    say_goodbye();
    return false;
  }
  // Answers of the protocol itself, which a client may ask for without reading any.
  if (n_unsent() > limits_.max_unsent_bytes) return false;
  flush();
  return !is_gone_;
}

// Tells a client of TLS that nothing was cut off, or what it did wrong: at once, or not at all.
void Connection::say_goodbye() {
  if (is_gone_ || is_writing_ || !tls_) return;
  std::string last;
  tls_->end(last);
  (void)::send(socket_.native_handle(), last.data(), last.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Connection::flush() {
  if (is_writing_ || is_gone_ || !has_output()) return;
  in_flight_.clear();
  n_sent_ = 0;
  if (!tls_) {
    in_flight_.swap(outbox_);
  } else {
    const bool is_sound = tls_->seal(outbox_, in_flight_);
    outbox_.clear();
    if (!is_sound) return lose();
  }
  write_some();
}

void Connection::write_some() {
  is_writing_ = true;
  write_deadline_ = Clock::now() + limits_.write;
  arm_timer();
  socket_.async_write_some(
      boost::asio::buffer(in_flight_.data() + n_sent_, in_flight_.size() - n_sent_),
      [self = shared_from_this()](const boost::system::error_code& code, std::size_t n) {
        self->is_writing_ = false;
        if (self->is_gone_) return;
        if (code) return self->lose();
        self->n_sent_ += n;
        self->record_.n_bytes_out += n;
        if (self->n_sent_ < self->in_flight_.size()) return self->write_some();
        self->in_flight_.clear();
        self->n_sent_ = 0;
        self->flush();
        if (!self->is_writing_ && self->phase_ == Phase::flushing) self->wakeup_.wake();
      });
}

void Connection::arm_timer() {
  Clock::time_point due = Clock::time_point::max();
  if (is_writing_) due = write_deadline_;
  if (pings()) due = std::min(due, ping_due_);
  // A timer that goes off too early looks again: most deadlines move on before they are reached.
  if (is_gone_ || due >= timer_due_) return;
  timer_due_ = due;
  timer_.expires_at(due);
  timer_.async_wait(
      [self = shared_from_this(), round = ++timer_round_](const boost::system::error_code&) {
        if (self->is_gone_ || round != self->timer_round_) return;
        self->timer_due_ = Clock::time_point::max();
        self->tick();
      });
}

void Connection::tick() {
  const Clock::time_point now = Clock::now();
  if (is_writing_ && now >= write_deadline_) return lose();
  if (pings() && now >= ping_due_) write(ping_);
  arm_timer();
}

}  // namespace hearth::server
