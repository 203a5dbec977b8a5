// SPDX-License-Identifier: Apache-2.0
#include "server/http/server.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "base/check.h"
#include "server/api_error.h"
#include "server/http/connection_internal.h"

namespace hearth::server {
namespace {

constexpr int kAcceptsAtOnce = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDrainPoll{2};
// For handlers whose client was dropped to come to their end.
constexpr std::chrono::milliseconds kAfterDrop{2'000};

// Declared in this order: the connections must outlive what io still holds of them.
struct IoThread {
  ConnectionSet connections;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::jthread thread;
};

using IoThreads = std::vector<std::unique_ptr<IoThread>>;

// Accepts on one listener, from the first I/O thread, and deals the connections out.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(int fd, std::size_t listener, IoThreads& threads, std::shared_ptr<ServerShared> shared)
      : listener_(listener),
        threads_(threads),
        shared_(std::move(shared)),
        descriptor_(threads[0]->io, fd),
        pause_(threads[0]->io) {}
  // The descriptor is the Listener's.
  ~Acceptor() { descriptor_.release(); }

  void accept_more() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& code) {
                             if (!code && !self->shared_->is_draining) self->accept_some();
                           });
  }
  void stop() {
    pause_.cancel();
    descriptor_.cancel();
  }

 private:
  void accept_some() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      UniqueFd fd(
          ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd) {
        deal(std::move(fd));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return accept_later();  // the listener stays readable: asking at once would spin
      } else if (errno != EINTR && errno != ECONNABORTED) {
        break;
      }
    }
    accept_more();
  }

  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
      if (!code && !self->shared_->is_draining) self->accept_more();
    });
  }

  void deal(UniqueFd fd) {
    ListenerShared& own = shared_->listeners[listener_];
    const bool is_full = own.n_connections.fetch_add(1) >= own.limits.max_connections;
    if (shared_->n_connections.fetch_add(1) >= shared_->limits.max_connections || is_full) {
      shared_->n_connections.fetch_sub(1);
      own.n_connections.fetch_sub(1);
      // With TLS there is nobody yet who could be told.
      if (!own.tls) turn_away(fd.get());
      return;
    }
    IoThread& thread = *threads_[next_thread_++ % threads_.size()];
    // A std::function needs something that can be copied.
    const auto shared_fd = std::make_shared<UniqueFd>(std::move(fd));
    boost::asio::post(thread.io, [&thread, shared_fd, listener = listener_, shared = shared_] {
      Connection::start(thread.io, std::move(*shared_fd), listener, shared, thread.connections);
    });
  }

  static void turn_away(int fd) {
    const HttpResponse response =
        to_response({ApiErrorKind::overloaded, "too many connections; try again", "", {}});
    const std::string text =
        head_text(response, {.closes = true, .length = response.body.size()}) + response.body;
    (void)::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  std::size_t listener_;
  IoThreads& threads_;
  std::shared_ptr<ServerShared> shared_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer pause_;
  std::size_t next_thread_ = 0;
};

}  // namespace

struct HttpServer::Threads {
  std::vector<Listener> listeners;
  IoThreads threads;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  bool has_drained = false;

  template <class Act>
  void on_every_connection(Act act) {
    for (const auto& thread : threads)
      boost::asio::post(thread->io, [&thread = *thread, act] {
        // Acting on one may end it, and so change the set.
        std::vector<std::shared_ptr<Connection>> all;
        for (Connection* const connection : thread.connections)
          if (auto alive = connection->weak_from_this().lock()) all.push_back(std::move(alive));
        for (const auto& connection : all) act(*connection);
      });
  }
};

HttpServer::HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::vector<Listener> listeners, HttpApp app,
                                                      const HttpServerOptions& options) {
  CHECK(app.handle != nullptr && options.n_threads >= 1 && !listeners.empty());
  std::unique_ptr<HttpServer> server(new HttpServer);
  server->shared_ = std::make_shared<ServerShared>();
  ServerShared& shared = *server->shared_;
  shared.limits = options.limits;
  shared.app = std::move(app);
  // So that ids of two runs differ, nothing more: std's source of it may throw.
  if (::getrandom(&shared.id_prefix, sizeof shared.id_prefix, GRND_NONBLOCK) <= 0)
    shared.id_prefix = static_cast<std::uint32_t>(::getpid());

  server->threads_ = std::make_unique<Threads>();
  Threads& threads = *server->threads_;
  threads.listeners = std::move(listeners);
  for (int i = 0; i < options.n_threads; ++i)
    threads.threads.push_back(std::make_unique<IoThread>());
  for (std::size_t i = 0; i < threads.listeners.size(); ++i) {
    ListenerShared& listener = shared.listeners.emplace_back();
    const ListenerOptions own =
        i < options.listeners.size() ? options.listeners[i] : ListenerOptions();
    listener.limits = own.limits.value_or(options.limits);
    listener.tls = own.tls;
  }
  for (std::size_t i = 0; i < threads.listeners.size(); ++i)
    threads.acceptors.push_back(
        std::make_shared<Acceptor>(threads.listeners[i].fd(), i, threads.threads, server->shared_));
  for (const auto& acceptor : threads.acceptors) acceptor->accept_more();

  // Signals are for the thread that started the server.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  for (const auto& thread : threads.threads)
    thread->thread = std::jthread([&io = thread->io] { io.run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return server;
}

HttpServer::~HttpServer() {
  if (threads_ && !threads_->has_drained) drain(std::chrono::milliseconds(0));
}

bool HttpServer::drain(std::chrono::milliseconds patience) {
  CHECK(!threads_->has_drained);
  threads_->has_drained = true;
  using Clock = std::chrono::steady_clock;
  shared_->is_draining = true;
  boost::asio::post(threads_->threads[0]->io, [acceptors = threads_->acceptors] {
    for (const auto& acceptor : acceptors) acceptor->stop();
  });
  threads_->on_every_connection([](Connection& connection) { connection.begin_drain(); });
  const auto wait_until = [this](Clock::time_point deadline) {
    while (n_connections() > 0 && Clock::now() < deadline) std::this_thread::sleep_for(kDrainPoll);
    return n_connections() == 0;
  };
  const bool all_done = wait_until(Clock::now() + patience);
  if (!all_done) {
    threads_->on_every_connection([](Connection& connection) { connection.lose(); });
    wait_until(Clock::now() + kAfterDrop);
  }
  for (const auto& thread : threads_->threads) thread->io.stop();
  for (const auto& thread : threads_->threads)
    if (thread->thread.joinable()) thread->thread.join();
  threads_->acceptors.clear();
  return all_done;
}

std::size_t HttpServer::n_connections() const {
  return shared_->n_connections.load();
}

}  // namespace hearth::server
