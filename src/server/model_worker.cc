// SPDX-License-Identifier: Apache-2.0
#include "server/model_worker.h"

#include <algorithm>
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
// Requests are few and small beside their answers: a worker that does not read so many is broken.
constexpr std::size_t kMaxOutbox = 4096;

}  // namespace

std::string_view name_of(WorkerState state) {
  constexpr std::string_view kNames[] = {"starting", "loading", "ready", "failed", "stopped"};
  return kNames[static_cast<std::size_t>(state)];
}

struct ModelWorker::Impl : Leaseholder {
  // A process and the way to it, while it lives.
  struct Life {
    explicit Life(WorkerProcess started)
        : process(std::move(started)), channel(process.take_socket()), outbox(kMaxOutbox) {}
    WorkerProcess process;
    wire::Channel channel;
    BoundedQueue<std::string> outbox;
  };

  Impl(WorkerCommand started_by, OpenModel opener, std::shared_ptr<CoreLeases> leases)
      : command(std::move(started_by)), open(std::move(opener)), cores(std::move(leases)) {
    if (!cores) lease = kAllCores;
  }

  std::uint32_t n_wanted() const override;
  void take_lease(const wire::Lease& taken) override;
  void supervise();
  Error live();
  std::optional<Error> converse(Life& life);
  void take(wire::ToFront message);
  void send(const wire::ToWorker& message);
  void push(const wire::ToWorker& message);
  void settle(WorkerState state);
  void fail_requests(const std::string& why);
  void say_changed();
  bool may_try_again();
  bool must_stop() const;

  const WorkerCommand command;
  const OpenModel open;
  const std::shared_ptr<CoreLeases> cores;  // null: all are its own
  std::atomic<wire::RequestId> last_id = 0;

  mutable std::mutex mutex;
  mutable std::condition_variable settled;
  WorkerFacts facts;
  std::map<wire::RequestId, std::weak_ptr<RequestStream>> streams;
  std::shared_ptr<Life> life;
  wire::Lease lease;
  std::uint32_t n_threads = 1;  // of the process that lives
  bool is_stopping = false;

  // The supervisor's own.
  std::function<void(const wire::Loaded&)> on_loaded;
  std::unique_ptr<MemoryClaim> claim;
  bool was_refused = false;
  std::deque<Clock::time_point> ends;  // of processes, the last few
  std::thread supervisor;
};

ModelWorker::ModelWorker(WorkerCommand command, OpenModel open, std::shared_ptr<CoreLeases> cores)
    : impl_(std::make_shared<Impl>(std::move(command), std::move(open), std::move(cores))) {
  if (impl_->cores) impl_->cores->join(impl_);
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
    bool was_last = false;
    {
      const std::lock_guard lock(impl->mutex);
      if (impl->streams.erase(id) == 0) return;
      was_last = impl->streams.empty();
    }
    impl->send(wire::Cancel{id});
    if (was_last) impl->say_changed();
  });
  bool is_first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    const WorkerFacts& facts = impl_->facts;
    if (facts.state != WorkerState::ready)
      return fail(ErrorCode::io, "the model is {}{}{}", name_of(facts.state),
                  facts.reason.empty() ? "" : ": ", facts.reason);
    if (!impl_->life || !impl_->life->outbox.try_push(frame))  // it ends, or is far behind
      return fail(ErrorCode::io, "the model's process takes no more requests");
    is_first = impl_->streams.empty();
    impl_->streams.emplace(id, stream);
  }
  if (is_first) impl_->say_changed();
  return stream;
}

std::uint32_t ModelWorker::Impl::n_wanted() const {
  const std::lock_guard lock(mutex);
  return streams.empty() ? 0 : n_threads;
}

void ModelWorker::Impl::take_lease(const wire::Lease& taken) {
  const std::lock_guard lock(mutex);
  lease = taken;
  push(taken);
}

// Whoever calls this has no lock.
void ModelWorker::Impl::say_changed() {
  if (cores) cores->changed();
}

void ModelWorker::Impl::supervise() {
  for (bool goes_on = true; goes_on;) {
    if (must_stop()) return settle(WorkerState::stopped);
    was_refused = false;
    const Error why = live();
    const bool is_over = must_stop();
    goes_on = !is_over && !was_refused && may_try_again();
    {
      const std::lock_guard lock(mutex);
      life = nullptr;
      facts.reason = why.message;
      facts.code = why.code;
      if (goes_on) ++facts.n_restarts;
    }
    settle(goes_on ? WorkerState::starting : is_over ? WorkerState::stopped : WorkerState::failed);
    fail_requests(why.message);
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
Error ModelWorker::Impl::live() {
  auto model = open();
  if (!model) {
    was_refused = true;  // what is not there now will not be there in a moment
    return model.error();
  }
  auto process = WorkerProcess::start(command, model->load, model->files);
  if (!process) return process.error();
  on_loaded = std::move(model->loaded);
  claim = std::move(model->claim);
  const auto now = std::make_shared<Life>(std::move(*process));
  {
    const std::lock_guard lock(mutex);
    life = now;
    n_threads = std::max({1u, model->load.single.n_workers, model->load.batch.n_workers});
    if (is_stopping) now->channel.shut_down();
  }
  settle(WorkerState::loading);
  std::thread writer([now] {
    while (const auto frame = now->outbox.pop())
      if (!now->channel.send(*frame)) break;  // the reader finds the end
  });
  auto why = converse(*now);
  now->outbox.close();
  now->channel.shut_down();
  writer.join();
  const std::string how = now->process.reap_within(kPatienceAtEnd);
  claim.reset();
  if (why) return *why;
  return {ErrorCode::io, fmt::format("the model's process {}", how)};
}

// Until the conversation ends; says why, where the worker or its bytes did.
std::optional<Error> ModelWorker::Impl::converse(Life& now) {
  const Error no_message{ErrorCode::integrity, "the model's process sent what is no message"};
  while (true) {
    auto received = now.channel.receive();
    if (!received && received.error().code == ErrorCode::integrity) return no_message;
    if (!received) return std::nullopt;
    const std::optional<wire::Received>& frame = *received;
    if (!frame) return std::nullopt;
    auto message = wire::decode_to_front(frame->payload);
    if (!message) return no_message;
    if (const auto* hello = std::get_if<wire::Hello>(&*message);
        hello != nullptr && hello->version != wire::kVersion)
      return Error{ErrorCode::unsupported,
                   "the model's process is another version of this program"};
    if (const auto* refusal = std::get_if<wire::Failed>(&*message);
        refusal != nullptr && refusal->id == 0) {
      was_refused = true;
      return Error{refusal->code, refusal->message};
    }
    take(std::move(*message));
  }
}

void ModelWorker::Impl::take(wire::ToFront message) {
  std::shared_ptr<RequestStream> stream;
  bool was_last = false;
  {
    const std::lock_guard lock(mutex);
    if (const auto* progress = std::get_if<wire::Progress>(&message)) {
      facts.progress = *progress;
    } else if (const auto* status = std::get_if<wire::Status>(&message)) {
      facts.status = *status;
    } else if (const auto found = streams.find(request_of(message)); found != streams.end()) {
      stream = found->second.lock();
      if (ends_request(message)) streams.erase(found);
      was_last = streams.empty();
    }
  }
  if (was_last) say_changed();
  if (stream) stream->push(std::move(message));
  auto* loaded = std::get_if<wire::Loaded>(&message);
  if (loaded == nullptr) return;
  if (on_loaded) on_loaded(*loaded);
  if (claim) claim->settle(loaded->memory_bytes);
  {
    const std::lock_guard lock(mutex);
    facts.loaded = std::move(*loaded);
    push(lease);
  }
  settle(WorkerState::ready);
}

void ModelWorker::Impl::send(const wire::ToWorker& message) {
  const std::lock_guard lock(mutex);
  push(message);
}

// With the mutex held. Drops the message when there is nobody to take it.
void ModelWorker::Impl::push(const wire::ToWorker& message) {
  auto frame = wire::encode(message);
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
  say_changed();
  for (const auto& [id, weak] : lost)
    if (const auto stream = weak.lock()) stream->push(wire::Failed{id, ErrorCode::io, why, ""});
}

}  // namespace hearth::server
