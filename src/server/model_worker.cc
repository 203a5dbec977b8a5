// SPDX-License-Identifier: Apache-2.0
#include "server/model_worker.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/queue.h"
#include "wire/channel.h"
#include "wire/wire.h"

namespace hearth::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxEnds = 3;
constexpr auto kEndsWithin = std::chrono::minutes(1);
constexpr auto kPatienceAtEnd = std::chrono::seconds(5);
// Requests are few and small beside their answers: a worker that does not read
// so many is broken.
constexpr std::size_t kMaxOutbox = 4096;

}  // namespace

std::string_view name_of(WorkerState state) {
  constexpr std::string_view kNames[] = {"starting", "loading", "ready", "failed", "stopped"};
  return kNames[static_cast<std::size_t>(state)];
}

struct ModelWorker::Impl {
  // A process and the way to it, while it lives.
  struct Life {
    explicit Life(WorkerProcess started)
        : process(std::move(started)), channel(process.take_socket()), outbox(kMaxOutbox) {}
    WorkerProcess process;
    wire::Channel channel;
    BoundedQueue<std::string> outbox;
  };

  Impl(WorkerCommand started_by, OpenModel opener)
      : command(std::move(started_by)), open(std::move(opener)) {}

  void supervise();
  std::string live();
  std::string converse(Life& life);
  void take(wire::ToFront message);
  void send(const wire::ToWorker& message);
  void settle(WorkerState state);
  void fail_requests(const std::string& why);
  bool may_try_again();
  bool must_stop() const;

  const WorkerCommand command;
  const OpenModel open;
  std::atomic<wire::RequestId> last_id = 0;

  mutable std::mutex mutex;
  mutable std::condition_variable settled;
  WorkerFacts facts;
  std::map<wire::RequestId, std::weak_ptr<RequestStream>> streams;
  std::shared_ptr<Life> life;
  std::optional<std::uint32_t> leased_threads;
  bool is_stopping = false;

  // The supervisor's own.
  std::function<void(const wire::Loaded&)> on_loaded;
  bool was_refused = false;
  std::deque<Clock::time_point> ends;  // of processes, the last few
  std::thread supervisor;
};

ModelWorker::ModelWorker(WorkerCommand command, OpenModel open)
    : impl_(std::make_shared<Impl>(std::move(command), std::move(open))) {
  impl_->supervisor = std::thread([impl = impl_.get()] { impl->supervise(); });
}

ModelWorker::~ModelWorker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->send(wire::Quit{});
  std::unique_lock lock(impl_->mutex);
  const bool ended = impl_->settled.wait_for(lock, kPatienceAtEnd, [this] {
    return impl_->life == nullptr && (impl_->facts.state == WorkerState::stopped ||
                                      impl_->facts.state == WorkerState::failed);
  });
  if (!ended && impl_->life) impl_->life->process.kill();
  lock.unlock();
  impl_->supervisor.join();
}

WorkerFacts ModelWorker::facts() const {
  const std::lock_guard lock(impl_->mutex);
  WorkerFacts facts = impl_->facts;
  facts.n_requests = impl_->streams.size();
  return facts;
}

WorkerState ModelWorker::wait_until_settled(std::chrono::milliseconds patience) const {
  std::unique_lock lock(impl_->mutex);
  impl_->settled.wait_for(lock, patience, [this] {
    return impl_->facts.state != WorkerState::starting &&
           impl_->facts.state != WorkerState::loading;
  });
  return impl_->facts.state;
}

wire::RequestId ModelWorker::next_id() {
  return ++impl_->last_id;
}

Result<std::shared_ptr<RequestStream>> ModelWorker::begin_request(wire::RequestId id,
                                                                  const wire::ToWorker& message) {
  std::string frame = TRY(wire::encode(message));
  auto stream = std::make_shared<RequestStream>([weak = std::weak_ptr(impl_), id] {
    const auto impl = weak.lock();
    if (!impl) return;
    {
      const std::lock_guard lock(impl->mutex);
      if (impl->streams.erase(id) == 0) return;
    }
    impl->send(wire::Cancel{id});
  });
  const std::lock_guard lock(impl_->mutex);
  const WorkerFacts& facts = impl_->facts;
  if (facts.state != WorkerState::ready || !impl_->life || !impl_->life->outbox.try_push(frame))
    return fail(ErrorCode::io, "the model is {}{}{}",
                facts.state == WorkerState::ready ? "busy" : name_of(facts.state),
                facts.reason.empty() ? "" : ": ", facts.reason);
  impl_->streams.emplace(id, stream);
  return stream;
}

void ModelWorker::lease(std::uint32_t n_threads) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->leased_threads = n_threads;
  }
  impl_->send(wire::Lease{n_threads});
}

void ModelWorker::Impl::supervise() {
  for (bool goes_on = !must_stop(); goes_on;) {
    was_refused = false;
    const std::string why = live();
    const bool is_over = must_stop();
    goes_on = !is_over && !was_refused && may_try_again();
    {
      const std::lock_guard lock(mutex);
      life = nullptr;
      facts.reason = why;
      if (goes_on) ++facts.n_restarts;
    }
    settle(goes_on ? WorkerState::starting : is_over ? WorkerState::stopped : WorkerState::failed);
    fail_requests(why);
  }
}

bool ModelWorker::Impl::must_stop() const {
  const std::lock_guard lock(mutex);
  return is_stopping;
}

// Three ends within a minute are enough.
bool ModelWorker::Impl::may_try_again() {
  ends.push_back(Clock::now());
  if (ends.size() > kMaxEnds) ends.pop_front();
  return ends.size() < kMaxEnds || ends.back() - ends.front() > kEndsWithin;
}

// From the start of a process to its end; how it ended.
std::string ModelWorker::Impl::live() {
  auto model = open();
  if (!model) {
    was_refused = true;  // what is not there now will not be there in a moment
    return model.error().message;
  }
  auto process = WorkerProcess::start(command, model->load, model->files);
  if (!process) return process.error().message;
  on_loaded = std::move(model->loaded);
  const auto now = std::make_shared<Life>(std::move(*process));
  {
    const std::lock_guard lock(mutex);
    life = now;
    if (is_stopping) now->channel.shut_down();
  }
  settle(WorkerState::loading);
  std::thread writer([now] {
    while (const auto frame = now->outbox.pop())
      if (!now->channel.send(*frame)) break;  // the reader finds the end
  });
  std::string why = converse(*now);
  now->outbox.close();
  now->channel.shut_down();
  writer.join();
  const std::string how = now->process.reap_within(kPatienceAtEnd);
  return why.empty() ? fmt::format("the model's process {}", how) : why;
}

// Until the conversation ends; says why, where the worker or its bytes did.
std::string ModelWorker::Impl::converse(Life& now) {
  constexpr const char* kNoMessage = "the model's process sent what is no message";
  while (true) {
    auto received = now.channel.receive();
    if (!received && received.error().code == ErrorCode::integrity) return kNoMessage;
    if (!received) return "";
    const std::optional<wire::Received>& frame = *received;
    if (!frame) return "";
    auto message = wire::decode_to_front(frame->payload);
    if (!message) return kNoMessage;
    if (const auto* hello = std::get_if<wire::Hello>(&*message);
        hello != nullptr && hello->version != wire::kVersion)
      return "the model's process is another version of this program";
    if (const auto* refusal = std::get_if<wire::Failed>(&*message);
        refusal != nullptr && refusal->id == 0) {
      was_refused = true;
      return refusal->message;
    }
    take(std::move(*message));
  }
}

void ModelWorker::Impl::take(wire::ToFront message) {
  std::shared_ptr<RequestStream> stream;
  {
    const std::lock_guard lock(mutex);
    if (const auto* progress = std::get_if<wire::Progress>(&message)) {
      facts.progress = *progress;
    } else if (const auto* status = std::get_if<wire::Status>(&message)) {
      facts.status = *status;
    } else if (const auto found = streams.find(request_of(message)); found != streams.end()) {
      stream = found->second.lock();
      if (ends_request(message)) streams.erase(found);
    }
  }
  if (stream) stream->push(std::move(message));
  auto* loaded = std::get_if<wire::Loaded>(&message);
  if (loaded == nullptr) return;
  if (on_loaded) on_loaded(*loaded);
  std::optional<std::uint32_t> lease;
  {
    const std::lock_guard lock(mutex);
    facts.loaded = std::move(*loaded);
    lease = leased_threads;
  }
  if (lease) send(wire::Lease{*lease});
  settle(WorkerState::ready);
}

// Drops the message when there is nobody to take it.
void ModelWorker::Impl::send(const wire::ToWorker& message) {
  auto frame = wire::encode(message);
  const std::lock_guard lock(mutex);
  if (frame && life) static_cast<void>(life->outbox.try_push(*frame));
}

void ModelWorker::Impl::settle(WorkerState state) {
  {
    const std::lock_guard lock(mutex);
    facts.state = state;
  }
  settled.notify_all();
}

void ModelWorker::Impl::fail_requests(const std::string& why) {
  std::map<wire::RequestId, std::weak_ptr<RequestStream>> lost;
  {
    const std::lock_guard lock(mutex);
    lost.swap(streams);
  }
  for (const auto& [id, weak] : lost)
    if (const auto stream = weak.lock()) stream->push(wire::Failed{id, ErrorCode::io, why, ""});
}

}  // namespace hearth::server
