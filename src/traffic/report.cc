// SPDX-License-Identifier: Apache-2.0
#include "traffic/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "traffic/statistics.h"

namespace hearth::traffic {
namespace {

// The times of one answer, in milliseconds.
struct Times {
  double ttft = 0, tpot = 0, e2el = 0, longest_pause = 0;
  std::vector<double> itls;
};

Times times_of(const Answer& answer) {
  Times times;
  const std::vector<double>& at = answer.text_at;
  times.e2el = answer.end_at * 1000;
  times.ttft = at.empty() ? times.e2el : at.front() * 1000;
  for (std::size_t i = 1; i < at.size(); ++i) times.itls.push_back((at[i] - at[i - 1]) * 1000);
  if (!times.itls.empty()) times.longest_pause = std::ranges::max(times.itls);
  if (answer.n_output > 1) times.tpot = (times.e2el - times.ttft) / (answer.n_output - 1);
  return times;
}

bool is_good(const Times& times, const Goodput& limits) {
  return times.ttft <= limits.ttft.value_or(INFINITY) &&
         times.tpot <= limits.tpot.value_or(INFINITY) &&
         times.longest_pause <= limits.itl.value_or(INFINITY) &&
         times.e2el <= limits.e2el.value_or(INFINITY);
}

void put_statistics(Json& json, const char* name, std::vector<double> numbers) {
  const Statistics all = statistics_of(std::move(numbers));
  const auto put = [&](const char* which, double value) {
    json[fmt::format("{}_{}_ms", which, name)] = value;
  };
  put("mean", all.mean);
  put("median", all.median);
  put("std", all.deviation);
  put("p90", all.p90);
  put("p95", all.p95);
  put("p99", all.p99);
  put("max", all.most);
}

// Sums over requests of one kind, or of all.
class Tally {
 public:
  void add(const MeasuredRequest& request, const Goodput& goodput) {
    const Answer& answer = request.answer;
    if (!answer.is_complete()) {
      ++n_failed_;
      return;
    }
    ++n_completed_;
    n_input_ += answer.n_prompt;
    n_cached_ += answer.n_cached;
    n_output_ += answer.n_output;
    n_events_ += answer.text_at.size();
    Times times = times_of(answer);
    if (is_good(times, goodput)) ++n_good_;
    ttfts_.push_back(times.ttft);
    e2els_.push_back(times.e2el);
    if (answer.n_output > 1) tpots_.push_back(times.tpot);
    itls_.insert(itls_.end(), times.itls.begin(), times.itls.end());
  }

  void put_counts(Json& json) const {
    json["completed"] = n_completed_;
    json["failed"] = n_failed_;
    json["total_input_tokens"] = n_input_;
    json["total_cached_tokens"] = n_cached_;
    json["total_output_tokens"] = n_output_;
  }

  void put_rates(Json& json, double seconds, const Goodput& goodput) const {
    const auto rate = [&](std::uint64_t n) {
      return seconds > 0 ? static_cast<double>(n) / seconds : 0;
    };
    json["request_throughput"] = rate(n_completed_);
    json["request_goodput"] = goodput.is_asked() ? Json(rate(n_good_)) : Json();
    json["output_throughput"] = rate(n_output_);
    json["total_token_throughput"] = rate(n_input_ + n_output_);
    const double tpot = statistics_of(tpots_).median;
    json["median_stream_throughput"] = tpot > 0 ? 1000 / tpot : 0;
    json["tokens_per_event"] =
        n_events_ == 0 ? 0 : static_cast<double>(n_output_) / static_cast<double>(n_events_);
  }

  void put_times(Json& json) const {
    put_statistics(json, "ttft", ttfts_);
    put_statistics(json, "tpot", tpots_);
    put_statistics(json, "itl", itls_);
    put_statistics(json, "e2el", e2els_);
  }

 private:
  std::uint64_t n_completed_ = 0, n_failed_ = 0, n_good_ = 0;
  std::uint64_t n_input_ = 0, n_cached_ = 0, n_output_ = 0, n_events_ = 0;
  std::vector<double> ttfts_, tpots_, itls_, e2els_;
};

Json setting_json(const RunOptions& options) {
  const Workload& workload = options.workload;
  Json json;
  json["base_url"] = options.target.base_url;
  json["endpoint_type"] = options.target.is_chat ? "chat" : "completions";
  json["model_id"] = options.target.model;
  json["num_prompts"] = workload.n_requests;
  json["request_rate"] = std::isfinite(workload.rate) ? Json(workload.rate) : Json("inf");
  json["burstiness"] = workload.burstiness;
  json["max_concurrency"] =
      options.max_concurrency == SIZE_MAX ? Json() : Json(options.max_concurrency);
  json["prompts"] = options.prompts.empty() ? "random" : "file";
  json["random_input_len"] = workload.classes.front().n_input;
  json["random_output_len"] = workload.classes.front().n_output;
  json["random_range_ratio"] = workload.range_ratio;
  json["random_prefix_len"] = options.n_shared;
  json["ignore_eos"] = options.target.ignores_end;
  json["seed"] = workload.seed;
  return json;
}

Json errors_json(std::span<const MeasuredRequest> requests) {
  Json errors = Json::object();
  for (const MeasuredRequest& request : requests) {
    const Answer& answer = request.answer;
    if (answer.is_complete()) continue;
    Json& entry = errors[answer.error];
    if (entry.is_null()) {
      entry["count"] = 0;
      entry["first"] = answer.reason;
    }
    entry["count"] = entry["count"].get<std::uint64_t>() + 1;
  }
  return errors;
}

void put_classes(Json& json, const RunOptions& options, const RunResult& result,
                 const Goodput& goodput) {
  const std::vector<RequestClass>& classes = options.workload.classes;
  if (classes.size() < 2) return;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    Tally tally;
    for (const MeasuredRequest& request : result.requests)
      if (request.class_index == i) tally.add(request, goodput);
    Json one;
    one["weight"] = classes[i].weight;
    one["random_input_len"] = classes[i].n_input;
    one["random_output_len"] = classes[i].n_output;
    tally.put_counts(one);
    tally.put_times(one);
    json["classes"].push_back(std::move(one));
  }
}

// In seconds, as vLLM saves them.
void put_details(Json& json, std::span<const MeasuredRequest> requests) {
  for (const char* name : {"input_lens", "output_lens", "ttfts", "itls"})
    json[name] = Json::array();
  for (const MeasuredRequest& request : requests) {
    const Answer& answer = request.answer;
    if (!answer.is_complete()) continue;
    json["input_lens"].push_back(answer.n_prompt);
    json["output_lens"].push_back(answer.n_output);
    json["ttfts"].push_back(times_of(answer).ttft / 1000);
    Json itls = Json::array();
    for (const double itl : times_of(answer).itls) itls.push_back(itl / 1000);
    json["itls"].push_back(std::move(itls));
  }
}

double number_in(const Json& json, const std::string& name) {
  return json.at(name).get<double>();
}

std::string time_rows(const Json& json, std::string_view label) {
  std::string text;
  for (const auto& [title, name] : {std::pair{"TTFT", "ttft"}, std::pair{"TPOT", "tpot"},
                                    std::pair{"ITL", "itl"}, std::pair{"E2E", "e2el"}}) {
    text += fmt::format("| {:<20} |", fmt::format("{}{}", title, label));
    for (const char* which : {"mean", "median", "p90", "p95", "p99", "max"})
      text += fmt::format(" {:>9.2f} |", number_in(json, fmt::format("{}_{}_ms", which, name)));
    text += "\n";
  }
  return text;
}

std::string describe(const Json& report) {
  const Json& rate = report.at("request_rate");
  const Json& most = report.at("max_concurrency");
  std::string text = fmt::format(
      "{} ({}), model {}\n{} requests, {}, {} at once; seed {}\n\n",
      report.at("base_url").get<std::string>(), report.at("endpoint_type").get<std::string>(),
      report.at("model_id").get<std::string>(), report.at("num_prompts").get<std::uint64_t>(),
      rate.is_string() ? "as fast as may be"
                       : fmt::format("{:g} a second (burstiness {:g})", rate.get<double>(),
                                     number_in(report, "burstiness")),
      most.is_null() ? "any number" : fmt::format("at most {}", most.get<std::uint64_t>()),
      report.at("seed").get<std::uint64_t>());
  return text;
}

// What a reader must know before he believes the figures.
std::string remarks(const Json& report) {
  std::string text;
  if (const Json& goodput = report.at("request_goodput"); !goodput.is_null())
    text += fmt::format("goodput: {:.2f} requests/s keep the limits\n", goodput.get<double>());
  if (number_in(report, "tokens_per_event") > 1.05)
    text += fmt::format("{:.2f} tokens come in one event: ITL is the time between events\n",
                        number_in(report, "tokens_per_event"));
  if (number_in(report, "total_cached_tokens") > 0)
    text += fmt::format("{:.0f} of {:.0f} prompt tokens came from the server's cache\n",
                        number_in(report, "total_cached_tokens"),
                        number_in(report, "total_input_tokens"));
  if (number_in(report, "mean_wait_ms") > 1)
    text += fmt::format(
        "requests waited {:.1f} ms on average to be sent: the concurrency is too "
        "low for the rate\n",
        number_in(report, "mean_wait_ms"));
  if (number_in(report, "client_cpu_share") > 0.5)
    text += fmt::format(
        "this program itself kept {:.0f} % of a CPU busy: it may be what was "
        "measured\n",
        number_in(report, "client_cpu_share") * 100);
  if (const auto n = report.at("unfinished").get<std::uint64_t>(); n > 0)
    text += fmt::format("interrupted: {} requests were dropped or never sent\n", n);
  for (const auto& [name, error] : report.at("errors").items())
    text += fmt::format("failed: {} x {}: {}\n", error.at("count").get<std::uint64_t>(), name,
                        error.at("first").get<std::string>());
  return text;
}

}  // namespace

Json make_report(const RunOptions& options, const RunResult& result, const Goodput& goodput,
                 bool with_details) {
  Tally all;
  double waited = 0;
  for (const MeasuredRequest& request : result.requests) {
    all.add(request, goodput);
    waited += request.waited;
  }
  const auto n_ended = static_cast<double>(std::max<std::size_t>(result.requests.size(), 1));
  Json json = setting_json(options);
  json["duration"] = result.seconds;
  all.put_counts(json);
  json["unfinished"] = result.n_unfinished;
  all.put_rates(json, result.seconds, goodput);
  json["max_concurrent_requests"] = result.most_at_once;
  // With all planned for the first moment a wait says nothing.
  json["mean_wait_ms"] = std::isfinite(options.workload.rate) ? waited / n_ended * 1000 : 0;
  json["client_cpu_share"] = result.seconds > 0 ? result.cpu_seconds / result.seconds : 0;
  all.put_times(json);
  json["errors"] = errors_json(result.requests);
  put_classes(json, options, result, goodput);
  if (with_details) put_details(json, result.requests);
  return json;
}

std::string report_table(const Json& report) {
  std::string text = describe(report);
  text +=
      "| completed | failed |  seconds | requests/s | new tokens/s | all tokens/s | of one stream "
      "|\n";
  text +=
      "| --------: | -----: | -------: | ---------: | -----------: | -----------: | ------------: "
      "|\n";
  text += fmt::format(
      "| {:>9} | {:>6} | {:>8.2f} | {:>10.2f} | {:>12.2f} | {:>12.2f} | {:>13.2f} |\n\n",
      report.at("completed").get<std::uint64_t>(), report.at("failed").get<std::uint64_t>(),
      number_in(report, "duration"), number_in(report, "request_throughput"),
      number_in(report, "output_throughput"), number_in(report, "total_token_throughput"),
      number_in(report, "median_stream_throughput"));
  text +=
      "| milliseconds         |      mean |    median |       p90 |       p95 |       p99 |       "
      "max |\n";
  text +=
      "| -------------------- | --------: | --------: | --------: | --------: | --------: | "
      "--------: |\n";
  text += time_rows(report, "");
  if (const auto classes = report.find("classes"); classes != report.end())
    for (const Json& one : *classes)
      text +=
          time_rows(one, fmt::format(" of {},{}", one.at("random_input_len").get<std::uint32_t>(),
                                     one.at("random_output_len").get<std::uint32_t>()));
  const std::string more = remarks(report);
  return more.empty() ? text : text + "\n" + more;
}

}  // namespace hearth::traffic
