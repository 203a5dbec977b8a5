// SPDX-License-Identifier: Apache-2.0
#include "worker/worker.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "wire/channel.h"
#include "wire/wire.h"
#include "worker/answers.h"
#include "worker/sandbox.h"
#include "worker/translate.h"

namespace hearth::worker {
namespace {

// The engine waits for nobody beyond this: then requests pause until the front reads again.
constexpr std::size_t kMaxEvents = 1024;
constexpr auto kStatusInterval = std::chrono::milliseconds(250);

class Conversation {
 public:
  Conversation(wire::Channel& front, LoadRequest request, std::string confinement)
      : front_(front),
        confinement_(std::move(confinement)),
        events_(std::make_shared<engine::EventQueue>(kMaxEvents)) {
    request.options.prepared.done = [this](const model::WeightsReport& report) {
      wrote_prepared_ = report.wrote_copy;
      refused_prepared_ = report.refused;
    };
    engine_ = std::make_unique<engine::Engine>(
        std::move(request.shards), std::move(request.options), events_, request.serving);
    engine_->lease({});  // to compute is the front's to allow
    talker_ = std::thread([this] { talk(); });
  }
  ~Conversation() {
    events_->close();
    talker_.join();
    engine_.reset();  // cancels what runs; nobody hears of it any more
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Until the front has said Quit or closed its end.
  Result<void> listen() {
    while (true) {
      auto received = TRY(front_.receive());
      if (!received) return {};
      const wire::ToWorker message = TRY(wire::decode_to_worker(received->payload));
      if (std::holds_alternative<wire::Quit>(message)) return {};
      std::visit([this](const auto& command) { take(command); }, message);
    }
  }

 private:
  void say(const wire::ToFront& message) {
    auto frame = wire::encode(message);
    if (!frame) frame = wire::encode(wire::ToFront(to_failed(0, frame.error())));
    // A front that is gone is noticed by the thread that listens.
    if (frame) static_cast<void>(front_.send(*frame));
  }

  void take(const wire::Submit& submit) {
    if (!is_loaded_) return fail_early(submit.id);
    auto request = to_request(submit, defaults_);
    if (!request) return say(to_failed(submit.id, request.error()));
    answers_.expect(submit.id, submit.split_reasoning);
    engine_->submit(std::move(*request), events_);
  }
  void take(const wire::Cancel& cancel) { engine_->cancel(cancel.id); }
  void take(const wire::Lease& lease) { engine_->lease({lease.n_threads, lease.first_place}); }

  void take(const wire::Tokenize& asked) {
    if (!is_loaded_) return fail_early(asked.id);
    wire::Tokens tokens{
        .id = asked.id,
        .ids = engine_->tokenize(asked.text, asked.add_special, asked.parse_special),
        .pieces = {}};
    if (asked.with_pieces)
      for (const wire::TokenId id : tokens.ids) tokens.pieces.push_back(engine_->piece(id));
    say(tokens);
  }
  void take(const wire::Detokenize& asked) {
    if (!is_loaded_) return fail_early(asked.id);
    const auto text = engine_->detokenize(asked.ids);
    if (!text) return say(to_failed(asked.id, text.error()));
    say(wire::Rendered{asked.id, *text});
  }
  void take(const wire::ApplyTemplate& asked) {
    if (!is_loaded_) return fail_early(asked.id);
    const auto text = engine_->apply_template(asked.variables_json);
    if (!text) return say(to_failed(asked.id, text.error()));
    say(wire::Rendered{asked.id, *text});
  }
  void take(const wire::Embed& asked) {
    if (!is_loaded_) return fail_early(asked.id);
    answers_.expect(asked.id, false);
    engine_->submit(to_request(asked), events_);
  }
  void take(const wire::Hello&) {}  // said before
  void take(const wire::Load&) {}
  void take(const wire::Quit&) {}

  void fail_early(wire::RequestId id) {
    say(to_failed(id, {ErrorCode::failed, "the model is not loaded yet"}));
  }

  void talk() {
    while (!events_->is_closed()) {
      if (auto event = events_->pop_for(kStatusInterval)) tell(std::move(*event));
      tell_status();
    }
  }

  void tell(engine::Event event) {
    if (event.request != 0) {
      for (const wire::ToFront& message : answers_.translate(std::move(event))) say(message);
    } else if (const auto* progress = std::get_if<engine::LoadProgressEvent>(&event.what)) {
      say(wire::Progress{progress->done_bytes, progress->total_bytes});
    } else if (const auto* loaded = std::get_if<engine::LoadedEvent>(&event.what)) {
      welcome(*loaded);
    } else if (const auto* failed = std::get_if<engine::FailedEvent>(&event.what)) {
      say(to_failed(0, failed->error));
    }
  }

  // A few times a second, while there is news.
  void tell_status() {
    const auto now = std::chrono::steady_clock::now();
    if (!is_loaded_ || now - last_status_ < kStatusInterval) return;
    last_status_ = now;
    const engine::Counters counters = engine_->counters();
    if (counters == told_) return;
    told_ = counters;
    say(to_status(counters));
  }

  // Everything that requests need is in place before the front may send one.
  void welcome(const engine::LoadedEvent& event) {
    defaults_ = event.sampling;
    answers_.set_marks(event.thinking);
    wire::Loaded loaded = to_loaded(event);
    loaded.wrote_prepared = wrote_prepared_;
    loaded.refused_prepared = refused_prepared_;
    loaded.confinement = confinement_;
    is_loaded_ = true;
    say(loaded);
  }

  wire::Channel& front_;
  const std::string confinement_;
  const std::shared_ptr<engine::EventQueue> events_;
  Answers answers_;
  sample::SamplingParams defaults_;  // once is_loaded_
  std::atomic<bool> is_loaded_ = false;
  bool wrote_prepared_ = false;  // by the engine's thread, before its LoadedEvent
  std::string refused_prepared_;
  std::unique_ptr<engine::Engine> engine_;
  // The talker's own.
  engine::Counters told_;
  std::chrono::steady_clock::time_point last_status_;
  std::thread talker_;
};

struct Greeting {
  wire::Load load;
  std::vector<UniqueFd> descriptors;
};

// Hello and Load; nothing when the front went away instead.
Result<std::optional<Greeting>> greet(wire::Channel& front) {
  const std::string hello_here = TRY(wire::encode(wire::ToFront(wire::Hello{})));
  if (!front.send(hello_here)) return std::nullopt;
  const auto first = TRY(front.receive());
  if (!first) return std::nullopt;
  const auto hello = TRY(wire::decode_to_worker(first->payload));
  if (!std::holds_alternative<wire::Hello>(hello) ||
      std::get<wire::Hello>(hello).version != wire::kVersion)
    return fail(ErrorCode::unsupported, "the front is another version of this program");
  auto second = TRY(front.receive());
  if (!second) return std::nullopt;
  auto load = TRY(wire::decode_to_worker(second->payload));
  if (!std::holds_alternative<wire::Load>(load))
    return fail(ErrorCode::integrity, "the front did not say what to load");
  return Greeting{std::get<wire::Load>(std::move(load)), std::move(second->descriptors)};
}

// What keeps this process in, in words.
Result<std::string> confine_for(const wire::Load& load) {
  if (!load.confined) return "none: it was asked for (--no-sandbox)";
  return describe(TRY(confine()));
}

Result<void> refuse(wire::Channel& front, const Error& error) {
  return front.send(TRY(wire::encode(wire::ToFront(to_failed(0, error)))));
}

}  // namespace

Result<void> run_worker(UniqueFd socket) {
  wire::Channel front(std::move(socket));
  auto greeting = TRY(greet(front));
  if (!greeting) return {};
  const HostFacts host = read_host_facts();
  auto confinement = confine_for(greeting->load);
  if (!confinement) return refuse(front, confinement.error());
  auto request = to_load_request(greeting->load, std::move(greeting->descriptors), host);
  if (!request) return refuse(front, request.error());
  Conversation conversation(front, std::move(*request), std::move(*confinement));
  return conversation.listen();
}

}  // namespace hearth::worker
