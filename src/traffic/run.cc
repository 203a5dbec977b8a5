// SPDX-License-Identifier: Apache-2.0
#include "traffic/run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <unordered_map>
#include <utility>

#include "traffic/client.h"

namespace hearth::traffic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAround{100};
// Prompts of so many words tell how many tokens a word is. Few, so that they fit any context.
constexpr std::uint32_t kFewWords = 4, kManyWords = 36;
// Their numbers must not be those of prompts that are measured, which a cache would then know.
constexpr std::uint64_t kFirstWarmup = std::uint64_t{1} << 40;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// A request with everything but its words, which are made when it is sent.
struct Shot {
  PlannedRequest plan;
  std::uint64_t number = 0;  // of the prompt
};

class Traffic {
 public:
  Traffic(const RunOptions& options, const RunWatch& watch)
      : options_(options),
        watch_(watch),
        client_({.headers = options.target.headers(),
                 .max_connections =
                     std::min(options.max_concurrency, std::size_t{options.workload.n_requests})},
                {.bytes = [this](TransferId id, int status,
                                 std::string_view bytes) { take(id, status, bytes); },
                 .end = [this](TransferId id, const TransferEnd& end) { finish(id, end); }}),
        prompts_(options.workload.seed, {}, 0) {}

  Result<RunResult> run() {
    TRY(prepare());
    std::vector<Shot> shots;
    for (const PlannedRequest& plan : make_plan(options_.workload))
      shots.push_back({.plan = plan, .number = shots.size()});
    what_ = "measuring";
    return send_all(shots, options_.max_concurrency);
  }

 private:
  struct Flight {
    PlannedRequest plan;
    Clock::time_point sent;
    double waited = 0;
    AnswerReader reader;
  };

  Result<void> prepare();
  Result<Answer> ask_once(std::uint32_t n_words);
  RunResult send_all(std::span<const Shot> shots, std::size_t max_concurrency);
  void send(const Shot& shot);
  std::string prompt_of(const Shot& shot) const;
  void take(TransferId id, int status, std::string_view bytes);
  void finish(TransferId id, const TransferEnd& end);
  void drop_the_silent();
  void look_around(std::size_t n_all);

  const RunOptions& options_;
  const RunWatch& watch_;
  Client client_;
  Prompts prompts_;
  const char* what_ = "";

  std::unordered_map<TransferId, Flight> flights_;
  TransferId last_id_ = 0;
  Clock::time_point start_, last_look_;
  Clock::time_point last_end_;
  RunResult result_;
  std::size_t n_failed_ = 0;
};

// Learns how long words are, and wakes the server up.
Result<void> Traffic::prepare() {
  what_ = "asking the server";
  if (options_.prompts.empty()) {
    const Answer few = TRY(ask_once(kFewWords));
    const Answer many = TRY(ask_once(kManyWords));
    TokenRule rule;
    if (few.has_usage && many.has_usage)
      rule = TokenRule::through(kFewWords, few.n_prompt, kManyWords, many.n_prompt);
    prompts_ = Prompts(options_.workload.seed, rule, options_.n_shared);
  }
  what_ = "warming up";
  std::vector<Shot> shots;
  Workload workload = options_.workload;
  workload.n_requests = options_.n_warmups;
  for (PlannedRequest& plan : make_plan(workload)) {
    plan.at = 0;
    shots.push_back({.plan = plan, .number = kFirstWarmup + shots.size()});
  }
  const RunResult warmed = send_all(shots, options_.max_concurrency);
  for (const MeasuredRequest& request : warmed.requests)
    if (!request.answer.is_complete())
      return fail(ErrorCode::failed, "{}: {}: {}", options_.target.url(), request.answer.error,
                  request.answer.reason);
  return {};
}

Result<Answer> Traffic::ask_once(std::uint32_t n_words) {
  const PlannedRequest plan{.class_index = 0, .n_input = n_words, .n_output = 1, .at = 0};
  const Shot shot{.plan = plan, .number = kFirstWarmup - n_words};
  const RunResult result = send_all(std::span(&shot, 1), 1);
  if (result.requests.empty()) return fail(ErrorCode::cancelled, "the measurement was cancelled");
  const Answer& answer = result.requests.front().answer;
  if (answer.is_complete()) return answer;
  return fail(ErrorCode::failed, "{}: {}: {}", options_.target.url(), answer.error, answer.reason);
}

RunResult Traffic::send_all(std::span<const Shot> shots, std::size_t max_concurrency) {
  result_ = {};
  n_failed_ = 0;
  start_ = last_look_ = last_end_ = Clock::now();
  const double cpu_before = cpu_seconds();
  std::size_t next = 0;
  while ((next < shots.size() || client_.n_active() > 0) && !watch_.stop) {
    auto wait = kLookAround;
    while (next < shots.size() && client_.n_active() < max_concurrency) {
      const double left = shots[next].plan.at - seconds_between(start_, Clock::now());
      if (left > 0) {
        wait = std::min(wait, std::chrono::milliseconds(std::lround(std::ceil(left * 1000))));
        break;
      }
      send(shots[next++]);
    }
    client_.run(wait);
    look_around(shots.size());
  }
  result_.n_unfinished = shots.size() - result_.requests.size();
  for (const auto& [id, flight] : flights_) client_.drop(id);
  flights_.clear();
  result_.seconds = seconds_between(start_, watch_.stop ? Clock::now() : last_end_);
  result_.cpu_seconds = cpu_seconds() - cpu_before;
  return std::move(result_);
}

void Traffic::send(const Shot& shot) {
  std::uint32_t n_output = shot.plan.n_output;
  if (!options_.prompts.empty())
    n_output = options_.prompts[shot.number % options_.prompts.size()].n_output.value_or(n_output);
  std::string body = options_.target.body(prompt_of(shot), n_output);
  const auto now = Clock::now();
  const TransferId id = ++last_id_;
  flights_.emplace(id, Flight{.plan = shot.plan,
                              .sent = now,
                              .waited = seconds_between(start_, now) - shot.plan.at,
                              .reader = {}});
  client_.begin(id, options_.target.url(), std::move(body));
  result_.most_at_once = std::max(result_.most_at_once, client_.n_active());
}

std::string Traffic::prompt_of(const Shot& shot) const {
  if (options_.prompts.empty()) return prompts_.text(shot.number, shot.plan.n_input);
  return options_.prompts[shot.number % options_.prompts.size()].text;
}

void Traffic::take(TransferId id, int status, std::string_view bytes) {
  Flight& flight = flights_.at(id);
  flight.reader.take_bytes(status, bytes, seconds_between(flight.sent, Clock::now()));
}

void Traffic::finish(TransferId id, const TransferEnd& end) {
  const auto found = flights_.find(id);
  Flight& flight = found->second;
  last_end_ = Clock::now();
  MeasuredRequest request{.class_index = flight.plan.class_index,
                          .sent_at = seconds_between(start_, flight.sent),
                          .waited = flight.waited,
                          .answer = flight.reader.finish(end.status, end.failure,
                                                         seconds_between(flight.sent, last_end_))};
  if (!request.answer.is_complete()) ++n_failed_;
  result_.requests.push_back(std::move(request));
  flights_.erase(found);
}

void Traffic::drop_the_silent() {
  std::vector<TransferId> silent;
  const auto now = Clock::now();
  const auto most = std::chrono::duration<double>(options_.silence).count();
  for (const auto& [id, flight] : flights_)
    if (seconds_between(flight.sent, now) - flight.reader.last_event_at() > most)
      silent.push_back(id);
  for (const TransferId id : silent) {
    client_.drop(id);
    flights_.at(id).reader.give_up(fmt::format("nothing for {:g} s", most));
    finish(id, {});
  }
}

// Now and then: who has failed by saying nothing, and how far we are.
void Traffic::look_around(std::size_t n_all) {
  const auto now = Clock::now();
  if (now - last_look_ < kLookAround) return;
  last_look_ = now;
  drop_the_silent();
  if (watch_.on_progress)
    watch_.on_progress({.what = what_,
                        .n_done = result_.requests.size(),
                        .n_all = n_all,
                        .n_failed = n_failed_,
                        .n_active = client_.n_active()});
}

}  // namespace

Result<RunResult> run(const RunOptions& options, const RunWatch& watch) {
  return Traffic(options, watch).run();
}

}  // namespace hearth::traffic
