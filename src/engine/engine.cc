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

#include "base/check.h"
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
  Clock::time_point submitted = Clock::now();
};

constexpr auto kSlowReaderPoll = std::chrono::milliseconds(5);

std::uint32_t cache_blocks(const ServingOptions& serving, const MemoryPlan& memory) {
  const std::uint64_t n_all = memory.limits.n_blocks;
  if (!serving.prefix_cache_bytes) return memory.limits.n_blocks;
  const std::uint64_t n =
      *serving.prefix_cache_bytes / std::max<std::uint64_t>(1, memory.kv_block_bytes);
  return static_cast<std::uint32_t>(std::min(n, n_all));
}

}  // namespace

struct Engine::Impl {
  // Shared with callers, under the mutex.
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Submission> inbox;
  std::set<RequestId> cancelled;
  std::optional<Lease> wanted_lease;
  RequestId computing_alone = 0;  // the one request of the step being computed, or 0
  bool stopping = false;
  std::atomic<bool> stop_step = false;
  std::atomic<bool> stop_load = false;
  Counters counters;
  std::atomic<std::uint64_t> n_progress = 0;

  // The engine thread's own.
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<TokenRules> token_rules;  // of the model's tokenizer
  Thinking thinking;
  ServingOptions serving;
  std::unique_ptr<PrefixCache> cache;
  std::unique_ptr<Scheduler> scheduler;
  std::set<RequestId> dropped;  // cancelled ones that are to be ended in this round
  std::list<Running> running;   // and waiting, in order of age
  model::Batch batch;
  bool has_stepped = false;
  bool is_parked = false;  // nobody may compute
  std::uint64_t n_steps = 0, n_prompt_rows = 0, n_generated = 0;
  std::thread thread;

  void main(std::vector<format::NamedFd> shards, const LoadOptions& options,
            EventQueue& load_events);
  bool load(std::vector<format::NamedFd> shards, const LoadOptions& options,
            EventQueue& load_events);
  bool take_commands();
  void start(Submission submission);
  Result<void> enlist(Submission& submission);
  void drop_cancelled();
  bool step();
  Result<void> check_prompt(Request& request, std::size_t n_prompt) const;
  Result<void> take_results(Running& request);
  Result<void> take_states(Running& request);
  Result<void> make_sampler(Running& request);
  void retire();
  void count();
};

Engine::Engine(std::vector<format::NamedFd> shards, LoadOptions options,
               std::shared_ptr<EventQueue> load_events, ServingOptions serving)
    : impl_(std::make_unique<Impl>()) {
  impl_->serving = serving;
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
    impl_->inbox.push_back({.request = std::move(request), .events = std::move(events)});
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

void Engine::lease(const Lease& lease) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wanted_lease = lease;
  }
  impl_->wake.notify_all();
}

std::vector<TokenId> Engine::tokenize(std::string_view text, bool add_special,
                                      bool parse_special) const {
  std::vector<TokenId> ids;
  impl_->model->tokenizer()->encode(text, {add_special, parse_special}, ids);
  return ids;
}

Result<std::string> Engine::detokenize(std::span<const TokenId> ids) const {
  const std::uint32_t n_vocab = impl_->model->plan().hparams.n_vocab;
  for (const TokenId id : ids)
    if (id < 0 || static_cast<std::uint32_t>(id) >= n_vocab)
      return fail(ErrorCode::usage, "tokens: {} is outside the vocabulary of {} tokens", id,
                  n_vocab);
  return impl_->model->tokenizer()->decode(ids, true);
}

std::string Engine::piece(TokenId id) const {
  return std::string(impl_->model->tokenizer()->bytes_of(id));
}

Result<std::string> Engine::apply_template(const std::string& variables_json) const {
  return render_chat(*impl_->model, variables_json);
}

void Engine::Impl::main(std::vector<format::NamedFd> shards, const LoadOptions& options,
                        EventQueue& load_events) {
  const bool loaded = load(std::move(shards), options, load_events);
  while (take_commands()) {
    if (!loaded) continue;
    drop_cancelled();
    has_stepped = !is_parked && step();
    for (Running& request : running)
      if (request.ended()) scheduler->let_go(request);
    count();  // whoever is told of something finds it counted
    retire();
  }
  for (Running& request : running) {
    if (!request.ended()) request.fail({ErrorCode::cancelled, "the engine was stopped"});
    request.flush();
  }
  running.clear();  // before the sequences' store goes
  scheduler.reset();
  cache.reset();
}

Counters Engine::counters() const {
  const std::lock_guard lock(impl_->mutex);
  Counters counters = impl_->counters;
  counters.n_waiting += static_cast<std::uint32_t>(impl_->inbox.size());
  counters.n_progress = impl_->n_progress.load(std::memory_order_relaxed);
  return counters;
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
  cache = std::make_unique<PrefixCache>(model->sequences(), cache_blocks(serving, model->memory()));
  scheduler =
      std::make_unique<Scheduler>(model->limits(), model->sequences(), *cache, serving.scheduling);
  count();
  if (options.wants_thinking_facts && model->chat_template() != nullptr)
    thinking = find_thinking(*model->chat_template(), *model->tokenizer());
  sample::ChosenDefaults defaults = sampling_defaults(model->gguf());
  std::string notice = model->notice();
  for (const std::string& warning : defaults.warnings)
    notice += (notice.empty() ? "" : " ") + warning;
  const auto arch = model->gguf().get_string("general.architecture").value_or(std::nullopt);
  std::string architecture(arch.value_or(std::string_view()));
  const model::Hparams& hparams = model->plan().hparams;
  LoadedEvent loaded;
  loaded.name = hparams.name.empty() ? file_name : hparams.name;
  loaded.n_ctx = model->n_ctx();
  loaded.notice = std::move(notice);
  loaded.sampling = std::move(defaults.params);
  loaded.architecture = std::move(architecture);
  loaded.chat_template = model->template_source();
  loaded.thinking = thinking.facts;
  loaded.weights = model->describe_weights();
  loaded.n_ctx_train = hparams.n_ctx_train;
  loaded.n_vocab = hparams.n_vocab;
  loaded.n_embd = hparams.n_embd;
  for (const format::Tensor& tensor : model->gguf().tensors()) {
    loaded.n_params += tensor.n_elements();
    loaded.weight_bytes += tensor.bytes.size();
  }
  loaded.kv_bytes = model->memory().kv_bytes;
  loaded.memory_bytes = model->memory().total_bytes();
  static_cast<void>(load_events.push({0, std::move(loaded)}));
  return true;
}

// Waits for work when there is none, takes what has come in; false when the engine is to end.
bool Engine::Impl::take_commands() {
  std::deque<Submission> arrived;
  {
    std::unique_lock lock(mutex);
    computing_alone = 0;
    const auto has_news = [this] {
      return stopping || !inbox.empty() || wanted_lease || !cancelled.empty();
    };
    if (running.empty()) {
      if (inbox.empty()) cancelled.clear();  // whoever they named has ended already
      if (model && !has_news()) model->executor().park();
      wake.wait(lock, has_news);
    } else if (!has_stepped) {
      if (is_parked) model->executor().park();
      wake.wait_for(lock, kSlowReaderPoll, has_news);
    }
    if (stopping) return false;
    stop_step = false;
    // Both at once: whoever is named by then has arrived by then.
    arrived.swap(inbox);
    dropped.clear();
    dropped.swap(cancelled);
    counters.n_waiting += static_cast<std::uint32_t>(arrived.size());
    if (const auto lease = std::exchange(wanted_lease, std::nullopt); lease && model) {
      is_parked = lease->n_threads == 0;
      if (!is_parked) model->executor().set_workers(lease->n_threads, lease->first_place);
    }
  }
  for (Submission& submission : arrived) {
    start(std::move(submission));
    ++n_progress;
  }
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
  if (const auto enlisted = enlist(submission); !enlisted)
    static_cast<void>(events->push({id, FailedEvent{enlisted.error()}}));
}

// Whether there is room for it; and what an embedding leaves to the model is found out.
Result<void> Engine::Impl::check_prompt(Request& request, std::size_t n_prompt) const {
  const std::uint32_t n_ctx = model->n_ctx();
  if (!request.embedding && n_prompt >= n_ctx)
    return fail(
        ErrorCode::does_not_fit,  // in words that clients look for, litellm for one
        "the prompt has {} tokens, and this model's maximum context length is {}; use a larger -c",
        n_prompt, n_ctx);
  if (!request.embedding) return {};
  if (n_prompt > n_ctx)
    return fail(
        ErrorCode::does_not_fit,
        "the prompt has {} tokens, more than this model's maximum context length of {}; use "
        "a larger -c",
        n_prompt, n_ctx);
  EmbeddingOptions& wanted = *request.embedding;
  if (wanted.pooling == Pooling::of_model) wanted.pooling = TRY(pooling_of(model->gguf()));
  if (const std::uint32_t n_embd = model->plan().hparams.n_embd; wanted.n_dims > n_embd)
    return fail(ErrorCode::usage, "dimensions: {} are wanted, and the model's embeddings have {}",
                wanted.n_dims, n_embd);
  return {};
}

// Finds out at once what is wrong with a request, whenever its turn may come.
Result<void> Engine::Impl::enlist(Submission& submission) {
  Request& request = submission.request;
  std::vector<TokenId> prompt = TRY(tokenize_prompt(*model, request.prompt));
  TRY(check_prompt(request, prompt.size()));
  TRY(sample::validate(request.sampling, model->plan().hparams.n_vocab));
  if (request.n_prompt_logprobs < -1 || request.n_prompt_logprobs > sample::kMaxProbs)
    return fail(ErrorCode::usage, "n_prompt_logprobs: {} is not between -1 and {}",
                request.n_prompt_logprobs, sample::kMaxProbs);
  const bool thinks = opens_thinking(thinking.facts, *model->tokenizer(), prompt);
  const bool shows_marks = request.show_thinking_marks;
  request.prompt = TokenPrompt{};  // it has become tokens
  Running& added =
      running.emplace_back(std::move(request), std::move(submission.events), *model->tokenizer(),
                           model->sequences(), std::move(prompt), submission.submitted);
  added.expect_thinking(thinks, shows_marks ? thinking.control_marks : std::vector<TokenId>());
  scheduler->arrive(added);
  if (added.request.max_tokens == 0 && !added.wants_prompt_logprobs() && !added.wants_embedding())
    added.finish(FinishReason::max_tokens);
  return {};
}

void Engine::Impl::drop_cancelled() {
  for (Running& request : running)
    if (!request.ended() && (request.gone() || dropped.contains(request.request.id)))
      request.fail({ErrorCode::cancelled, "cancelled"});
}

// False if there was nothing to compute, or it was stopped.
bool Engine::Impl::step() {
  scheduler->schedule(running, batch);
  if (batch.rows.empty()) return false;
  {
    const std::lock_guard lock(mutex);
    if (batch.sequences.size() == 1)
      for (const Running& request : running)
        if (request.step.n_rows > 0) computing_alone = request.request.id;
    if (cancelled.contains(computing_alone)) return false;
  }
  const Clock::time_point start = Clock::now();
  if (!model->forward().run(batch, &stop_step, &n_progress)) return false;  // nothing is committed
  scheduler->record(std::chrono::duration<double>(Clock::now() - start).count());
  ++n_steps;
  n_prompt_rows += scheduler->n_prompt_rows();
  for (Running& request : running) {
    if (request.step.n_rows == 0) continue;
    scheduler->commit(request);
    if (const auto taken = take_results(request); !taken) request.fail(taken.error());
  }
  return true;
}

Result<void> Engine::Impl::take_states(Running& request) {
  const StepRows& step = request.step;
  std::uint32_t row = request.sequence.length() - step.n_rows;
  for (std::uint32_t i = 0; i < step.n_states; ++i, ++row) {
    while (request.wanted(row) != model::Wanted::hidden) ++row;
    TRY(request.take_state(row, model->forward().hidden(step.first_states + i)));
  }
  return {};
}

Result<void> Engine::Impl::take_results(Running& request) {
  if (request.wants_embedding()) return take_states(request);
  const StepRows& step = request.step;
  std::uint32_t row = request.sequence.length() - step.n_rows;
  for (std::uint32_t i = 0; i < step.n_logits; ++i, ++row) {
    while (request.wanted(row) != model::Wanted::logits) ++row;
    const std::span<const float> logits = model->forward().logits(step.first_logits + i);
    if (row + 1 < request.n_prompt) {
      TRY(request.take_prompt_logits(row, logits));
    } else if (request.request.max_tokens == 0) {
      request.finish(FinishReason::max_tokens);
    } else {
      if (!request.sampler) TRY(make_sampler(request));
      CHECK(request.sampler.has_value());
      const sample::Choice choice = TRY(request.sampler->sample(logits));
      request.accept(choice, model->n_ctx());
      ++n_generated;
      break;
    }
  }
  return {};
}

Result<void> Engine::Impl::make_sampler(Running& request) {
  request.sampler = TRY(sample::Sampler::create(token_rules->applied(request.request),
                                                model->plan().hparams.n_vocab));
  request.sampler->accept_prompt(request.tokens);
  return {};
}

// Delivers events; requests that have ended go when their reader knows, or at once if it has gone.
void Engine::Impl::retire() {
  bool has_anyone_gone = false;
  for (auto it = running.begin(); it != running.end();) {
    const bool delivered = it->flush();
    if (it->gone() && !it->ended()) {
      scheduler->let_go(*it);
      has_anyone_gone = true;
    }
    if (!delivered || (!it->ended() && !it->gone())) {
      ++it;
      continue;
    }
    scheduler->leave(*it);
    it = running.erase(it);
  }
  if (has_anyone_gone) count();
}

void Engine::Impl::count() {
  const std::lock_guard lock(mutex);
  const model::BlockPool& pool = model->sequences().pool;
  counters.n_running = counters.n_waiting = 0;
  for (const Running& request : running)
    if (!request.ended()) ++(request.is_admitted() ? counters.n_running : counters.n_waiting);
  counters.kv_blocks = pool.n_blocks();
  counters.kv_blocks_used = pool.n_blocks() - pool.n_free();
  counters.kv_blocks_cached = cache->n_blocks();
  counters.n_reused_tokens = scheduler->n_reused_tokens();
  counters.n_preemptions = scheduler->n_preemptions();
  counters.n_evicted_blocks = cache->n_evicted();
  counters.n_steps = n_steps;
  counters.n_prompt_tokens = n_prompt_rows;
  counters.n_generated_tokens = n_generated;
}

}  // namespace hearth::engine
