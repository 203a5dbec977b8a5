// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "engine/prompt.h"
#include "engine/sampling_defaults.h"
#include "engine/scheduler.h"
#include "engine/thinking.h"
#include "engine/token_rules.h"

namespace hearth::engine {
namespace {

struct Submission {
  Request request;
  std::shared_ptr<EventQueue> events;
};

// The past of a finished request, kept so that the next turn of a chat need not be read again.
struct CachedSequence {
  std::vector<TokenId> tokens;
  model::Sequence sequence;
};

constexpr auto kSlowReaderPoll = std::chrono::milliseconds(5);

std::size_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                  a.begin());
}

}  // namespace

struct Engine::Impl {
  // Shared with callers, under the mutex.
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Submission> inbox;
  std::set<RequestId> cancelled;
  std::optional<unsigned> wanted_threads;
  RequestId computing_alone = 0;  // the one request of the step being computed, or 0
  bool stopping = false;
  std::atomic<bool> stop_step = false;
  std::atomic<bool> stop_load = false;

  // The engine thread's own.
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<TokenRules> token_rules;  // of the model's tokenizer
  Thinking thinking;
  std::list<Running> running;
  std::list<CachedSequence> cached;
  model::Batch batch;
  std::thread thread;

  void main(std::vector<format::NamedFd> shards, const LoadOptions& options,
            EventQueue& load_events);
  bool load(std::vector<format::NamedFd> shards, const LoadOptions& options,
            EventQueue& load_events);
  bool take_commands();
  void start(Submission submission);
  Result<Running> make_running(Submission& submission);
  model::Sequence reuse_past(std::span<const TokenId> prompt);
  void drop_cancelled();
  void step();
  void retire();
};

Engine::Engine(std::vector<format::NamedFd> shards, LoadOptions options,
               std::shared_ptr<EventQueue> load_events)
    : impl_(std::make_unique<Impl>()) {
  impl_->thread =
      std::thread([impl = impl_.get(), shards = std::move(shards), options = std::move(options),
                   events = std::move(load_events)]() mutable {
        impl->main(std::move(shards), options, *events);
      });
}

Engine::~Engine() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->stop_step = true;
    impl_->stop_load = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

void Engine::submit(Request request, std::shared_ptr<EventQueue> events) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->inbox.push_back({std::move(request), std::move(events)});
  }
  impl_->wake.notify_all();
}

void Engine::cancel(RequestId request) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (request == 0) {
      impl_->stop_load = true;
    } else {
      impl_->cancelled.insert(request);
      if (impl_->computing_alone == request) impl_->stop_step = true;
    }
  }
  impl_->wake.notify_all();
}

void Engine::set_threads(unsigned n_threads) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wanted_threads = n_threads;
  }
  impl_->wake.notify_all();
}

void Engine::Impl::main(std::vector<format::NamedFd> shards, const LoadOptions& options,
                        EventQueue& load_events) {
  const bool loaded = load(std::move(shards), options, load_events);
  while (take_commands()) {
    if (!loaded) continue;
    drop_cancelled();
    step();
    retire();
  }
  for (Running& request : running) {
    if (!request.ended()) request.fail({ErrorCode::cancelled, "the engine was stopped"});
    request.flush();
  }
  running.clear();  // before the sequences' store goes
  cached.clear();
}

bool Engine::Impl::load(std::vector<format::NamedFd> shards, const LoadOptions& options,
                        EventQueue& load_events) {
  const std::string file_name = shards.empty() ? std::string() : shards.front().name;
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    Event event{0, LoadProgressEvent{done, total}};
    static_cast<void>(
        load_events.try_push(event));  // a reader that is late misses a figure, no more
    return !stop_load.load(std::memory_order_relaxed);
  };
  auto result = LoadedModel::load(std::move(shards), options, progress);
  if (!result) {
    static_cast<void>(load_events.push({0, FailedEvent{result.error()}}));
    return false;
  }
  model = std::move(*result);
  token_rules = std::make_unique<TokenRules>(*model->tokenizer());
  if (options.wants_thinking_facts && model->chat_template() != nullptr)
    thinking = find_thinking(*model->chat_template(), *model->tokenizer());
  sample::ChosenDefaults defaults = sampling_defaults(model->gguf());
  std::string notice = model->notice();
  for (const std::string& warning : defaults.warnings)
    notice += (notice.empty() ? "" : " ") + warning;
  const auto arch = model->gguf().get_string("general.architecture").value_or(std::nullopt);
  std::string architecture(arch.value_or(std::string_view()));
  const std::string& name = model->plan().hparams.name;
  static_cast<void>(load_events.push({0, LoadedEvent{.name = name.empty() ? file_name : name,
                                                     .n_ctx = model->n_ctx(),
                                                     .notice = std::move(notice),
                                                     .sampling = std::move(defaults.params),
                                                     .architecture = std::move(architecture),
                                                     .chat_template = model->template_source(),
                                                     .thinking = thinking.facts,
                                                     .weights = model->describe_weights()}}));
  return true;
}

// Waits for work when there is none, takes what has come in; false when the engine is to end.
bool Engine::Impl::take_commands() {
  std::deque<Submission> arrived;
  {
    std::unique_lock lock(mutex);
    computing_alone = 0;
    const auto has_news = [this] {
      return stopping || !inbox.empty() || wanted_threads || !cancelled.empty();
    };
    if (running.empty()) {
      if (inbox.empty()) cancelled.clear();  // whoever they named has ended already
      if (model && !has_news()) model->executor().park();
      wake.wait(lock, has_news);
    } else if (std::none_of(running.begin(), running.end(), [](const Running& request) {
                 return request.drained() && !request.ended();
               })) {
      wake.wait_for(lock, kSlowReaderPoll, has_news);
    }
    if (stopping) return false;
    stop_step = false;
    arrived.swap(inbox);
    if (const auto threads = std::exchange(wanted_threads, std::nullopt); threads && model)
      model->executor().set_workers(*threads);
  }
  for (Submission& submission : arrived) start(std::move(submission));
  return true;
}

void Engine::Impl::start(Submission submission) {
  if (!model) {
    static_cast<void>(submission.events->push(
        {submission.request.id, FailedEvent{{ErrorCode::failed, "the model is not loaded"}}}));
    return;
  }
  const RequestId id = submission.request.id;
  const std::shared_ptr<EventQueue> events = submission.events;
  auto request = make_running(submission);
  if (!request) {
    static_cast<void>(events->push({id, FailedEvent{request.error()}}));
    return;
  }
  running.push_back(std::move(*request));
  if (running.back().request.max_tokens == 0) running.back().finish(FinishReason::max_tokens);
}

Result<Running> Engine::Impl::make_running(Submission& submission) {
  std::vector<TokenId> prompt = TRY(tokenize_prompt(*model, submission.request.prompt));
  if (prompt.size() >= model->n_ctx())
    return fail(
        ErrorCode::does_not_fit,
        "the prompt has {} tokens, which leaves no room in a context of {}; use a larger -c",
        prompt.size(), model->n_ctx());
  sample::Sampler sampler = TRY(sample::Sampler::create(token_rules->applied(submission.request),
                                                        model->plan().hparams.n_vocab));
  model::Sequence sequence = reuse_past(prompt);
  const bool thinks = opens_thinking(thinking.facts, *model->tokenizer(), prompt);
  const bool shows_marks = submission.request.show_thinking_marks;
  Running request(std::move(submission.request), std::move(submission.events), *model->tokenizer(),
                  std::move(sampler), std::move(sequence), std::move(prompt));
  request.expect_thinking(thinks, shows_marks ? thinking.control_marks : std::vector<TokenId>());
  return request;
}

// The cached past with the longest common beginning, cut to it. The last prompt token is always
// computed again, since its logits are what the answer starts from.
model::Sequence Engine::Impl::reuse_past(std::span<const TokenId> prompt) {
  auto best = cached.end();
  std::size_t best_length = 0;
  for (auto it = cached.begin(); it != cached.end(); ++it) {
    const std::size_t length = common_prefix(std::span(it->tokens).first(it->sequence.length()),
                                             prompt.first(prompt.size() - 1));
    if (length > best_length) {
      best = it;
      best_length = length;
    }
  }
  if (best == cached.end()) return model::Sequence(model->sequences());
  model::Sequence sequence = std::move(best->sequence);
  cached.erase(best);
  sequence.roll_back(static_cast<std::uint32_t>(best_length));
  return sequence;
}

void Engine::Impl::drop_cancelled() {
  std::set<RequestId> named;
  {
    const std::lock_guard lock(mutex);
    named.swap(cancelled);
  }
  for (Running& request : running)
    if (!request.ended() && (request.gone() || named.contains(request.request.id)))
      request.fail({ErrorCode::cancelled, "cancelled"});
}

void Engine::Impl::step() {
  const auto make_room = [this] {
    if (cached.empty()) return false;
    cached.pop_front();
    return true;
  };
  schedule(running, model->limits(), make_room, batch);
  if (batch.rows.empty()) return;
  {
    const std::lock_guard lock(mutex);
    if (batch.sequences.size() == 1)
      for (const Running& request : running)
        if (request.step_rows > 0) computing_alone = request.request.id;
    if (cancelled.contains(computing_alone)) return;
  }
  if (!model->forward().run(batch, &stop_step)) return;  // cancelled: nothing is committed
  for (Running& request : running) {
    if (request.step_rows == 0) continue;
    request.sequence.commit(request.step_rows);
    if (request.step_logits == Running::kNoLogits) continue;
    const auto choice = request.sampler.sample(model->forward().logits(request.step_logits));
    if (!choice) {
      request.fail(choice.error());
      continue;
    }
    request.accept(choice->id, *model->tokenizer(), model->n_ctx());
  }
}

// Delivers events and lets go of requests that have ended, keeping their past.
void Engine::Impl::retire() {
  for (auto it = running.begin(); it != running.end();) {
    const bool delivered = it->flush();
    if (!delivered || (!it->ended() && !it->gone())) {
      ++it;
      continue;
    }
    if (it->sequence.length() > 0) {
      std::vector<TokenId> tokens = std::move(it->tokens);
      cached.push_back({std::move(tokens), std::move(it->sequence)});
      constexpr std::size_t kMaxCached = 16;
      if (cached.size() > kMaxCached) cached.pop_front();
    }
    it = running.erase(it);
  }
}

}  // namespace hearth::engine
