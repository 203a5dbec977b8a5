// SPDX-License-Identifier: Apache-2.0
#include "traffic/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "traffic/random.h"
#include "traffic/statistics.h"

namespace hearth::traffic {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Not;

// The least number that has at least so many of a hundred at or below it, and the next: what every
// definition of a percentile lies between.
std::pair<double, double> bracket(std::vector<double> numbers, double percent) {
  std::ranges::sort(numbers);
  const auto rank =
      static_cast<std::size_t>(std::floor(percent / 100 * static_cast<double>(numbers.size() - 1)));
  return {numbers[rank], numbers[std::min(rank + 1, numbers.size() - 1)]};
}

TEST(Statistics, Percentiles) {
  // Known answers of numpy.percentile (2.4.6).
  const std::vector<double> four = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(percentile(four, 0), 1);
  EXPECT_DOUBLE_EQ(percentile(four, 50), 3);
  EXPECT_DOUBLE_EQ(percentile(four, 90), 6.8);
  EXPECT_DOUBLE_EQ(percentile(four, 99), 7.88);
  EXPECT_DOUBLE_EQ(percentile(four, 100), 8);
  EXPECT_DOUBLE_EQ(percentile(std::vector{5.0}, 99), 5);

  Random random(1);
  std::vector<double> numbers;
  for (int i = 0; i < 997; ++i) numbers.push_back(random.uniform());
  const Statistics all = statistics_of(numbers);
  for (const auto& [value, percent] :
       {std::pair{all.median, 50.0}, std::pair{all.p90, 90.0}, std::pair{all.p95, 95.0},
        std::pair{all.p99, 99.0}, std::pair{all.most, 100.0}}) {
    const auto [least, most] = bracket(numbers, percent);
    EXPECT_GE(value, least);
    EXPECT_LE(value, most);
  }
  double sum = 0, squares = 0;
  for (const double number : numbers) sum += number;
  for (const double number : numbers) squares += (number - sum / 997) * (number - sum / 997);
  EXPECT_THAT(all.mean, DoubleNear(sum / 997, 1e-12));
  EXPECT_THAT(all.deviation, DoubleNear(std::sqrt(squares / 997), 1e-12));
  EXPECT_EQ(statistics_of({}).p99, 0);
}

MeasuredRequest answered(std::vector<double> text_at, double end_at, std::uint32_t n_output,
                         std::size_t class_index = 0) {
  MeasuredRequest request{.class_index = class_index};
  request.answer.text_at = std::move(text_at);
  request.answer.end_at = end_at;
  request.answer.n_prompt = 10;
  request.answer.n_output = n_output;
  request.answer.has_usage = true;
  return request;
}

MeasuredRequest failed(std::string error, std::string reason) {
  MeasuredRequest request;
  request.answer.error = std::move(error);
  request.answer.reason = std::move(reason);
  request.answer.text_at = {0.1, 5};  // counts nowhere
  request.answer.n_output = 100;
  return request;
}

RunOptions two_classes() {
  RunOptions options;
  options.target.base_url = "http://h/v1";
  options.target.model = "m";
  options.workload.classes = {{.weight = 1, .n_input = 10, .n_output = 3}, {.weight = 1}};
  options.workload.n_requests = 5;
  options.workload.seed = 77;
  return options;
}

// Two answers: 0.5 s to the first text, pauses of 0.25 s and 0.25 s; and 0.7 s, one pause of 1.3 s
// in which three tokens come at once.
RunResult two_answers() {
  RunResult result;
  result.requests.push_back(answered({0.5, 0.75, 1.0}, 1.0, 3));
  result.requests.push_back(failed("HTTP 429", "full"));
  result.requests.push_back(answered({0.7, 2.0}, 2.0, 4, 1));
  result.requests.push_back(failed("HTTP 429", "still full"));
  result.requests.push_back(failed("broken stream", "reset"));
  result.seconds = 4;
  result.most_at_once = 3;
  result.cpu_seconds = 0.1;
  return result;
}

TEST(Report, IsWorkedOutByHand) {
  const Json report = make_report(two_classes(), two_answers(), {}, true);
  const auto number = [&](const char* name) { return report.at(name).get<double>(); };
  EXPECT_EQ(number("completed"), 2);
  EXPECT_EQ(number("failed"), 3);
  EXPECT_EQ(number("total_input_tokens"), 20);
  EXPECT_EQ(number("total_output_tokens"), 7);
  EXPECT_DOUBLE_EQ(number("request_throughput"), 0.5);
  EXPECT_DOUBLE_EQ(number("output_throughput"), 1.75);
  EXPECT_DOUBLE_EQ(number("total_token_throughput"), 6.75);
  EXPECT_DOUBLE_EQ(number("tokens_per_event"), 7.0 / 5);
  EXPECT_THAT(number("mean_ttft_ms"), DoubleNear(600, 1e-9));
  EXPECT_THAT(number("mean_itl_ms"), DoubleNear(600, 1e-9));
  EXPECT_THAT(number("median_itl_ms"), DoubleNear(250, 1e-9));
  EXPECT_THAT(number("max_itl_ms"), DoubleNear(1300, 1e-9));
  // (1.0 - 0.5) / 2 and (2.0 - 0.7) / 3.
  EXPECT_THAT(number("mean_tpot_ms"), DoubleNear((250 + 1300.0 / 3) / 2, 1e-9));
  EXPECT_THAT(number("median_stream_throughput"), DoubleNear(2000 / (250 + 1300.0 / 3), 1e-9));
  EXPECT_THAT(number("max_e2el_ms"), DoubleNear(2000, 1e-9));
  EXPECT_TRUE(report.at("request_goodput").is_null());
  EXPECT_EQ(report.at("request_rate").get<std::string>(), "inf");
  EXPECT_TRUE(report.at("max_concurrency").is_null());
  EXPECT_DOUBLE_EQ(number("client_cpu_share"), 0.025);
  const Json& errors = report.at("errors");
  EXPECT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors.at("HTTP 429").at("count").get<int>(), 2);
  EXPECT_EQ(errors.at("HTTP 429").at("first").get<std::string>(), "full");
  ASSERT_EQ(report.at("classes").size(), 2u);
  EXPECT_THAT(report.at("classes")[0].at("mean_ttft_ms").get<double>(), DoubleNear(500, 1e-9));
  EXPECT_THAT(report.at("classes")[1].at("max_itl_ms").get<double>(), DoubleNear(1300, 1e-9));
  ASSERT_EQ(report.at("itls").size(), 2u);
  EXPECT_EQ(report.at("itls")[0].size(), 2u);
  EXPECT_DOUBLE_EQ(report.at("ttfts")[1].get<double>(), 0.7);
}

TEST(Report, CountsWhatKeepsTheLimits) {
  const auto goodput = [](Goodput limits) {
    return make_report(two_classes(), two_answers(), limits, false)
        .at("request_goodput")
        .get<double>();
  };
  EXPECT_DOUBLE_EQ(goodput({.ttft = 600}), 0.25);
  EXPECT_DOUBLE_EQ(goodput({.ttft = 700.001}), 0.5);
  EXPECT_DOUBLE_EQ(goodput({.ttft = 400}), 0);
  EXPECT_DOUBLE_EQ(goodput({.itl = 300}), 0.25) << "the longest pause";
  EXPECT_DOUBLE_EQ(goodput({.tpot = 500}), 0.5);
  EXPECT_DOUBLE_EQ(goodput({.tpot = 500, .e2el = 1500}), 0.25) << "all of them";
}

TEST(Report, TheTableSaysWhatIsToBeKnown) {
  RunOptions options = two_classes();
  options.workload.rate = 3;
  options.max_concurrency = 4;
  RunResult result = two_answers();
  for (MeasuredRequest& request : result.requests) request.waited = 0.5;
  result.n_unfinished = 9;
  result.cpu_seconds = 3;
  result.requests.front().answer.n_cached = 8;
  const std::string table = report_table(make_report(options, result, {.ttft = 600}, false));
  for (const char* text :
       {"http://h/v1", "at most 4 at once", "3 a second", "seed 77", "TTFT of 10,3",
        "ITL of 512,128", "goodput: 0.25", "1.40 tokens come in one event", "8 of 20 prompt tokens",
        "waited 500.0 ms", "kept 75 % of a CPU busy", "interrupted: 9 requests",
        "failed: 2 x HTTP 429: full", "failed: 1 x broken stream: reset"})
    EXPECT_THAT(table, HasSubstr(text));

  RunResult nothing;
  const std::string empty = report_table(make_report(two_classes(), nothing, {}, false));
  EXPECT_THAT(empty, HasSubstr("as fast as may be, any number at once"));
  EXPECT_THAT(empty, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace hearth::traffic
